"""Whole numbers that a technique has chosen, in the layouts that torchao's kernels multiply by."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from suite.core.setup import Setup
from suite.toolkit import cuda_kernels, libraries
from suite.toolkit.rounding.gptq import Rounded

GROUP_SIZES = (32, 64, 128)
"""Weights that may share a scale in the 4-bit kernels of both devices."""
_CPU_ROWS, _CUDA_ROWS, _CUDA_COLUMNS = 16, 8, 1024


class Int4Linear(nn.Linear):
    """A Linear layer of packed 4-bit weights, computed in bfloat16, the one dtype that both devices' kernels have.

    The weight is left to the caller, who packs it.
    """

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """``states`` (…, inputs) to (…, outputs), in their dtype."""
        product = functional.linear(states.bfloat16(), self.weight).to(states.dtype)
        return product if self.bias is None else product + self.bias


def require_fitting(setup: Setup, layers: dict[str, nn.Linear], bits: int, group_size: int) -> None:
    """Passes where the kernel for ``bits`` takes the shapes of all ``layers``.

    Raises:
        NotApplicable: it does not.
    """
    if bits == 8:
        cuda_kernels.require_compiled(setup, "every weight is widened at every call, which only costs energy")
        return
    on_gpu = setup.device == "cuda"
    rows, columns = (_CUDA_ROWS, _CUDA_COLUMNS) if on_gpu else (_CPU_ROWS, group_size)
    cuda_kernels.require_multiples(layers, rows, columns, "the 4-bit kernel takes no others without padding them")


def int8_layer(layer: nn.Linear, weight: Rounded) -> nn.Linear:
    """``layer`` with 8-bit weights of one scale an output, which torchao widens as it multiplies; in place."""
    torchao = libraries.load("torchao.quantization")
    size = [1, layer.in_features]
    tensor = torchao.Int8Tensor(weight.numbers, weight.scale, size, layer.weight.dtype)
    layer.weight = nn.Parameter(tensor, requires_grad=False)
    return layer


def int4_layer(layer: nn.Linear, weight: Rounded) -> Int4Linear:
    """A layer in the place of ``layer`` with the 4-bit ``weight``, packed for its device."""
    made = Int4Linear(layer.in_features, layer.out_features, bias=False, device="meta").train(layer.training)
    made.bias = layer.bias
    made.weight = nn.Parameter(_packed(weight), requires_grad=False)
    return made


def _packed(weight: Rounded) -> Any:
    """Two numbers a byte, with scales and zeros as tinygemm's kernels read them, (groups, outputs, 2)."""
    outputs, inputs = weight.numbers.shape
    size, shape = [1, inputs // weight.scale.shape[1]], torch.Size((outputs, inputs))
    scales = torch.stack([weight.scale, weight.zero], dim=-1).transpose(0, 1).contiguous()
    numbers = weight.numbers.to(torch.int32) + 8
    if weight.numbers.device.type == "cuda":
        workflows = libraries.load("torchao.quantization")
        pairs = (numbers[:, ::2] << 4 | numbers[:, 1::2]).to(torch.uint8).contiguous()
        return workflows.Int4TilePackedTo4dTensor(torch._convert_weight_to_int4pack(pairs, 8), scales, size, shape)
    prototype = libraries.load("torchao.prototype.quantization.int4")
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(numbers, 1)
    return prototype.Int4OpaqueTensor(packed, scales, size, shape)
