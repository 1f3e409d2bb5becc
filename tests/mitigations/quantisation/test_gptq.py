from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from suite.errors import InputError, NotApplicable
from suite.mitigations.quantisation.gptq import Gptq
from tests.architectures import architecture_setup
from tests.fakes import admit, answers, fake_setup, tiny_gpt2, tiny_vit


def technique(bits: int = 4, group_size: int = 32, calibration_samples: int = 16) -> Gptq:
    return Gptq(bits=bits, group_size=group_size, calibration_samples=calibration_samples)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("kind", ["image", "text", "generation"])
def test_layers_err_less_than_with_rounding_to_nearest(kind: Any, bits: int) -> None:
    setup = fake_setup(kind, locked=True)
    seen = technique(bits).proof(setup, technique(bits).apply(setup))
    assert 0 < seen["output_error"]["gptq"] < seen["output_error"]["rounding_to_nearest"]
    assert seen["after"]["dtypes"][f"int{bits}"] > 0.5


@pytest.mark.parametrize(("bits", "most"), [(4, 0.3), (8, 0.02)])
def test_answers_stay_near(bits: int, most: float) -> None:
    setup = fake_setup("image")
    given, wanted = answers(technique(bits).apply(setup)), answers(setup)
    assert float((given - wanted).norm() / wanted.norm()) < most


def test_a_model_in_bfloat16_is_computed_in_it_throughout() -> None:
    setup = fake_setup("generation", dtype="bfloat16")
    setup.model.bfloat16()
    assert answers(technique().apply(setup)).dtype == torch.bfloat16


def test_gpt2_whose_layers_are_stored_the_other_way_round_is_quantised_too() -> None:
    setup = fake_setup("generation", model=tiny_gpt2())
    assert technique().proof(setup, technique().apply(setup))["after"]["quantised_share"] > 0.5


def test_the_head_stays_in_floating_point() -> None:
    made = technique().apply(fake_setup("image"))
    assert type(made.model.classifier) is torch.nn.Linear


def test_a_quantised_model_can_be_copied() -> None:
    made = technique().apply(fake_setup("image"))
    assert torch.equal(answers(made.replace(model=copy.deepcopy(made.model))), answers(made))


@pytest.mark.parametrize(
    ("setup", "changes", "reason"),
    [
        (fake_setup("image", phase="training"), {}, "cannot be trained"),
        (fake_setup("image", model=tiny_vit(hidden_size=40)), {}, "have not outputs in multiples of 16"),
        (fake_setup("image"), {"group_size": 64}, "inputs in multiples of 64"),
        (architecture_setup("resnet"), {}, "no Linear layer besides its output head"),
    ],
    ids=["training", "narrow", "group", "convolutions"],
)
def test_is_not_applicable(setup: Any, changes: dict[str, int], reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        technique(**changes).apply(admit(technique(**changes), setup))


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"bits": 3}, "bits"), ({"group_size": 48}, "group_size"), ({"calibration_samples": 0}, "calibration_samples")],
)
def test_settings_out_of_range_are_refused(changes: dict[str, int], field: str) -> None:
    with pytest.raises(InputError, match=rf"gptq\.{field}"):
        technique(**changes)
