"""torch_pruning: every width shrinks by the same share, and what is left is an ordinary model that saves and loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.pruning.torch_pruning import TorchPruning
from tests.architectures import architecture_setup
from tests.fakes import Kind, admit, answers, fake_setup

pytest.importorskip("torch_pruning")

RECOVERY = {
    "steps": 0,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "warmup_share": 0.1,
    "clip_norm": 1.0,
}


def pruning(**changes: Any) -> TorchPruning:
    values: dict[str, Any] = {
        "algorithm": "magnitude", "ratio": 0.5, "multiple_of": 1, "samples": 8, "recovery": RECOVERY,
    }  # fmt: skip
    return TorchPruning(**(values | changes))


@pytest.mark.parametrize("kind", ["image", "text"])
@pytest.mark.parametrize("algorithm", ["magnitude", "taylor", "lamp", "random"])
def test_every_width_is_halved(kind: Kind, algorithm: str) -> None:
    setup = fake_setup(kind)
    made = pruning(algorithm=algorithm).apply(setup)
    proof = pruning().proof(setup, made)
    assert proof["hidden_channels"] == {"before": 32, "after": 16}
    assert proof["mlp_channels"] == {"before": 64, "after": 32}
    assert answers(made).shape == answers(setup).shape


def test_half_the_channels_of_a_block_are_a_quarter_of_its_weights_worked_by_hand() -> None:
    made = pruning().apply(fake_setup("text"))
    block = made.model.bert.encoder.layer[0]
    matrices = [weight for weight in block.parameters() if weight.dim() == 2]
    assert sum(weight.numel() for weight in matrices) == (4 * 32 * 32 + 2 * 32 * 64) / 4


@pytest.mark.parametrize("kind", ["image", "text"])
def test_what_is_left_saves_and_loads_and_answers_the_same(kind: Kind, tmp_path: Path) -> None:
    made = pruning(ratio=0.25).apply(fake_setup(kind))
    made.model.save_pretrained(tmp_path)
    loaded = type(made.model).from_pretrained(tmp_path).eval()
    torch.testing.assert_close(answers(made.replace(model=loaded)), answers(made))


def test_magnitude_keeps_channels_that_weigh_most() -> None:
    setup = fake_setup("text")
    with torch.no_grad():
        for layer in setup.model.bert.encoder.layer:
            layer.intermediate.dense.weight[:32] *= 100
            layer.output.dense.weight[:, :32] *= 100
    made = pruning().apply(setup)
    kept = made.model.bert.encoder.layer[0].intermediate.dense.weight
    assert kept.norm(dim=1).min() > setup.model.bert.encoder.layer[0].intermediate.dense.weight[32:].norm(dim=1).max()


def test_two_prunings_share_nothing_and_agree() -> None:
    setup = fake_setup("image")
    first, second = (pruning(algorithm="random").apply(setup).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_language_models_are_refused_with_the_reason() -> None:
    setup = fake_setup("generation")
    with pytest.raises(NotApplicable, match="rotary positions"):
        admit(pruning(), setup)


def test_a_model_of_convolutions_is_refused() -> None:
    with pytest.raises(NotApplicable, match="convolutions"):
        pruning().apply(architecture_setup("resnet"))


def test_a_ratio_that_drops_nothing_is_refused() -> None:
    with pytest.raises(NotApplicable, match="drops none of 16 channels of a head in steps of 16"):
        pruning(ratio=0.1, multiple_of=16).apply(fake_setup("image"))


def test_the_same_model_is_no_effect() -> None:
    setup = fake_setup("image")
    with pytest.raises(NoEffect, match="as many parameters"):
        pruning().proof(setup, setup)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"algorithm": "best"}, "give one of magnitude"),
        ({"ratio": 1.0}, r"torch_pruning\.ratio"),
        ({"samples": 0}, "samples"),
    ],
)
def test_bad_values_are_one_line(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        pruning(**changes)
