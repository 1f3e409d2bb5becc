"""What each integer format really stores, and how near its answers stay."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from suite.core.mitigation import Mitigation
from suite.errors import InputError, NotApplicable
from suite.mitigations.quantisation.int8_bitsandbytes import Int8Bitsandbytes
from suite.mitigations.quantisation.int8_dynamic import Int8Dynamic
from suite.mitigations.quantisation.int8_quanto import Int8Quanto
from suite.mitigations.quantisation.int8_weight_only import Int8WeightOnly
from suite.mitigations.quantisation.nf4 import Nf4
from suite.toolkit import effect, layers, libraries
from tests.fakes import admit, answers, fake_setup, tiny_gpt2, tiny_llama, tiny_vit

INT8: list[Mitigation] = [
    Int8Bitsandbytes(threshold=6.0),
    Int8Dynamic(),
    Int8WeightOnly(),
    Int8Quanto(activations=False, calibration_samples=8),
    Int8Quanto(activations=True, calibration_samples=8),
]
ALL: list[Mitigation] = [*INT8, Nf4(double_quant=False)]
WIDTH = 64


bitsandbytes = libraries.load("bitsandbytes")  # without the warnings of its import


def name_of(technique: Mitigation) -> str:
    return type(technique).__name__


def wide_vit() -> Any:
    """Widths that are multiples of NF4's block of 64."""
    return tiny_vit(hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2)


def relative_error(technique: Mitigation, model: Any, kind: Any = "image") -> float:
    setup = fake_setup(kind, model=model)
    wanted, given = answers(setup), answers(technique.apply(setup))
    return float((given - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("technique", INT8, ids=name_of)
def test_int8_stores_one_byte_a_weight(technique: Mitigation) -> None:
    setup = fake_setup(model=wide_vit())
    weights = [layer.weight for layer in layers.linears(setup.model).values()]
    before, after = effect.snapshot(setup), effect.snapshot(technique.apply(setup))
    saved = 3 * sum(weight.numel() for weight in weights)
    # Beside the bytes: scales of 4 or 8 bytes a row, and zero points of as much, in some libraries.
    rows = sum(weight.shape[0] for weight in weights)
    assert 0 <= after["bytes"] - (before["bytes"] - saved) <= 16 * rows


def test_nf4_stores_four_bits_and_a_scale_for_64_weights() -> None:
    setup = fake_setup(model=wide_vit())
    weights = sum(layer.weight.numel() for layer in layers.linears(setup.model).values())
    before, after = effect.snapshot(setup), effect.snapshot(Nf4(double_quant=False).apply(setup))
    tables = 16 * 4 * len(layers.linears(setup.model))  # sixteen float32 values a layer
    assert after["bytes"] == before["bytes"] - 4 * weights + weights // 2 + 4 * weights // 64 + tables


@pytest.mark.parametrize("technique", ALL, ids=name_of)
def test_all_linear_weights_but_the_heads_are_quantised(technique: Mitigation) -> None:
    setup = fake_setup("generation")
    changed = technique.apply(setup)
    linear = [layer.weight.numel() for layer in setup.model.modules() if isinstance(layer, nn.Linear)]
    head = setup.model.lm_head.weight.numel()
    assert effect.snapshot(changed)["quantised_share"] == pytest.approx(1 - head / sum(linear))
    assert torch.equal(changed.model.lm_head.weight, setup.model.lm_head.weight)


@pytest.mark.parametrize("technique", ALL, ids=name_of)
def test_parameters_are_counted_as_weights_not_as_bytes(technique: Mitigation) -> None:
    setup = fake_setup()
    changed = technique.apply(setup)
    answers(changed)  # bitsandbytes packs its weights anew at the first forward pass
    assert effect.snapshot(changed)["parameters"] == sum(weight.numel() for weight in setup.model.parameters())


@pytest.mark.parametrize("technique", INT8, ids=name_of)
def test_int8_answers_within_five_per_cent(technique: Mitigation) -> None:
    assert 0 < relative_error(technique, wide_vit()) < 0.05


@pytest.mark.parametrize("widths", [(64, 128), (32, 64), (48, 96), (64, 96)], ids=str)
def test_nf4_answers_as_its_widened_weights_do_at_any_width(widths: tuple[int, int]) -> None:
    """Widths that do not fit the library's CPU kernel take another path."""
    setup = fake_setup(model=tiny_vit(hidden_size=widths[0], intermediate_size=widths[1], num_hidden_layers=2))
    changed = Nf4(double_quant=False).apply(setup)
    widened = setup.replace(model=layers.editable_copy(setup))
    for name, layer in layers.linears(widened.model).items():
        weight = changed.model.get_submodule(name).weight
        layer.weight.data = bitsandbytes.functional.dequantize_4bit(weight.data, weight.quant_state).float()
    wanted = answers(widened)
    assert (answers(changed) - wanted).norm() < 0.02 * wanted.norm()  # the kernel computes in bfloat16
    assert (wanted - answers(setup)).norm() > 0.02 * wanted.norm()


def test_nf4_rounds_coarser_than_int8() -> None:
    assert relative_error(Nf4(double_quant=False), wide_vit()) > relative_error(Int8WeightOnly(), wide_vit())


@pytest.mark.parametrize("technique", ALL, ids=name_of)
def test_gpt2_made_of_conv1d_is_quantised_too(technique: Mitigation) -> None:
    assert 0 < relative_error(technique, tiny_gpt2(), "generation") < 0.3


@pytest.mark.parametrize("technique", ALL, ids=name_of)
def test_a_quantised_model_generates(technique: Mitigation) -> None:
    setup = technique.apply(fake_setup("generation"))
    with setup.active():
        made = setup.task.run(setup, setup.task.batch(setup, list(setup.task.train()[:2])))
    assert made == 2 * 4


@pytest.mark.parametrize("technique", ALL, ids=name_of)
def test_a_quantised_model_is_not_quantised_again(technique: Mitigation) -> None:
    quantised = Int8WeightOnly().apply(fake_setup())
    with pytest.raises(NotApplicable, match="quantised already"):
        technique.apply(quantised)


@pytest.mark.parametrize("technique", ALL, ids=name_of)
def test_is_not_applicable_in_training(technique: Mitigation) -> None:
    with pytest.raises(NotApplicable, match="cannot be trained"):
        admit(technique, fake_setup(phase="training"))


def test_double_quantisation_is_refused_on_a_cpu() -> None:
    with pytest.raises(NotApplicable, match="undoes double quantisation"):
        Nf4(double_quant=True).apply(fake_setup("generation", model=tiny_llama()))


def test_calibration_sets_the_scales_of_activations_from_training_samples() -> None:
    setup = fake_setup(locked=True)
    model = Int8Quanto(activations=True, calibration_samples=8).apply(setup).model
    scales = [float(value) for name, value in model.named_buffers() if name.endswith("input_scale")]
    assert len(scales) == len(layers.linears(setup.model))
    assert all(scale != 1.0 for scale in scales)  # 1 is the value before calibration


def test_negative_outlier_threshold_is_refused() -> None:
    with pytest.raises(InputError, match=r"int8_bitsandbytes\.threshold"):
        Int8Bitsandbytes(threshold=-1.0)
