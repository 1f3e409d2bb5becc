from __future__ import annotations

import tempfile

import numpy
import onnx
import pytest
import torch

from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.mitigations.batch_and_precision.autocast_bf16 import AutocastBf16
from suite.mitigations.batch_and_precision.bf16 import Bf16
from suite.mitigations.pruning.magnitude_pruning import MagnitudePruning
from suite.mitigations.quantisation.int8_onnxruntime import Int8Onnxruntime
from suite.mitigations.quantisation.int8_weight_only import Int8WeightOnly
from suite.toolkit import effect
from suite.toolkit.onnx_graph import export
from tests.fakes import admit, answers, fake_setup, tiny_distilbert, tiny_roberta


def int8() -> Int8Onnxruntime:
    return Int8Onnxruntime(per_channel=True)


def close(first: torch.Tensor, second: torch.Tensor, share: float) -> bool:
    return bool((first - second).norm() <= share * second.norm())


@pytest.fixture(scope="module")
def text() -> tuple[Setup, Setup]:
    setup = fake_setup("text")
    return setup, int8().apply(setup)


def test_export_alone_gives_the_same_answers(tmp_path) -> None:
    import onnxruntime

    setup = fake_setup("text")
    batch = setup.task.batch(setup, list(setup.task.train()[:8]))
    export(setup.model, batch, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {name: tensor.numpy() for name, tensor in batch.items()})
    assert numpy.allclose(logits, answers(setup), atol=1e-5)


@pytest.mark.parametrize("model", [None, tiny_roberta(), tiny_distilbert()], ids=["bert", "roberta", "distilbert"])
def test_text_models_answer_as_torch_within_five_per_cent(model) -> None:
    setup = fake_setup("text", model=model)
    assert close(answers(int8().apply(setup)), answers(setup), 0.05)


def test_image_model_answers_as_torch_within_five_per_cent() -> None:
    setup = fake_setup("image")
    assert close(answers(int8().apply(setup)), answers(setup), 0.05)


@pytest.mark.parametrize(("samples", "length"), [(1, 5), (3, 20)])
def test_other_batch_sizes_lengths_and_padding_work(text, samples: int, length: int) -> None:
    before, after = text
    ids = torch.randint(5, 60, (samples, length), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[0, length // 2 :] = 0
    with torch.no_grad():
        wanted = before.model(input_ids=ids, attention_mask=mask).logits
    assert close(after.model(input_ids=ids, attention_mask=mask).logits, wanted, 0.05)


def test_the_head_stays_in_float(text) -> None:
    _, after = text
    graph = onnx.load_model_from_string(after.model._content).graph
    products = [node for node in graph.node if node.op_type in ("MatMul", "Gemm") and "classifier" in node.name]
    assert len(products) == 1


def test_figures_are_those_of_the_graph(text) -> None:
    before, after = text
    was, now = effect.snapshot(before), effect.snapshot(after)
    assert now["quantised_share"] > 0.95
    assert now["parameters"] == pytest.approx(was["parameters"], rel=0.05)  # equal biases are merged
    assert now["bytes"] < 0.5 * was["bytes"]
    assert now["file_bytes"] == len(after.model._content) > now["bytes"]


def test_it_knows_the_models_config(text) -> None:
    before, after = text
    assert after.model.config.num_labels == before.model.config.num_labels


def test_labels_in_the_batch_are_ignored(text) -> None:
    _, after = text
    batch = after.task.training_batch(after, list(after.task.train()[:4]))
    assert after.task.logits(after.model, batch)[0].shape == (4, 5)


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    int8().apply(fake_setup("image"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (fake_setup("generation"), "key-value cache"),
        (fake_setup("text", phase="training"), "cannot be trained"),
        (fake_setup("text", device="cuda"), "run on the CPU"),
        (Bf16().apply(fake_setup("text")), "starts from float32"),
        (AutocastBf16().apply(fake_setup("text")), "autocast"),
        (Int8WeightOnly().apply(fake_setup("text")), "quantised already"),
    ],
    ids=["generation", "training", "cuda", "bf16", "autocast", "int8"],
)
def test_is_not_applicable(setup: Setup, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        int8().apply(admit(int8(), setup))


def test_techniques_for_torch_modules_refuse_it(text) -> None:
    _, after = text
    with pytest.raises(NotApplicable, match="no torch module"):
        MagnitudePruning(sparsity=0.5).apply(after)
