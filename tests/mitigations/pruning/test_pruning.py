from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from suite.errors import InputError, NotApplicable
from suite.mitigations.pruning.magnitude_pruning import MagnitudePruning
from suite.mitigations.pruning.structured_pruning import StructuredPruning
from suite.mitigations.quantisation.int8_dynamic import Int8Dynamic
from suite.toolkit import effect, layers, mlps
from tests.fakes import (
    admit,
    answers,
    fake_setup,
    tiny_bert,
    tiny_distilbert,
    tiny_gpt2,
    tiny_llama,
    tiny_modernbert,
    tiny_roberta,
    tiny_vit,
)

FAMILIES = [
    ("image", tiny_vit),
    ("text", tiny_bert),
    ("text", tiny_roberta),
    ("text", tiny_distilbert),
    ("text", tiny_modernbert),
    ("generation", tiny_llama),
    ("generation", tiny_gpt2),
]


def recipe(steps: int) -> dict[str, Any]:
    return {
        "steps": steps,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "warmup_share": 0.1,
        "clip_norm": 1.0,
    }


def structured(share: float = 0.5, *, steps: int = 0, multiple_of: int = 8) -> StructuredPruning:
    return StructuredPruning(share=share, multiple_of=multiple_of, recovery=recipe(steps))


def mask_weakest(model: Any, kept: int) -> None:
    """Sets the columns of all channels but the ``kept`` strongest of each MLP to zero."""
    for mlp in mlps.mlps_of(model):
        strongest = set(torch.topk(mlp.importance(), kept).indices.tolist())
        with torch.no_grad():
            layers.matrix(mlp.down)[:, [channel for channel in range(mlp.size) if channel not in strongest]] = 0


class TestStructured:
    @pytest.mark.parametrize(("kind", "make"), FAMILIES, ids=[make.__name__ for _, make in FAMILIES])
    def test_cutting_channels_equals_masking_them(self, kind: Any, make: Any) -> None:
        setup = fake_setup(kind, model=make())
        size = mlps.mlp_size(setup.model)[1]
        masked = setup.replace(model=layers.editable_copy(setup))
        mask_weakest(masked.model, size * 3 // 4)
        cut = structured(0.25).apply(setup)
        assert torch.allclose(answers(cut), answers(masked), atol=1e-5)
        assert not torch.allclose(answers(cut), answers(setup), atol=1e-5)

    def test_shapes_of_a_vit_with_half_its_channels(self) -> None:
        model = structured(0.5).apply(fake_setup(model=tiny_vit(intermediate_size=128))).model
        for layer in model.vit.layers:
            assert layer.mlp.fc1.weight.shape == (64, 32)
            assert layer.mlp.fc1.bias.shape == (64,)
            assert layer.mlp.fc2.weight.shape == (32, 64)
            assert (layer.mlp.fc1.out_features, layer.mlp.fc2.in_features) == (64, 64)

    def test_both_halves_of_a_fused_projection_lose_the_same_channels(self) -> None:
        model = structured(0.25).apply(fake_setup("text", model=tiny_modernbert())).model
        mlp = model.model.layers[0].mlp
        assert (mlp.Wi.weight.shape, mlp.Wo.weight.shape) == ((96, 32), (32, 48))

    @pytest.mark.parametrize(("kind", "make"), FAMILIES, ids=[make.__name__ for _, make in FAMILIES])
    def test_a_saved_copy_loads_again(self, kind: Any, make: Any, tmp_path: Any) -> None:
        cut = structured(0.25).apply(fake_setup(kind, model=make()))
        cut.model.save_pretrained(tmp_path)
        loaded = cut.replace(model=type(cut.model).from_pretrained(tmp_path).eval())
        assert torch.equal(answers(loaded), answers(cut))

    def test_channels_kept_are_a_multiple(self) -> None:
        # 64 channels, 70 % cut leaves 19.2; the nearest multiple of 8 is 16.
        cut = structured(0.7, multiple_of=8).apply(fake_setup())
        assert mlps.mlp_size(cut.model) == ("intermediate_size", 16)

    def test_at_least_one_step_of_channels_stays(self) -> None:
        assert mlps.mlp_size(structured(0.99).apply(fake_setup()).model)[1] == 8

    def test_a_share_too_small_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="drops none of 64 channels"):
            structured(0.05).apply(fake_setup())

    def test_recovery_lowers_the_training_loss(self) -> None:
        setup = fake_setup(locked=True)
        task = setup.task
        batch = task.training_batch(setup, list(task.train()))
        without, trained = structured().apply(setup), structured(steps=30).apply(setup)
        with torch.no_grad():
            assert task.loss(trained.model, batch) < task.loss(without.model, batch)

    def test_recovery_is_the_same_twice(self) -> None:
        setup = fake_setup("text")  # with dropout
        first, second = (structured(steps=3).apply(setup) for _ in range(2))
        assert torch.equal(answers(first), answers(second))

    def test_a_bf16_model_is_mended_in_float32_and_comes_back_in_bf16(self) -> None:
        setup = fake_setup(dtype="bfloat16", model=tiny_vit().to(torch.bfloat16))
        model = structured(steps=3).apply(setup).model
        assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}

    def test_random_weights_are_cut_but_not_mended(self) -> None:
        setup = fake_setup(random_weights=True)
        technique = structured(steps=3)
        changed = technique.apply(setup)
        assert torch.equal(answers(changed), answers(structured().apply(setup)))
        assert technique.proof(setup, changed)["recovery_steps"] == 0

    def test_effect_names_channels_before_and_after(self) -> None:
        setup = fake_setup()
        seen = structured(0.25).proof(setup, structured(0.25).apply(setup))
        assert seen["mlp_channels"] == {"before": 64, "after": 48}
        # Four layers lose 16 channels with 32 weights up, 32 down and a bias.
        assert seen["before"]["parameters"] - seen["after"]["parameters"] == 4 * 16 * 65

    def test_stacks_with_int8(self) -> None:
        setup = fake_setup()
        cut = structured(0.5).apply(setup)
        stacked = Int8Dynamic().apply(cut)
        seen = effect.snapshot(stacked)
        assert seen["parameters"] == effect.snapshot(cut)["parameters"] < effect.snapshot(setup)["parameters"]
        assert seen["quantised_share"] > 0.9
        assert torch.isfinite(answers(stacked)).all()

    def test_after_int8_it_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="quantised already"):
            structured().apply(Int8Dynamic().apply(fake_setup()))

    def test_sizes_that_cannot_be_told_apart_are_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="not recognised"):
            structured().apply(fake_setup(model=tiny_vit(intermediate_size=32)))

    @pytest.mark.parametrize("share", [0, 1, -0.1, 1.2, True, "half", float("nan")])
    def test_share_out_of_range_is_refused(self, share: Any) -> None:
        with pytest.raises(InputError, match=r"structured_pruning\.share must lie between 0 and 1"):
            structured(share)

    @pytest.mark.parametrize(
        ("field", "value"), [("steps", -1), ("batch_size", 0), ("learning_rate", 0.0), ("warmup_share", 1.5)]
    )
    def test_recipe_out_of_range_is_refused(self, field: str, value: float) -> None:
        with pytest.raises(InputError, match=rf"structured_pruning\.recovery\.{field}"):
            StructuredPruning(share=0.5, multiple_of=8, recovery=recipe(0) | {field: value})

    def test_a_recipe_with_a_missing_field_is_refused(self) -> None:
        with pytest.raises(InputError, match="must have a recipe's fields"):
            StructuredPruning(share=0.5, multiple_of=8, recovery={"steps": 3})


class TestMagnitude:
    @pytest.mark.parametrize("sparsity", [0.3, 0.5, 0.9])
    def test_the_share_of_zeros_is_the_sparsity(self, sparsity: float) -> None:
        model = MagnitudePruning(sparsity=sparsity).apply(fake_setup()).model
        weights = [layer.weight for layer in layers.weighted(model).values()]
        zeros = sum(int((weight == 0).sum()) for weight in weights)
        assert zeros == round(sparsity * sum(weight.numel() for weight in weights))

    def test_the_smallest_weights_of_all_layers_go(self) -> None:
        setup = fake_setup()
        pruned = layers.weighted(MagnitudePruning(sparsity=0.5).apply(setup).model)
        whole = layers.weighted(setup.model)
        gone = torch.cat([whole[name].weight[layer.weight == 0].abs() for name, layer in pruned.items()])
        kept = torch.cat([layer.weight[layer.weight != 0].abs() for layer in pruned.values()])
        assert gone.max() <= kept.min()

    def test_zeros_are_written_into_the_layers_that_the_baseline_has(self) -> None:
        """A Conv1D made Linear runs another kernel, which cost 15 % on a CPU: no effect of the zeros."""
        setup = fake_setup("generation", model=tiny_gpt2())
        changed = MagnitudePruning(sparsity=0.5).apply(setup)
        kinds = [[type(part) for part in model.modules()] for model in (setup.model, changed.model)]
        assert kinds[0] == kinds[1]
        # 4 blocks of width 32: 32 x 96, 32 x 32, 32 x 128 and 128 x 32 weights; the head is whole, tied and 64 x 32.
        in_blocks = 4 * (32 * 96 + 32 * 32 + 2 * 32 * 128)
        assert effect.snapshot(changed)["sparsity"] == pytest.approx(0.5 * in_blocks / (in_blocks + 64 * 32), abs=1e-4)

    def test_convolutions_are_pruned_too(self) -> None:
        """Ranked over the whole model: the convolution's four smallest of eight weights, none of the Linear's."""
        model = nn.Sequential(nn.Conv2d(1, 2, 2, bias=False), nn.Flatten(), nn.Linear(2, 2, bias=False))
        model[0].weight.data = torch.tensor([1.0, 2.0, -3.0, 4.0, 6.0, -7.0, 8.0, 9.0]).reshape(2, 1, 2, 2)
        model[2].weight.data = torch.tensor([[10.0, -11.0], [12.0, 13.0]])
        pruned = MagnitudePruning(sparsity=1 / 3).apply(fake_setup(model=model)).model
        assert pruned[0].weight.flatten().tolist() == [0.0, 0.0, 0.0, 0.0, 6.0, -7.0, 8.0, 9.0]
        assert torch.equal(pruned[2].weight, model[2].weight)

    def test_bytes_and_parameters_stay(self) -> None:
        setup = fake_setup()
        seen = MagnitudePruning(sparsity=0.5).proof(setup, MagnitudePruning(sparsity=0.5).apply(setup))
        assert seen["after"]["bytes"] == seen["before"]["bytes"]
        assert seen["after"]["parameters"] == seen["before"]["parameters"]

    def test_no_mask_is_left_behind(self) -> None:
        model = MagnitudePruning(sparsity=0.5).apply(fake_setup()).model
        assert not [name for name, _ in model.named_buffers() if name.endswith("weight_mask")]

    def test_a_model_as_sparse_is_not_applicable(self) -> None:
        once = MagnitudePruning(sparsity=0.5).apply(fake_setup())
        with pytest.raises(NotApplicable, match="that sparse already"):
            MagnitudePruning(sparsity=0.4).apply(once)

    def test_the_zeros_survive_int8(self) -> None:
        stacked = Int8Dynamic().apply(MagnitudePruning(sparsity=0.5).apply(fake_setup()))
        assert effect.snapshot(stacked)["sparsity"] > 0.49

    def test_training_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="training would fill"):
            admit(MagnitudePruning(sparsity=0.5), fake_setup(phase="training"))

    @pytest.mark.parametrize("sparsity", [0, 1, 1.2])
    def test_sparsity_out_of_range_is_refused(self, sparsity: float) -> None:
        with pytest.raises(InputError, match=r"magnitude_pruning\.sparsity must lie between 0 and 1"):
            MagnitudePruning(sparsity=sparsity)
