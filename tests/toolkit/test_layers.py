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
from tests.architectures import BLOCKS, architecture_setup
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
        (tiny_distilbert, 6, 0, "classifier"),
        (tiny_modernbert, 4, 0, "classifier"),
        (tiny_llama, 7, 0, "lm_head"),
    ],
)
def test_linears_are_all_but_the_head(make: Any, per_block: int, beside: int, head: str) -> None:
    found = layers.linears(make())
    assert len(found) == 4 * per_block + beside
    assert not [name for name in found if head in name.split(".")]


@pytest.mark.parametrize("make", [tiny_gpt2, tiny_vit])
def test_an_editable_copy_has_the_layers_of_the_original(make: Any) -> None:
    setup = fake_setup(model=make())
    copied = layers.editable_copy(setup)
    assert [type(part) for part in copied.modules()] == [type(part) for part in setup.model.modules()]


@pytest.mark.parametrize(
    ("architecture", "per_block"),
    [("gpt2", 4), ("falcon", 4)],  # query, key and value in one; their output; up and down
)
def test_what_is_quantised_was_made_an_equal_linear(architecture: str, per_block: int) -> None:
    setup = architecture_setup(architecture)
    model, chosen = layers.copy_to_quantise(setup)
    assert len(layers.linears(setup.model)) == 0
    assert len(chosen) == BLOCKS * per_block
    assert torch.allclose(answers(setup.replace(model=model)), answers(setup), atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "names"),
    [
        ("t5", ["classification_head"]),
        ("bart", ["classification_head"]),
        ("xlm", ["sequence_summary"]),
        ("swiftformer", ["norm", "head", "dist_head"]),
        ("clip", ["classifier"]),
        ("gpt2", ["score"]),
    ],
)
def test_the_head_is_what_stands_beside_the_backbone(architecture: str, names: list[str]) -> None:
    model = architecture_setup(architecture).model
    assert layers.heads(model) == names
    assert not [name for name in layers.weighted(model) if name.split(".")[0] in names]


def test_a_layer_that_the_model_multiplies_by_itself_is_not_quantised() -> None:
    """Mamba reads ``dt_proj.weight`` instead of calling the layer."""
    setup = architecture_setup("mamba")
    assert "backbone.layers.0.mixer.dt_proj" in layers.linears(setup.model)
    _, chosen = layers.copy_to_quantise(setup)
    parts = [name.rpartition(".")[2] for name in chosen]
    assert parts == ["in_proj", "x_proj", "out_proj"] * BLOCKS


def test_what_is_called_is_asked_of_the_copy(monkeypatch: Any) -> None:
    """The original may wait in the host's memory while the copy lies on the device."""
    setup, asked = fake_setup(), []
    observed = effect.observed_dims
    monkeypatch.setattr(effect, "observed_dims", lambda seen, batch: asked.append(seen.model) or observed(seen, batch))
    model, _ = layers.copy_to_quantise(setup)
    assert asked == [model]


def test_layers_whose_inputs_have_too_many_dimensions_are_left_out() -> None:
    """Swin v2 asks a small MLP for the bias of each position, in a table of three axes and a batch."""
    _, every = layers.copy_to_quantise(architecture_setup("swinv2"))
    _, chosen = layers.copy_to_quantise(architecture_setup("swinv2"), most_dims=3)
    assert {name.split(".")[-2] for name in set(every) - set(chosen)} == {"continuous_position_bias_mlp"}
    assert len(every) - len(chosen) == 2 * 2  # two layers in each of two blocks


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("architecture", "buffer"), [("swinv2", "relative_coords_table"), ("openai-gpt", "bias")])
def test_a_buffer_that_is_not_saved_follows_the_weights_where_the_model_says_so(
    architecture: str, buffer: str, dtype: torch.dtype
) -> None:
    model = layers.editable_copy(architecture_setup(architecture))
    layers.convert_float(model, dtype)
    found = [value.dtype for name, value in model.named_buffers() if name.rpartition(".")[2] == buffer]
    assert found == [dtype] * BLOCKS
    layers.convert_float(model, torch.float32)
    assert {value.dtype for value in model.buffers() if value.is_floating_point()} == {torch.float32}


def test_the_projection_inside_multihead_attention_is_left_out() -> None:
    model = nn.ModuleDict({"attention": nn.MultiheadAttention(8, 2), "plain": nn.Linear(8, 8)})
    assert list(layers.linears(model)) == ["plain"]


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

    def test_a_model_without_products_has_no_sparsity(self) -> None:
        seen = effect.snapshot(fake_setup(model=nn.Embedding(4, 4)))
        assert (seen["sparsity"], seen["quantised_share"]) == (None, 0.0)

    def test_zeros_of_convolutions_count(self) -> None:
        model = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Linear(2, 2))
        model[0].weight.data[0] = 0  # 4 of 8 + 4
        assert effect.snapshot(fake_setup(model=model))["sparsity"] == 4 / 12

    def test_the_share_of_all_parameters_that_is_quantised(self) -> None:
        """64 weights in 8 bits beside an embedding of 192 in float."""
        small = nn.Linear(8, 8, bias=False)
        small.weight = nn.Parameter(torch.ones(8, 8, dtype=torch.int8), requires_grad=False)
        seen = effect.snapshot(fake_setup(model=nn.Sequential(nn.Embedding(24, 8), small)))
        assert (seen["quantised_share"], seen["quantised_share_of_all"]) == (1.0, 64 / 256)

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
