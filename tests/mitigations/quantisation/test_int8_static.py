"""Static int8: what the graph holds, what is executed, and how near the answers stay."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy
import onnx
import pytest
import torch

from suite.core.setup import Setup
from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.quantisation.int8_onnxruntime import Int8Onnxruntime
from suite.mitigations.quantisation.int8_static import Int8Static, _Reader
from suite.toolkit import effect
from tests.architectures import architecture_setup
from tests.embedded import embedded_setup
from tests.fakes import admit, answers, fake_setup


def static(samples: int = 32) -> Int8Static:
    return Int8Static(per_channel=True, calibration_samples=samples)


def relative_error(before: Setup, after: Setup) -> float:
    return float((answers(after) - answers(before)).norm() / answers(before).norm())


@pytest.fixture(scope="module")
def text() -> tuple[Setup, Setup]:
    setup = fake_setup("text", layers=2)
    return setup, static().apply(setup)


@pytest.fixture(scope="module")
def convolutions() -> tuple[Setup, Setup]:
    """A ResNet whose normalisations have something to fold into the convolutions, as trained ones have."""
    setup = architecture_setup("resnet")
    generator = torch.Generator().manual_seed(3)
    for part in setup.model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.bias.data = 0.3 * torch.randn(part.bias.shape, generator=generator)
            part.running_var.data = 0.5 + torch.rand(part.bias.shape, generator=generator)
    return setup, static().apply(setup)


def test_all_convolutions_run_in_integers(convolutions) -> None:
    setup, changed = convolutions
    count = sum(isinstance(part, torch.nn.Conv2d) for part in setup.model.modules())
    executed = changed.model.executed()
    assert executed["QLinearConv"] == count == 8
    assert "Conv" not in executed
    assert relative_error(setup, changed) < 0.05


def test_the_share_of_integers_of_a_convolutional_network_is_that_of_its_convolutions(convolutions) -> None:
    setup, changed = convolutions
    convolved = sum(part.weight.numel() for part in setup.model.modules() if isinstance(part, torch.nn.Conv2d))
    seen = static().proof(setup, changed)["after"]
    # The graph's parameters: those weights, one bias a convolution's output channel (the normalisations' are folded in,
    # equal ones merged), and the head in float.
    assert seen["dtypes"]["int8"] * seen["parameters"] == pytest.approx(convolved)
    assert seen["quantised_share"] == 0.0  # the head is the one Linear layer
    assert seen["bytes"] < effect.snapshot(setup)["bytes"] / 2


def test_matrix_products_run_in_integers_and_the_head_does_not(text) -> None:
    _, changed = text
    proof = static().proof(*text)
    # 2 blocks of 6 Linear layers and the pooler; products of two activations and the classifier stay.
    assert proof["after"]["quantised_share"] > 0.95
    assert sum(proof["integer_operations"].values()) > 0
    graph = onnx.load_model_from_string(changed.model._content).graph
    made = {node.output[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    heads = [node for node in graph.node if node.op_type in ("MatMul", "Gemm") and "classifier" in node.name]
    assert [made.isdisjoint(node.input) for node in heads] == [True]


def test_the_graph_states_fixed_scales_for_activations(text) -> None:
    _, changed = text
    graph = onnx.load_model_from_string(changed.model._content).graph
    constants = {tensor.name for tensor in graph.initializer}
    quantisers = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert quantisers
    assert all(node.input[1] in constants for node in quantisers)
    assert not [node for node in graph.node if node.op_type == "DynamicQuantizeLinear"]


@pytest.mark.parametrize("kind", ["image", "text"])
def test_answers_stay_within_five_per_cent(kind: Any) -> None:
    setup = fake_setup(kind, layers=2, locked=True)
    assert relative_error(setup, static().apply(setup)) < 0.05


def test_a_scale_is_the_range_seen_over_255() -> None:
    """Unsigned 8 bits have 255 steps from the smallest to the largest pixel of the samples, 0 among them."""
    setup = fake_setup("image", layers=1)
    pixels = setup.task.batch(setup, setup.task.train()[:32])["pixel_values"]
    reach = float(pixels.max().clamp(min=0) - pixels.min().clamp(max=0))
    graph = onnx.load_model_from_string(static().apply(setup).model._content).graph
    (first,) = [node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] == "pixel_values"]
    (scale,) = [onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.name == first.input[1]]
    assert float(scale) == pytest.approx(reach / 255, rel=1e-5)


def test_calibration_reads_the_samples_in_batches_and_ends() -> None:
    setup = fake_setup("image")
    reader = _Reader(setup, list(setup.task.train()[:10]))
    sizes = []
    while (batch := reader.get_next()) is not None:
        assert isinstance(batch["pixel_values"], numpy.ndarray)
        sizes.append(len(batch["pixel_values"]))
    assert sizes == [4, 4, 2]


@pytest.mark.slow
def test_the_embedded_digits_are_told_as_well_as_in_float() -> None:
    setup = embedded_setup("image_classification", "vit_digits", max_scored=200)
    changed = static(64).apply(setup)
    scores = [sum(arm.task.evaluate(arm)) / 200 for arm in (setup, changed)]
    assert scores[0] > 0.9
    assert abs(scores[1] - scores[0]) <= 0.03


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    setup = fake_setup("image", layers=1)
    static().proof(setup, static().apply(setup))
    assert list(tmp_path.iterdir()) == []


def test_a_float_graph_is_no_effect() -> None:
    from suite.toolkit.onnx_graph import exported

    setup = fake_setup("image", layers=1)
    with pytest.raises(NoEffect, match="no weights became integers"):
        static().proof(setup, exported(setup))


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (fake_setup("generation"), "key-value cache"),
        (fake_setup("text", phase="training"), "cannot be trained"),
        (fake_setup("text", device="cuda"), "run on the CPU"),
    ],
    ids=["generation", "training", "cuda"],
)
def test_is_not_applicable(setup: Setup, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        static().apply(admit(static(), setup))


def test_after_another_graph_technique_it_is_not_applicable(text) -> None:
    _, changed = text
    with pytest.raises(NotApplicable, match="no torch module"):
        static().apply(changed)


def test_the_other_int8_techniques_send_networks_of_convolutions_here() -> None:
    with pytest.raises(NotApplicable, match="int8_static"):
        Int8Onnxruntime(per_channel=True).apply(architecture_setup("mobilenet_v2"))


def test_no_samples_to_calibrate_with_are_refused() -> None:
    with pytest.raises(InputError, match=r"int8_static\.calibration_samples"):
        static(0)
