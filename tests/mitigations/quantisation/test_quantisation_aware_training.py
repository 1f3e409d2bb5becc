"""What is trained rounds as what is measured, and the gradient passes it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.quantisation.int8_dynamic import Int8Dynamic
from suite.mitigations.quantisation.quantisation_aware_training import QuantisationAwareTraining
from suite.toolkit import effect, layers
from suite.toolkit.fake_quantisation import fake_quantised, rounded
from tests.fakes import admit, answers, fake_setup, tiny_gpt2, tiny_vit


def aware(steps: int = 3, learning_rate: float = 1e-3) -> QuantisationAwareTraining:
    training = {
        "steps": steps,
        "batch_size": 8,
        "learning_rate": learning_rate,
        "weight_decay": 0.0,
        "warmup_share": 0.1,
        "clip_norm": 1.0,
    }
    return QuantisationAwareTraining(training=training)


def test_a_row_is_rounded_to_steps_of_half_a_255th_of_its_largest() -> None:
    """-127.5 is step -128 (half to even) of 1; 127.5 would be 128, and 127 is the last there is."""
    rows = torch.tensor([[-127.5, 0.4, 63.6], [1.275, 0.004, -0.016]])
    assert torch.allclose(rounded(rows), torch.tensor([[-128.0, 0.0, 64.0], [1.27, 0.0, -0.02]]), atol=1e-6)


def test_zeros_stay_zeros() -> None:
    assert torch.equal(rounded(torch.zeros(2, 3)), torch.zeros(2, 3))


def test_the_gradient_passes_as_if_nothing_were_rounded() -> None:
    weights = torch.tensor([[127.0, 0.4, -63.6]], requires_grad=True)
    (rounded(weights) * torch.tensor([[1.0, 2.0, 3.0]])).sum().backward()
    assert weights.grad.tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("kind", "model"), [("image", None), ("text", None), ("generation", None), ("generation", tiny_gpt2())]
)
def test_what_is_trained_computes_as_what_is_measured(kind: Any, model: Any) -> None:
    """Layer by layer, to the last bits: one layer later these flip a rounding here and there, in any two programs."""
    setup = fake_setup(kind, model=model)
    copied, chosen = layers.copy_to_quantise(setup)
    integers = Int8Dynamic().apply(setup).model
    with fake_quantised(copied, set(chosen)), torch.no_grad():
        for number, (name, layer) in enumerate(chosen.items()):
            states = torch.randn(3, 5, layer.in_features, generator=torch.Generator().manual_seed(number))
            given, wanted = layer(states), integers.get_submodule(name)(states)
            assert torch.allclose(given, wanted, atol=1e-5)
            assert not torch.allclose(setup.model.get_submodule(name)(states), wanted, atol=1e-5)


def test_layers_are_as_before_afterwards() -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    weight, before = model[0].weight, model[0].weight.detach().clone()
    with fake_quantised(model, {"0"}):
        assert not torch.equal(model[0].weight, before)
    assert type(model[0]) is nn.Linear
    assert model[0].weight is weight
    assert torch.equal(weight, before)
    assert not model[0]._forward_pre_hooks


def test_weights_move_and_become_integers() -> None:
    setup = fake_setup(locked=True)
    changed, plain = aware().apply(setup), Int8Dynamic().apply(setup)
    seen = aware().proof(setup, changed)
    assert seen["training_steps"] == 3
    assert seen["after"]["quantised_share"] == effect.snapshot(plain)["quantised_share"]
    assert not torch.equal(answers(changed), answers(plain))


def test_training_brings_the_loss_of_the_integers_down() -> None:
    setup = fake_setup(locked=True)
    batch = setup.task.training_batch(setup, list(setup.task.train()))
    plain, trained = Int8Dynamic().apply(setup), aware(30).apply(setup)
    with torch.no_grad():
        assert setup.task.loss(trained.model, batch) < setup.task.loss(plain.model, batch)


def test_it_is_the_same_twice() -> None:
    setup = fake_setup("text")  # with dropout
    first, second = (aware().apply(setup) for _ in range(2))
    assert torch.equal(answers(first), answers(second))


def test_a_bf16_model_comes_back_in_bf16() -> None:
    changed = aware().apply(fake_setup(dtype="bfloat16", model=tiny_vit().to(torch.bfloat16)))
    assert changed.model.classifier.weight.dtype is torch.bfloat16


def test_random_weights_training_and_quantised_models_are_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="random weights"):
        aware().apply(fake_setup(random_weights=True))
    with pytest.raises(NotApplicable, match="one-off cost"):
        admit(aware(), fake_setup(phase="training"))
    with pytest.raises(NotApplicable, match="quantised already"):
        aware().apply(Int8Dynamic().apply(fake_setup()))


def test_a_float_model_is_no_effect() -> None:
    with pytest.raises(NoEffect):
        aware().proof(fake_setup(), fake_setup())


def test_no_step_of_training_is_refused() -> None:
    with pytest.raises(InputError, match=r"training\.steps must be at least 1"):
        aware(0)
