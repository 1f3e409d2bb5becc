"""suite.toolkit.layers and suite.toolkit.effect on models whose parts are known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from suite.core.checks import count, flag, positive
from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.quantisation.int8_weight_only import Int8WeightOnly
from suite.toolkit import effect, layers, libraries
from tests.fakes import (
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


@pytest.mark.parametrize(
    ("make", "per_block", "beside", "head"),
    [
        (tiny_vit, 6, 0, "classifier"),
        (tiny_bert, 6, 1, "classifier"),  # beside the blocks: the pooler
        (tiny_roberta, 6, 0, "classifier"),
        (tiny_distilbert, 6, 1, "classifier"),  # the pre-classifier
        (tiny_modernbert, 4, 1, "classifier"),  # the head's dense layer
        (tiny_llama, 7, 0, "lm_head"),
    ],
)
def test_linears_are_all_but_the_head(make: Any, per_block: int, beside: int, head: str) -> None:
    found = layers.linears(make())
    assert len(found) == 4 * per_block + beside
    assert not [name for name in found if head in name.split(".")]


def test_conv1d_becomes_an_equal_linear() -> None:
    setup = fake_setup("generation", model=tiny_gpt2())
    copy = setup.replace(model=layers.editable_copy(setup))
    assert len(layers.linears(setup.model)) == 0
    assert len(layers.linears(copy.model)) == 4 * 4
    assert torch.allclose(answers(copy), answers(setup), atol=1e-6)


def test_the_projection_inside_multihead_attention_is_left_out() -> None:
    model = nn.ModuleDict({"attention": nn.MultiheadAttention(8, 2), "plain": nn.Linear(8, 8)})
    assert list(layers.linears(model)) == ["plain"]


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (tiny_vit, "vit.layers"),
        (tiny_bert, "bert.encoder.layer"),
        (tiny_distilbert, "distilbert.transformer.layer"),
        (tiny_llama, "model.layers"),
        (tiny_gpt2, "transformer.h"),
    ],
)
def test_blocks_are_found(make: Any, name: str) -> None:
    stack = layers.blocks(make())
    assert (stack.name, len(stack.modules)) == (name, 4)


def test_two_stacks_of_one_length_are_not_applicable() -> None:
    halves = {side: nn.ModuleList(nn.Linear(2, 2) for _ in range(3)) for side in ("encoder", "decoder")}
    with pytest.raises(NotApplicable, match="two stacks of 3 blocks: encoder and decoder"):
        layers.blocks(nn.ModuleDict(halves))


def test_no_stack_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="no stack"):
        layers.blocks(nn.Linear(2, 2))


def test_kept_blocks_are_renumbered_for_the_cache() -> None:
    model = tiny_llama()
    layers.keep_blocks(model, [1, 3])
    assert [block.self_attn.layer_idx for block in model.model.layers] == [0, 1]


def test_kept_blocks_keep_their_entries_in_the_config() -> None:
    kinds = ["full_attention", "sliding_attention", "sliding_attention", "full_attention"]
    model = tiny_modernbert(layer_types=kinds)
    layers.keep_blocks(model, [0, 2])
    assert model.config.layer_types == ["full_attention", "sliding_attention"]


def test_importance_is_the_product_of_norms() -> None:
    up, down = nn.Linear(2, 2), nn.Linear(2, 1)
    up.weight.data = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    down.weight.data = torch.tensor([[2.0, 7.0]])
    mlp = layers.Mlp(size=2, down=down, ups=[up], fused=False)
    assert mlp.importance().tolist() == [10.0, 7.0]  # 5 x 2 and 1 x 7


class TestSnapshot:
    def test_bytes_of_a_float_model_are_those_of_its_tensors(self) -> None:
        setup = fake_setup("generation")
        tensors = [*setup.model.parameters(), *setup.model.buffers()]
        assert effect.snapshot(setup)["bytes"] == sum(
            {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in tensors}.values()
        )

    def test_tied_weights_count_once(self) -> None:
        loose, tied = (fake_setup("generation", model=tiny_llama(tie_word_embeddings=tied)) for tied in (False, True))
        less = 64 * 32  # vocabulary times width
        assert effect.snapshot(tied)["parameters"] == effect.snapshot(loose)["parameters"] - less
        assert effect.snapshot(tied)["bytes"] == effect.snapshot(loose)["bytes"] - 4 * less

    def test_sparsity_and_quantised_share_worked_by_hand(self) -> None:
        first, second = nn.Linear(4, 4), nn.Linear(4, 12)
        first.weight.data[:2] = 0  # 8 of 16 + 48
        seen = effect.snapshot(fake_setup(model=nn.Sequential(first, second)))
        assert seen["sparsity"] == 8 / 64
        assert seen["quantised_share"] == 0

    def test_a_model_without_linear_layers_has_no_sparsity(self) -> None:
        seen = effect.snapshot(fake_setup(model=nn.Conv2d(1, 1, 3)))
        assert (seen["sparsity"], seen["quantised_share"]) == (None, 0.0)

    def test_dtypes_are_shares_of_the_parameters(self) -> None:
        model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 12, bias=False).to(torch.bfloat16))
        assert effect.snapshot(fake_setup(model=model))["dtypes"] == {"bfloat16": 0.75, "float32": 0.25}

    def test_what_cannot_be_weighed_is_an_error(self) -> None:
        with pytest.raises(TypeError, match="statistics"):
            effect.snapshot(fake_setup(model=len))


def test_observed_dtypes_come_from_a_real_batch_inside_the_contexts() -> None:
    setup = fake_setup()
    batch = effect.probe_batch(setup)
    assert effect.observed_dtypes(setup, batch) == {"float32": 25}
    assert not any(part._forward_hooks for part in setup.model.modules())


def test_require_quantised_needs_smaller_bytes() -> None:
    setup = fake_setup()
    quantised = Int8WeightOnly().apply(setup)
    with pytest.raises(NoEffect, match="did not get smaller"):
        effect.require_quantised(setup.replace(model=tiny_vit(num_hidden_layers=1)), quantised)


def test_a_missing_library_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="no_such_library cannot be imported here"):
        libraries.load("no_such_library")


@pytest.mark.parametrize("value", [0, float("nan"), "1", True])
def test_positive_refuses(value: Any) -> None:
    with pytest.raises(InputError, match="must be a number above 0"):
        positive("x.y", value)


def test_count_and_flag_accept_what_is_right() -> None:
    assert count("x.y", 1, least=1) is None
    assert flag("x.y", True) is None


def test_flag_refuses_a_number() -> None:
    with pytest.raises(InputError, match="must be true or false"):
        flag("x.y", 1)  # type: ignore[arg-type]
