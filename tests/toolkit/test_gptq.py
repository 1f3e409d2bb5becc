"""GPTQ on layers whose inputs are known."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from suite.toolkit.rounding import gptq, integer_weights
from tests.fakes import fake_setup, unequal_texts

ROWS, OUTPUTS, INPUTS = 400, 48, 96


def inputs(*, correlated: bool = True, rows: int = ROWS) -> torch.Tensor:
    """Inputs that mostly move together, as activations do; or none of which tells anything of another."""
    generator = torch.Generator().manual_seed(3)
    own = torch.randn(rows, INPUTS, generator=generator)
    if not correlated:
        return torch.linalg.qr(own)[0] * rows**0.5
    return torch.randn(rows, 8, generator=generator) @ torch.randn(8, INPUTS, generator=generator) + 0.3 * own


def weight() -> torch.Tensor:
    return torch.randn(OUTPUTS, INPUTS, generator=torch.Generator().manual_seed(4)) / INPUTS**0.5


def moments(states: torch.Tensor) -> torch.Tensor:
    return states.t() @ states / len(states)


KINDS = [pytest.param(4, 32, id="4 bits"), pytest.param(4, None, id="4 bits an output"), pytest.param(8, None, id="8")]


@pytest.mark.parametrize(("bits", "group_size"), KINDS)
def test_outputs_on_the_calibration_inputs_are_nearer_than_those_of_rounding_to_nearest(bits, group_size) -> None:
    states = inputs()
    wanted = states @ weight().t()
    found = gptq.rounded(weight(), moments(states), bits=bits, group_size=group_size)
    plain = gptq.rounded_to_nearest(weight(), bits=bits, group_size=group_size)
    errors = [float((states @ each.values().t() - wanted).square().mean()) for each in (found, plain)]
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize(("bits", "group_size"), KINDS)
def test_inputs_that_tell_nothing_of_each_other_leave_nothing_to_mend(bits, group_size) -> None:
    found = gptq.rounded(weight(), moments(inputs(correlated=False)), bits=bits, group_size=group_size)
    plain = gptq.rounded_to_nearest(weight(), bits=bits, group_size=group_size)
    assert (found.numbers != plain.numbers).float().mean() < 0.01  # where float noise meets a half


def test_two_inputs_worked_by_hand() -> None:
    """Both inputs are always equal, so only the sum of the two weights matters.

    Symmetric 4 bits of (7, 0.4): scale 1. To nearest (7, 0) is 0.4 off. GPTQ leaves 7 as it is, and 0.4 has nobody
    behind it: 0. Of (7, 0.4, 0.4) the second column's 0.4 goes to the third (less what the damping keeps): 0.8, so 1.
    """
    equal = torch.ones(3, 3)
    found = gptq.rounded(torch.tensor([[7.0, 0.4, 0.4]]), equal, bits=4, group_size=None)
    assert found.numbers.tolist() == [[7, 0, 1]]
    plain = gptq.rounded_to_nearest(torch.tensor([[7.0, 0.4, 0.4]]), bits=4, group_size=None)
    assert plain.numbers.tolist() == [[7, 0, 0]]


def test_an_even_grid_of_16_values_holds_the_least_and_the_largest_weight() -> None:
    values = torch.arange(16.0)[None] / 4 - 1
    plain = gptq.rounded_to_nearest(values, bits=4, group_size=16)
    assert torch.equal(plain.values(), values)
    assert plain.numbers.tolist() == [list(range(-8, 8))]


def test_a_scale_is_rounded_to_the_models_dtype_before_the_weights_are() -> None:
    plain = gptq.rounded_to_nearest(weight().bfloat16(), bits=8, group_size=None)
    assert plain.scale.dtype == torch.bfloat16
    assert float((plain.values() - weight().bfloat16().float()).abs().max()) <= 0.51 * float(plain.scale.float().max())


def test_an_input_that_is_always_zero_does_no_harm() -> None:
    states = inputs()
    states[:, 5] = 0
    found = gptq.rounded(weight(), moments(states), bits=4, group_size=32)
    assert torch.isfinite(found.values()).all()


def test_output_error_is_the_mean_squared_change_of_the_outputs() -> None:
    states = inputs(rows=50)
    plain = gptq.rounded_to_nearest(weight(), bits=4, group_size=32)
    change = states @ (weight() - plain.values()).t()
    expected = float(change.square().sum(dim=1).mean())
    assert gptq.output_error(weight(), plain, moments(states)) == pytest.approx(expected, rel=1e-4)


def test_moments_are_those_of_the_inputs_that_a_layer_gets() -> None:
    setup = fake_setup("image")
    layer = setup.model.vit.layers[0].mlp.fc1
    seen: list[torch.Tensor] = []
    samples = list(setup.task.train()[:6])  # a batch of four and one of two
    handle = layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach().flatten(0, 1)))
    found = gptq.second_moments(setup, {"fc1": layer}, samples)["fc1"]
    handle.remove()
    assert torch.allclose(found, moments(torch.cat(seen)), atol=1e-5)


def test_padding_is_left_out() -> None:
    setup = fake_setup("text", task=unequal_texts())
    layer = setup.model.bert.encoder.layer[0].attention.self.query
    samples = list(setup.task.train()[:4])
    together = gptq.second_moments(setup, {"query": layer}, samples)["query"]
    lengths = [12 - 2 * sample["label"] for sample in samples]
    alone = [gptq.second_moments(setup.replace(batch_size=1), {"query": layer}, [one])["query"] for one in samples]
    mean = sum(length * each for length, each in zip(lengths, alone, strict=True)) / sum(lengths)
    assert len(set(lengths)) > 1
    assert torch.allclose(together, mean, atol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_multiplies_by_the_values_that_its_numbers_stand_for(bias: bool) -> None:
    states = inputs(rows=20)
    for bits, pack, tolerance in ((4, integer_weights.int4_layer, 0.01), (8, integer_weights.int8_layer, 1e-4)):
        layer = nn.Linear(INPUTS, OUTPUTS, bias=bias)
        whole = gptq.rounded(layer.weight, moments(states), bits=bits, group_size=32 if bits == 4 else None)
        with torch.no_grad():
            wanted = functional.linear(states, whole.values(), layer.bias)
            given = pack(layer, whole)(states)
        assert given.dtype == torch.float32
        assert float((given - wanted).norm() / wanted.norm()) < tolerance
