"""Where a model's blocks are, and what dropping some of them leaves."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from suite.errors import NotApplicable
from suite.toolkit import blocks
from tests.architectures import architecture_setup
from tests.fakes import tiny_bert, tiny_distilbert, tiny_gpt2, tiny_llama, tiny_modernbert, tiny_vit


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
    stack = blocks.stack_of(make())
    assert (stack.name, len(stack.modules)) == (name, 4)


def test_two_stacks_of_one_length_are_not_applicable() -> None:
    halves = {side: nn.ModuleList(nn.Linear(2, 2) for _ in range(3)) for side in ("encoder", "decoder")}
    with pytest.raises(NotApplicable, match="two stacks of 3 blocks: encoder and decoder"):
        blocks.stack_of(nn.ModuleDict(halves))


def test_no_stack_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="no stack"):
        blocks.stack_of(nn.Linear(2, 2))


def test_kept_blocks_are_renumbered_for_the_cache() -> None:
    model = tiny_llama()
    blocks.keep_blocks(model, [1, 3])
    assert [block.self_attn.layer_idx for block in model.model.layers] == [0, 1]


def test_kept_blocks_keep_their_entries_in_the_config() -> None:
    kinds = ["full_attention", "sliding_attention", "sliding_attention", "full_attention"]
    model = tiny_modernbert(layer_types=kinds)
    blocks.keep_blocks(model, [0, 2])
    assert model.config.layer_types == ["full_attention", "sliding_attention"]


@pytest.mark.parametrize(
    ("architecture", "stages"),
    [("swin", "swin.encoder.layers"), ("convnext", "convnext.encoder.stages"), ("segformer", "segformer.stages")],
)
def test_stages_of_different_widths_are_no_blocks(architecture: str, stages: str) -> None:
    with pytest.raises(NotApplicable, match=f"2 stages or blocks of different widths .{stages}."):
        blocks.stack_of(architecture_setup(architecture).model)


def test_experts_in_a_block_are_no_stack() -> None:
    block = [nn.ModuleList(nn.Linear(2, 2) for _ in range(8)) for _ in range(3)]
    model = nn.ModuleDict({"layers": nn.ModuleList(nn.ModuleDict({"experts": experts}) for experts in block)})
    assert blocks.stack_of(model).name == "layers"


def test_one_block_that_all_layers_share_cannot_be_dropped() -> None:
    with pytest.raises(NotApplicable, match="the 2 layers of the model share one block"):
        blocks.depth_of(architecture_setup("albert").model)


def test_gpt_neo_keeps_the_kinds_of_its_blocks_and_their_places() -> None:
    model = architecture_setup("gpt_neo", num_layers=4, attention_types=[[["global", "local"], 2]]).model
    blocks.keep_blocks(model, [0, 3])
    assert [block.attn.layer_id for block in model.transformer.h] == [0, 1]
    assert [block.attn.attention.layer_id for block in model.transformer.h] == [0, 1]
    assert (model.config.attention_layers, model.config.num_layers) == (["global", "local"], 2)
    again = type(model)(type(model.config)(**model.config.to_dict()))  # as a saved copy is read
    assert [block.attn.attention_type for block in again.transformer.h] == ["global", "local"]


def test_blocks_of_one_part_are_described_by_the_config_of_that_part() -> None:
    """CLIP's own config describes its text encoder, which its image classifier has not, as well."""
    model = architecture_setup("clip").model
    blocks.keep_blocks(model, [0])
    assert model.config.vision_config.num_hidden_layers == 1
    assert model.config.text_config.num_hidden_layers == 3


@pytest.mark.parametrize(
    ("depth", "kept", "numbers"),
    [
        (12, 6, [0, 2, 4, 7, 9, 11]),  # the choice of DistilBERT's authors
        (4, 2, [0, 3]),
        (4, 3, [0, 2, 3]),  # 1.5 rounds to the even number
        (4, 1, [0]),
    ],
)
def test_kept_blocks_are_evenly_spaced(depth: int, kept: int, numbers: list[int]) -> None:
    assert blocks.spaced(depth, kept) == numbers
