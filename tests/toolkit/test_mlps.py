"""The MLPs of a model: which layers they are, how channels are ranked and cut."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from suite.errors import NotApplicable
from suite.toolkit import mlps
from tests.architectures import architecture_setup


def test_importance_is_the_product_of_norms() -> None:
    up, down = nn.Linear(2, 2), nn.Linear(2, 1)
    up.weight.data = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    down.weight.data = torch.tensor([[2.0, 7.0]])
    mlp = mlps.Mlp(size=2, down=down, ups=[up], fused=False)
    assert mlp.importance().tolist() == [10.0, 7.0]  # 5 x 2 and 1 x 7


def test_conv1d_is_cut_where_it_stands() -> None:
    """Its weight is stored the other way round: inputs by outputs."""
    up, down = Conv1D(3, 2), Conv1D(2, 3)
    up.weight.data = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    up.bias.data = torch.tensor([7.0, 8.0, 9.0])
    down.weight.data = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]])
    mlp = mlps.Mlp(size=3, down=down, ups=[up], fused=False)
    assert torch.allclose(mlp.importance() ** 2, torch.tensor([17.0 * 1, 29.0 * 4, 45.0 * 25]))
    mlp.keep(torch.tensor([1, 2]))
    assert up.weight.tolist() == [[2.0, 3.0], [5.0, 6.0]]
    assert up.bias.tolist() == [8.0, 9.0]
    assert down.weight.tolist() == [[0.0, 2.0], [3.0, 4.0]]
    assert (up.nf, up.nx, down.nf, down.nx) == (2, 2, 2, 2)


def test_the_size_of_one_part_is_that_of_its_own_config() -> None:
    model = architecture_setup("clip").model
    assert mlps.mlp_size(model) == ("intermediate_size", 64)
    mlps.set_mlp_size(model, 32)
    assert model.config.vision_config.intermediate_size == 32
    assert model.config.text_config.intermediate_size == 48


def test_a_model_of_convolutions_is_told_what_would_apply() -> None:
    with pytest.raises(NotApplicable, match=r"9\d % .* are in convolutions.*cutting channels of convolutions would"):
        mlps.mlps_of(architecture_setup("mobilenet_v2").model)
