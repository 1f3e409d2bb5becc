"""The schedule of the zeros, that they stay, and that they are as many as asked for."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.pruning.gradual_magnitude_pruning import GradualMagnitudePruning, sparsity_after
from suite.mitigations.pruning.magnitude_pruning import MagnitudePruning
from suite.toolkit import layers, sparsity
from suite.toolkit.training import retraining
from tests.architectures import architecture_setup
from tests.fakes import admit, answers, fake_setup, tiny_gpt2, tiny_vit


def gradual(share: float = 0.5, *, steps: int = 10, ramp: float = 0.7, every: int = 2) -> GradualMagnitudePruning:
    training = {
        "steps": steps,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "warmup_share": 0.1,
        "clip_norm": 1.0,
    }
    return GradualMagnitudePruning(sparsity=share, ramp_share=ramp, every=every, training=training)


@pytest.mark.parametrize(
    ("step", "share"),
    [
        (0, 0.0),
        (1, 0.8 * (1 - 0.75**3)),  # 0.4625
        (2, 0.7),  # 0.8 * (1 - 1/8)
        (3, 0.7875),  # 0.8 * (1 - 1/64)
        (4, 0.8),
        (9, 0.8),
    ],
)
def test_zeros_rise_by_a_cubic(step: int, share: float) -> None:
    assert sparsity_after(step, 4, 0.0, 0.8) == pytest.approx(share)


def test_they_rise_from_what_is_there() -> None:
    assert sparsity_after(1, 2, 0.2, 0.6) == pytest.approx(0.55)  # 0.6 - 0.4 / 8


def zeros_and_weights(model: Any) -> tuple[int, int]:
    weights = [layer.weight for layer in layers.weighted(model).values()]
    return sum(int((weight == 0).sum()) for weight in weights), sum(weight.numel() for weight in weights)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize(("steps", "every"), [(10, 2), (7, 3), (1, 1), (4, 50)])
def test_it_ends_at_exactly_the_sparsity(share: float, steps: int, every: int) -> None:
    zeros, total = zeros_and_weights(gradual(share, steps=steps, every=every).apply(fake_setup()).model)
    assert zeros == round(share * total)


@pytest.mark.parametrize(
    "setup",
    [fake_setup("generation", model=tiny_gpt2()), fake_setup("text"), architecture_setup("resnet")],
    ids=["gpt2", "bert", "resnet"],
)
def test_other_models_too(setup: Any) -> None:
    zeros, total = zeros_and_weights(gradual().apply(setup).model)
    assert zeros == round(0.5 * total)


def test_a_weight_once_zero_stays_zero_and_their_share_follows_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []
    fit = retraining.fit

    def watched(model: Any, *arguments: Any, progress: Any, **named: Any) -> None:
        def after(step: int, loss: float) -> None:
            progress(step, loss)
            seen.append(torch.cat([layer.weight.flatten() == 0 for layer in layers.weighted(model).values()]))

        fit(model, *arguments, progress=after, **named)

    monkeypatch.setattr(retraining, "fit", watched)
    gradual(0.8, steps=10, ramp=0.4, every=1).apply(fake_setup())
    assert [float(zeros.float().mean()) for zeros in seen] == pytest.approx(
        [0.4625, 0.7, 0.7875, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8], abs=1e-4
    )
    assert all(bool((earlier <= later).all()) for earlier, later in itertools.pairwise(seen))


def test_what_is_left_is_trained() -> None:
    setup = fake_setup(locked=True)
    batch = setup.task.training_batch(setup, list(setup.task.train()))
    at_once, trained = MagnitudePruning(sparsity=0.8).apply(setup), gradual(0.8, steps=40).apply(setup)
    with torch.no_grad():
        assert setup.task.loss(trained.model, batch) < setup.task.loss(at_once.model, batch)


def test_the_parameters_are_those_of_the_model_and_no_mask_is_left() -> None:
    setup = fake_setup()
    model = gradual().apply(setup).model
    assert {name for name, _ in model.named_parameters()} == {name for name, _ in setup.model.named_parameters()}
    assert {name for name, _ in model.named_buffers()} == {name for name, _ in setup.model.named_buffers()}


def test_a_bf16_model_comes_back_in_bf16_with_its_zeros() -> None:
    model = gradual(0.5).apply(fake_setup(dtype="bfloat16", model=tiny_vit().to(torch.bfloat16))).model
    zeros, total = zeros_and_weights(model)
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert zeros == round(0.5 * total)


def test_it_is_the_same_twice() -> None:
    setup = fake_setup("text")  # with dropout
    first, second = (gradual(steps=3).apply(setup) for _ in range(2))
    assert torch.equal(answers(first), answers(second))


def test_zeroing_keeps_the_parameter_that_an_optimiser_holds() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    held = [model[0].weight, model[1].weight]
    held[0].data = torch.tensor([[1.0, -2.0], [3.0, 4.0]])
    held[1].data = torch.tensor([[-0.5, 5.0], [6.0, 0.25]])
    sparsity.zero_smallest([model[0], model[1]], 0.5)
    assert model[0].weight is held[0]
    assert held[0].tolist() == [[0.0, 0.0], [3.0, 4.0]]
    assert held[1].tolist() == [[0.0, 5.0], [6.0, 0.0]]


def test_a_model_as_sparse_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="that sparse already"):
        gradual(0.4).apply(MagnitudePruning(sparsity=0.5).apply(fake_setup()))


def test_random_weights_and_training_are_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="random weights"):
        gradual().apply(fake_setup(random_weights=True))
    with pytest.raises(NotApplicable, match="training would fill"):
        admit(gradual(), fake_setup(phase="training"))


def test_no_new_zeros_are_no_effect() -> None:
    with pytest.raises(NoEffect, match="no weight became zero"):
        gradual().proof(fake_setup(), fake_setup())


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"sparsity": 1}, "sparsity"), ({"ramp_share": 0}, "ramp_share"), ({"every": 0}, "every")],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], name: str) -> None:
    values = {"sparsity": 0.5, "ramp_share": 0.5, "every": 1, "training": gradual().training}
    with pytest.raises(InputError, match=rf"gradual_magnitude_pruning\.{name}"):
        GradualMagnitudePruning(**(values | changes))


def test_no_step_of_training_is_refused() -> None:
    with pytest.raises(InputError, match=r"training\.steps must be at least 1"):
        gradual(steps=0)
