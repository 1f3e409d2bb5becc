"""hyperparameter_tuning: what is tried, what is chosen, and on which samples."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.hyperparameter_tuning import hyperparameter_tuning as module
from suite.mitigations.hyperparameter_tuning.hyperparameter_tuning import HyperparameterTuning
from suite.toolkit.training import smaller
from suite.toolkit.training.smaller import Shape
from tests.fakes import fake_setup

pytest.importorskip("optuna")

TRAINING = {
    "steps": 4,
    "batch_size": 8,
    "learning_rate": 1e-2,
    "weight_decay": 0.0,
    "warmup_share": 0.1,
    "clip_norm": 1.0,
}


def tuning(**changes: Any) -> HyperparameterTuning:
    values: dict[str, Any] = {
        "trials": 3, "least_layers_share": 0.25, "least_channels_share": 0.25, "largest_rate_factor": 3.0,
        "least_steps_share": 0.5, "held_out": 16, "largest_loss": 1.0, "training": TRAINING,
    }  # fmt: skip
    return HyperparameterTuning(**(values | changes))


def test_a_scaled_shape_worked_by_hand() -> None:
    assert smaller.scaled(Shape(blocks=4, channels=64), 0.5, 0.3) == Shape(blocks=2, channels=16)
    assert smaller.scaled(Shape(blocks=4, channels=64), 0.01, 0.01) == Shape(blocks=1, channels=8)
    assert smaller.scaled(Shape(blocks=4, channels=64), 1.0, 1.0) == Shape(blocks=4, channels=64)


def test_a_cut_copy_has_the_shape_and_less_arithmetic() -> None:
    setup = fake_setup("image")
    cut = setup.replace(model=smaller.cut_to(setup, Shape(blocks=2, channels=32)))
    assert smaller.shape_of(cut.model) == Shape(blocks=2, channels=32)
    assert smaller.shape_of(setup.model) == Shape(blocks=4, channels=64)
    assert smaller.forward_flops(cut) < smaller.forward_flops(setup) / 2


def test_the_share_of_right_answers_worked_by_hand(monkeypatch) -> None:
    setup = fake_setup("image", batch_size=2)
    answers = iter([[[0.9, 0.1], [0.2, 0.8]], [[0.7, 0.3]]])
    targets = iter([[0, 0], [-100]])  # right, wrong, padding
    monkeypatch.setattr(
        type(setup.task), "logits", lambda *_: (torch.tensor(next(answers)), torch.tensor(next(targets)))
    )
    assert smaller.right_share(setup, setup.task.train()[:3]) == 0.5


def test_it_keeps_the_least_arithmetic_of_the_copies_within_the_loss(monkeypatch) -> None:
    tried = []
    shapes = iter([Shape(blocks=3, channels=64), Shape(blocks=1, channels=64), Shape(blocks=2, channels=64)])

    def scaled(*_: Any) -> Shape:
        tried.append(next(shapes))
        return tried[-1]

    # The original is always right, the copy of one block never.
    def right(setup: Any, examples: Any) -> float:
        return 0.0 if smaller.shape_of(setup.model).blocks == 1 else 1.0

    monkeypatch.setattr(module.smaller, "scaled", scaled)
    monkeypatch.setattr(module.smaller, "right_share", right)
    setup = fake_setup("image")
    made = tuning(largest_loss=0.1).apply(setup)
    proof = tuning(largest_loss=0.1).proof(setup, made)
    assert len(tried) == 3
    assert proof["blocks"] == {"before": 4, "after": 2}
    assert proof["chosen"]["blocks"] == 2
    assert proof["chosen"]["trials"] == 3
    assert 2 <= proof["chosen"]["steps"] <= 4
    assert 1e-2 / 3 <= proof["chosen"]["learning_rate"] <= 3e-2


def test_where_every_copy_loses_too_much_it_is_refused_with_what_the_best_lost(monkeypatch) -> None:
    monkeypatch.setattr(
        module.smaller, "right_share", lambda setup, _: 1.0 if smaller.shape_of(setup.model).blocks == 4 else 0.5
    )
    with pytest.raises(NotApplicable, match=r"none of 2 smaller copies .*the best lost 0\.5"):
        tuning(trials=2, least_layers_share=0.2, largest_loss=0.1).apply(fake_setup("image", seed=1))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    made = [tuning().apply(fake_setup("image", seed=seed)).model.state_dict() for seed in (0, 0, 1)]
    assert all(torch.equal(made[0][name], made[1][name]) for name in made[0])
    shapes = [{name: tuple(value.shape) for name, value in each.items()} for each in made]
    assert shapes[0] != shapes[2] or any(not torch.equal(made[0][name], made[2][name]) for name in made[0])


def test_no_copy_learns_from_a_held_out_sample(monkeypatch) -> None:
    seen: dict[str, list[Any]] = {"learnt": [], "held_out": []}
    retrain = module.retrain
    monkeypatch.setattr(
        module, "retrain", lambda made, **how: (seen["learnt"].append(how["examples"]), retrain(made, **how))
    )
    right_share = smaller.right_share
    monkeypatch.setattr(
        module.smaller, "right_share", lambda *given: (seen["held_out"].append(given[1]), right_share(*given))[1]
    )
    tuning(trials=1).apply(fake_setup("image"))
    learnt, held_out = ({id(each) for each in seen[key][0]} for key in ("learnt", "held_out"))
    assert len(held_out) == 16
    assert len(learnt) == 48 - 16
    assert not learnt & held_out


def test_random_weights_are_refused() -> None:
    with pytest.raises(NotApplicable, match="random weights"):
        tuning().apply(fake_setup("image", random_weights=True))


def test_a_copy_of_the_same_size_is_no_effect() -> None:
    setup = fake_setup("image")
    with pytest.raises(NoEffect, match="computes as much"):
        tuning().proof(setup, setup)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trials": 0}, "trials"),
        ({"largest_rate_factor": 0.5}, "largest_rate_factor must be at least 1"),
        ({"training": TRAINING | {"steps": 0}}, "steps must be at least 1"),
    ],
)
def test_bad_values_are_one_line(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        tuning(**changes)
