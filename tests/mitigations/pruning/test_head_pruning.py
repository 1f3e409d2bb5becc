"""Which heads go, that cutting them equals silencing them, and that the model loads again."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.pruning.head_pruning import HeadPruning
from suite.toolkit import attention_heads, layers
from tests.architectures import architecture_setup
from tests.fakes import admit, answers, fake_setup, tiny_bert, tiny_gpt2, tiny_llama, tiny_vit


def grouped_llama() -> Any:
    """Eight query heads on four key-value heads, of 8 channels each."""
    return tiny_llama(num_attention_heads=8, num_key_value_heads=4, head_dim=8)


def wide_vit() -> Any:
    """Four heads of 8 channels."""
    return tiny_vit(num_attention_heads=4)


FAMILIES = [("image", wide_vit), ("generation", grouped_llama)]
NAMES = ["vit", "llama"]


def pruning(share: float = 0.5, *, steps: int = 0, samples: int = 8) -> HeadPruning:
    recovery = {
        "steps": steps,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "warmup_share": 0.1,
        "clip_norm": 1.0,
    }
    return HeadPruning(share=share, calibration_samples=samples, recovery=recovery)


def silence_weakest(setup: Any, kept: int) -> None:
    """Sets what leaves all groups but the ``kept`` most important of each block to zero."""
    weights = attention_heads.importance(setup, setup.task.train()[:8])
    for part, importance in zip(attention_heads.attentions_of(setup.model), weights, strict=True):
        width = part.size * part.heads // part.groups
        for group in importance.argsort()[: part.groups - kept].tolist():
            part.output.weight.data[:, group * width : (group + 1) * width] = 0


@pytest.mark.parametrize(("kind", "make"), FAMILIES, ids=NAMES)
def test_cutting_heads_equals_silencing_them(kind: Any, make: Any) -> None:
    setup = fake_setup(kind, model=make(), locked=True)
    silent = setup.replace(model=layers.editable_copy(setup))
    silence_weakest(silent, kept=3)
    cut = pruning(0.25).apply(setup)
    assert torch.allclose(answers(cut), answers(silent), atol=1e-5)
    assert not torch.allclose(answers(cut), answers(setup), atol=1e-5)


def test_a_heads_importance_is_how_the_loss_moves_when_it_is_scaled() -> None:
    """By finite differences, one sample at a time: the loss with a head's output at 1 + h and at 1 - h."""
    setup = fake_setup(model=wide_vit(), locked=True)
    samples, step = setup.task.train()[:4], 1e-2
    found = attention_heads.importance(setup, samples)
    part = attention_heads.attentions_of(setup.model)[1]
    whole = part.output.weight.detach().clone()
    for head in range(part.heads):
        slopes = []
        for sample in samples:
            batch = setup.task.training_batch(setup, [sample])
            losses = []
            for factor in (1 + step, 1 - step):
                part.output.weight.data = whole.clone()
                part.output.weight.data[:, head * part.size : (head + 1) * part.size] *= factor
                with torch.no_grad():
                    losses.append(float(setup.task.loss(setup.model, batch)))
            slopes.append(abs(losses[0] - losses[1]) / (2 * step))
        part.output.weight.data = whole
        assert float(found[1][head]) == pytest.approx(sum(slopes) / len(slopes), rel=0.02, abs=1e-5)


def test_a_head_that_says_nothing_is_the_first_to_go() -> None:
    setup = fake_setup(model=wide_vit(), locked=True)
    silent = (2, 0, 3, 1)
    for block, head in zip(setup.model.vit.layers, silent, strict=True):
        block.attention.o_proj.weight.data[:, head * 8 : (head + 1) * 8] = 0
    cut = pruning(0.25).apply(setup)
    assert torch.allclose(answers(cut), answers(setup), atol=1e-6)


def test_shapes_parameters_and_config_of_a_llama_with_half_its_heads() -> None:
    setup = fake_setup("generation", model=grouped_llama())
    changed = pruning(0.5).apply(setup)
    attention = changed.model.model.layers[0].self_attn
    shapes = [layer.weight.shape for layer in (attention.q_proj, attention.k_proj, attention.o_proj)]
    # Four of eight query heads and two of four key-value heads, of 8 channels; the width is 32.
    assert [tuple(shape) for shape in shapes] == [(32, 32), (16, 32), (32, 32)]
    config = changed.model.config
    assert (config.num_attention_heads, config.num_key_value_heads, config.head_dim) == (4, 2, 8)
    seen = pruning(0.5).proof(setup, changed)
    assert seen["heads"] == {"before": 8, "after": 4}
    # Four blocks lose 32 rows of queries, 16 of keys, 16 of values and 32 columns of the output, each of 32 weights.
    assert seen["before"]["parameters"] - seen["after"]["parameters"] == 4 * 32 * (32 + 16 + 16 + 32)


def test_heads_that_share_keys_go_together() -> None:
    setup = fake_setup("generation", model=grouped_llama(), locked=True)
    changed = pruning(0.5).apply(setup)
    weights = attention_heads.importance(setup, setup.task.train()[:8])[0]
    first, second = sorted(torch.topk(weights, 2).indices.tolist())
    rows = [*range(16 * first, 16 * (first + 1)), *range(16 * second, 16 * (second + 1))]
    whole, cut = (arm.model.model.layers[0].self_attn.q_proj.weight for arm in (setup, changed))
    assert torch.equal(cut, whole[rows])


@pytest.mark.parametrize(("kind", "make"), FAMILIES, ids=NAMES)
def test_what_is_left_saves_loads_and_answers_the_same(kind: Any, make: Any, tmp_path: Any) -> None:
    changed = pruning(0.5).apply(fake_setup(kind, model=make(), locked=True))
    changed.model.save_pretrained(tmp_path)
    auto = transformers.AutoModelForImageClassification if kind == "image" else transformers.AutoModelForCausalLM
    loaded = auto.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert torch.equal(answers(changed.replace(model=loaded)), answers(changed))


def test_the_key_value_cache_shrinks_with_the_heads() -> None:
    setup = fake_setup("generation", model=grouped_llama())
    changed = pruning(0.5).apply(setup)
    batch = setup.task.batch(setup, setup.task.train()[:2])
    made = changed.model.generate(
        **batch, max_new_tokens=4, min_new_tokens=4, do_sample=False, return_dict_in_generate=True
    )
    assert made.past_key_values.layers[0].keys.shape[1] == 2


def test_measuring_importance_leaves_no_gradient_and_no_hook() -> None:
    setup = fake_setup(model=wide_vit())
    attention_heads.importance(setup, setup.task.train()[:4])
    assert all(weight.grad is None for weight in setup.model.parameters())
    assert not any(part._forward_pre_hooks for part in setup.model.modules())


def test_recovery_brings_the_loss_down() -> None:
    setup = fake_setup(model=wide_vit(), locked=True)
    batch = setup.task.training_batch(setup, list(setup.task.train()))
    without, trained = pruning(0.5).apply(setup), pruning(0.5, steps=30).apply(setup)
    with torch.no_grad():
        assert setup.task.loss(trained.model, batch) < setup.task.loss(without.model, batch)


@pytest.mark.parametrize(("kind", "make"), [("text", tiny_bert), ("generation", tiny_gpt2)], ids=["bert", "gpt2"])
def test_a_model_that_would_not_load_again_is_refused(kind: Any, make: Any) -> None:
    setup = fake_setup(kind, model=make())
    with pytest.raises(NotApplicable, match="would not load again"):
        pruning().apply(setup)
    assert setup.model.config.num_attention_heads == 2


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("resnet", "different widths"),
        ("mamba", "names no one number of attention heads"),
        ("falcon", "would not load again"),
        ("fnet", "would not load again"),
        ("clip", "would not load again"),
        ("t5", "two stacks"),
    ],
)
def test_models_whose_heads_cannot_be_cut_are_not_applicable(architecture: str, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        pruning().apply(architecture_setup(architecture))


def test_a_share_that_cuts_no_head_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match=r"0\.1 drops none of 4 heads"):
        pruning(0.1).apply(fake_setup(model=wide_vit()))
    with pytest.raises(NotApplicable, match="none of 4 groups of heads that share keys and values"):
        pruning(0.1).apply(fake_setup("generation", model=grouped_llama()))


def test_as_many_heads_as_before_are_no_effect() -> None:
    with pytest.raises(NoEffect, match="as many heads"):
        pruning().proof(fake_setup(), fake_setup())


def test_training_is_measured_too() -> None:
    changed = pruning().apply(admit(pruning(), fake_setup(phase="training")))
    assert all(weight.requires_grad for weight in changed.model.parameters())


@pytest.mark.parametrize(("changes", "name"), [({"share": 0}, "share"), ({"calibration_samples": 0}, "calibration")])
def test_values_out_of_range_are_refused(changes: dict[str, Any], name: str) -> None:
    values = {"share": 0.5, "calibration_samples": 4, "recovery": pruning().recovery}
    with pytest.raises(InputError, match=rf"head_pruning\.{name}"):
        HeadPruning(**(values | changes))
