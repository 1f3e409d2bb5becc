"""What another environment has compressed, in the model's place: docs/checkpoints-from-elsewhere.md."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from suite.mitigations.others.checkpoint import Checkpoint
from tests.checkpoints.test_pretrained import save_tokenizer
from tests.fakes import answers, fake_setup, tiny_llama

pytest.importorskip("compressed_tensors")
compress_elsewhere = importlib.import_module("tests.checkpoints.compress_elsewhere")

SCRIPT = Path(str(compress_elsewhere.__file__))


@pytest.fixture(scope="module")
def compressed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a model, and of what the script has made of it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    plain, small = folder / "plain", folder / "small"
    tiny_llama().save_pretrained(plain)
    save_tokenizer(plain)
    compress_elsewhere.main(str(plain), str(small))
    return plain, small


@pytest.mark.slow
def test_the_script_does_the_same_as_a_command(compressed: tuple[Path, Path], tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SCRIPT), str(compressed[0]), str(tmp_path)], check=True, capture_output=True)
    name = "model.safetensors"
    assert (tmp_path / name).read_bytes() == (compressed[1] / name).read_bytes()


def changed(path: Path) -> tuple[Any, Any]:
    setup = fake_setup("generation")
    return setup, Checkpoint(path=str(path), revision=None).apply(setup)


def test_it_is_in_the_format_of_llm_compressor(compressed: tuple[Path, Path]) -> None:
    stated = json.loads((compressed[1] / "config.json").read_text())["quantization_config"]
    assert (stated["quant_method"], stated["format"]) == ("compressed-tensors", "pack-quantized")
    sizes = [(folder / "model.safetensors").stat().st_size for folder in compressed]
    assert sizes[1] < 0.7 * sizes[0]


def test_it_loads_in_the_models_place_and_answers_within_rounding(compressed: tuple[Path, Path]) -> None:
    setup, after = changed(compressed[1])
    loaded = transformers.AutoModelForCausalLM.from_pretrained(compressed[0])
    exact, rounded = answers(setup.replace(model=loaded)), answers(after)
    assert 0 < (exact - rounded).abs().max() < 0.05 * exact.abs().max()


def test_the_proof_sees_other_weights(compressed: tuple[Path, Path]) -> None:
    setup, after = changed(compressed[1])
    assert Checkpoint(path=str(compressed[1]), revision=None).proof(setup, after)["weights_differ"]


def test_its_weights_are_widened_as_they_are_loaded(compressed: tuple[Path, Path]) -> None:
    _, after = changed(compressed[1])
    layer = after.model.model.layers[0].mlp.down_proj
    assert layer.weight.dtype == torch.float32
    assert not hasattr(layer, "weight_packed")
