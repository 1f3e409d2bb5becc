"""Which blocks go, what is left of the model, and that it is an ordinary one."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from torch import nn

from suite.core.setup import Setup
from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.pruning.layer_pruning import LayerPruning
from suite.toolkit import block_influence, effect
from tests.architectures import CONFIGS, architecture_setup
from tests.fakes import (
    answers,
    fake_setup,
    tiny_bert,
    tiny_distilbert,
    tiny_gpt2,
    tiny_llama,
    tiny_modernbert,
    tiny_vit,
)

FAMILIES = [
    ("image", tiny_vit),
    ("text", tiny_bert),
    ("text", tiny_distilbert),
    ("text", tiny_modernbert),
    ("generation", tiny_llama),
    ("generation", tiny_gpt2),
]
NAMES = [make.__name__ for _, make in FAMILIES]


def pruning(share: float = 0.25, *, choose: str = "influence", steps: int = 0) -> LayerPruning:
    recovery = {
        "steps": steps,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "warmup_share": 0.1,
        "clip_norm": 1.0,
    }
    return LayerPruning(share=share, choose=choose, calibration_samples=16, recovery=recovery)


class Turning(nn.Module):
    """Three blocks that turn two coordinates by 0, 60 and 90 degrees; positions of token 0 are masked in the batch."""

    class Turn(nn.Module):
        def __init__(self, degrees: float) -> None:
            super().__init__()
            cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            self.weight = nn.Parameter(torch.tensor([[cosine, -sine], [sine, cosine]]))

        def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor]:
            turned = hidden_states @ self.weight.t()
            return (torch.where(attention_mask[..., None] == 1, turned, -hidden_states),)

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(num_hidden_layers=3)
        self.blocks = nn.ModuleList(self.Turn(degrees) for degrees in (0, 60, 90))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
        states = torch.stack([input_ids, torch.ones_like(input_ids)], dim=-1).float()
        for block in self.blocks:
            (states,) = block(hidden_states=states, attention_mask=attention_mask)
        return SimpleNamespace(logits=states)


class TestInfluence:
    def test_is_one_minus_the_cosine_of_the_angle(self) -> None:
        setup = fake_setup("text", model=Turning())
        found = block_influence.of_blocks(setup, setup.task.train()[:10])
        assert found == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)

    def test_masked_positions_do_not_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Turned by 180 degrees there, they would raise the first block's influence from 0 to 1."""
        setup = fake_setup("text", model=Turning())
        whole = type(setup.task).batch

        def half_masked(task: Any, setup: Setup, examples: Any) -> Any:
            batch = whole(task, setup, examples)
            batch["attention_mask"][:, 6:] = 0
            return batch

        monkeypatch.setattr(type(setup.task), "batch", half_masked)
        found = block_influence.of_blocks(setup, setup.task.train()[:10])
        assert found == pytest.approx([0.0, 0.5, 1.0], abs=1e-6)

    def test_no_hook_is_left(self) -> None:
        setup = fake_setup("text", model=Turning())
        block_influence.of_blocks(setup, setup.task.train()[:4])
        assert not any(part._forward_hooks for part in setup.model.modules())

    def test_blocks_of_another_kind_are_refused(self) -> None:
        setup = fake_setup("text", model=Turning())
        setup.model.blocks[0].forward = lambda hidden_states, attention_mask: (hidden_states[..., :1],)
        with pytest.raises(NotApplicable, match="give choose=spaced"):
            block_influence.of_blocks(setup, setup.task.train()[:4])


def test_blocks_that_do_nothing_are_dropped_and_nothing_is_lost() -> None:
    """Blocks 1 and 2 of a ViT add zero to the residual stream."""
    setup = fake_setup(locked=True)
    for number in (1, 2):
        block = setup.model.vit.layers[number]
        for layer in (block.attention.o_proj, block.mlp.fc2):
            layer.weight.data.zero_()
            layer.bias.data.zero_()
    changed = pruning(0.5).apply(setup)
    assert torch.equal(changed.model.vit.layers[1].mlp.fc1.weight, setup.model.vit.layers[3].mlp.fc1.weight)
    assert torch.allclose(answers(changed), answers(setup), atol=1e-6)


@pytest.mark.parametrize(("share", "kept"), [(0.25, 3), (0.5, 2), (0.75, 1), (0.95, 1)])
def test_a_share_of_the_blocks_goes(share: float, kept: int) -> None:
    setup = fake_setup()
    changed = pruning(share).apply(setup)
    seen = pruning(share).proof(setup, changed)
    assert seen["blocks"] == {"before": 4, "after": kept}
    assert changed.model.config.num_hidden_layers == kept
    # A block of width 32 with 64 channels: four products 32 x 32, two of 32 x 64, their biases, two norms.
    block = 4 * (32 * 32 + 32) + (32 * 64 + 64) + (64 * 32 + 32) + 2 * 64
    assert seen["before"]["parameters"] - seen["after"]["parameters"] == (4 - kept) * block


def test_spaced_keeps_first_and_last() -> None:
    setup = fake_setup("generation")
    changed = pruning(0.5, choose="spaced").apply(setup)
    kept = [layer.mlp.up_proj.weight for layer in changed.model.model.layers]
    whole = [layer.mlp.up_proj.weight for layer in setup.model.model.layers]
    assert [torch.equal(*pair) for pair in zip(kept, (whole[0], whole[3]), strict=True)] == [True, True]


@pytest.mark.parametrize(("kind", "make"), FAMILIES, ids=NAMES)
def test_what_is_left_saves_loads_and_answers_the_same(kind: Any, make: Any, tmp_path: Any) -> None:
    setup = fake_setup(kind, model=make(), locked=True)
    changed = pruning(0.5).apply(setup)
    changed.model.save_pretrained(tmp_path)
    auto = {
        "image": transformers.AutoModelForImageClassification,
        "text": transformers.AutoModelForSequenceClassification,
        "generation": transformers.AutoModelForCausalLM,
    }[kind]
    loaded = auto.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert loaded.config.num_hidden_layers == 2
    assert torch.equal(answers(changed.replace(model=loaded)), answers(changed))


def test_the_key_value_cache_is_as_deep_as_the_model() -> None:
    setup = fake_setup("generation")
    changed = pruning(0.5).apply(setup)
    batch = setup.task.batch(setup, setup.task.train()[:2])
    made = changed.model.generate(
        **batch, max_new_tokens=4, min_new_tokens=4, do_sample=False, return_dict_in_generate=True
    )
    assert len(made.past_key_values.layers) == 2


def test_recovery_brings_the_loss_down() -> None:
    setup = fake_setup(locked=True)
    batch = setup.task.training_batch(setup, list(setup.task.train()))
    without, trained = pruning(0.5).apply(setup), pruning(0.5, steps=30).apply(setup)
    with torch.no_grad():
        assert setup.task.loss(trained.model, batch) < setup.task.loss(without.model, batch)


def test_random_weights_are_cut_but_not_mended() -> None:
    setup = fake_setup(random_weights=True)
    changed = pruning(steps=3).apply(setup)
    assert torch.equal(answers(changed), answers(pruning().apply(setup)))
    assert pruning(steps=3).proof(setup, changed)["recovery_steps"] == 0


def test_a_share_that_drops_no_block_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match=r"0\.1 drops none of 4 blocks"):
        pruning(0.1).apply(fake_setup())


REFUSED = {
    **dict.fromkeys(("resnet", "mobilenet_v2", "swin", "swinv2", "convnext", "segformer"), "different widths"),
    **dict.fromkeys(("t5", "bart", "xlm"), "two stacks of 2 blocks"),
    "albert": "share one block",
    "swiftformer": "no stack of equal blocks",
}


@pytest.mark.parametrize("architecture", CONFIGS)
def test_one_of_two_blocks_goes_or_it_is_said_why_not(architecture: str) -> None:
    setup = architecture_setup(architecture)
    if architecture in REFUSED:
        with pytest.raises(NotApplicable, match=REFUSED[architecture]):
            pruning(0.5).apply(setup)
        return
    changed = pruning(0.5).apply(setup)
    assert pruning(0.5).proof(setup, changed)["blocks"] == {"before": 2, "after": 1}
    assert torch.isfinite(answers(changed)).all()


def test_as_many_blocks_as_before_are_no_effect() -> None:
    setup = fake_setup()
    with pytest.raises(NoEffect, match="as many blocks"):
        pruning().proof(setup, setup)


def test_it_stacks_with_int8() -> None:
    from suite.mitigations.quantisation.int8_dynamic import Int8Dynamic

    setup = fake_setup()
    assert effect.snapshot(Int8Dynamic().apply(pruning().apply(setup)))["quantised_share"] > 0.9


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"share": 1}, "share"), ({"choose": "random"}, "choose"), ({"calibration_samples": 0}, "calibration_samples")],
)
def test_values_out_of_range_are_refused(changes: dict[str, Any], name: str) -> None:
    values = {"share": 0.5, "choose": "spaced", "calibration_samples": 4, "recovery": pruning().recovery}
    with pytest.raises(InputError, match=rf"layer_pruning\.{name}"):
        LayerPruning(**(values | changes))
