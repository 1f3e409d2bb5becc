"""semi_structured_pruning: two of four weights in a row become zero, for the sparse tensor cores of a GPU."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any, ClassVar

import torch
from torch import nn
from torch.sparse import (
    SparseSemiStructuredTensor,
    SparseSemiStructuredTensorCUSPARSELT,
    SparseSemiStructuredTensorCUTLASS,
)

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import cuda_kernels, effect, layers

GROUP = 4
KEPT = 2
"""Of each ``GROUP`` neighbouring inputs so many weights stay: the pattern that sparse tensor cores know."""
DTYPES = ("bfloat16", "float16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SemiStructuredPruning(Mitigation):
    """Prunes every Linear layer but the head to 2:4 and stores it for torch's semi-structured sparse kernels."""

    intervention: ClassVar[str] = "pruning"
    source: ClassVar[str] = (
        "Mishra et al. 2021, Accelerating Sparse Deep Neural Networks, arXiv:2104.08378; "
        "torch.sparse.to_sparse_semi_structured, https://docs.pytorch.org/docs/stable/sparse.html"
    )
    idea: ClassVar[str] = (
        "Of every four neighbouring weights of a row the two smallest in magnitude become zero. The other two are "
        "stored with their places, and sparse tensor cores skip the zeros."
    )
    effect: ClassVar[str] = (
        "Less energy where arithmetic is the cost (large batches, wide layers): at most half of it. Weights take 9/16 "
        "of the bytes. On small batches or narrow layers the sparse kernels may cost more than dense ones."
    )
    accuracy: ClassVar[str] = "A loss that grows as models get smaller: half of all weights go, in a fixed pattern."
    deviations: ClassVar[str] = (
        "One shot by magnitude, without the retraining that the paper recovers its accuracy with; the output head is "
        "left whole. Packed weights cannot leave the GPU, so both arms must fit there (pairing=resident)."
    )
    requires: ClassVar[Requires] = Requires(
        device="cuda",
        compute_capability=(8, 0),
        phase="inference",
        suits="models whose Linear layers have sizes that its kernels take",
        reasons={
            "device": "only NVIDIA's sparse tensor cores skip the zeros",
            "compute_capability": "sparse tensor cores came with Ampere",
            "phase": "packed weights are frozen and cannot be trained",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)
    after: ClassVar[tuple[str, ...]] = ("training",)

    def apply(self, setup: Setup) -> Setup:
        """Prunes and packs a copy."""
        cuda_kernels.require_dtype(setup, DTYPES, "the packing for sparse tensor cores")
        model, chosen = layers.copy_to_quantise(setup)
        kind, rows, columns = sparse_format()
        cuda_kernels.require_multiples(chosen, rows, columns, f"{kind.BACKEND} has no sparse kernel for such shapes")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The PyTorch API of SparseSemiStructuredTensor")
            for layer in chosen.values():
                packed = kind.from_dense(pruned(layer.weight.detach()).contiguous())
                layer.weight = nn.Parameter(packed, requires_grad=False)
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The class of the packed weights, the zeros that their kernel multiplies with, and the bytes saved."""
        seen = effect.changes(before, after)
        packed = [part.weight for part in layers.module_of(after).modules() if is_packed(part)]
        seen |= {"packed_layers": len(packed), "weight_type": type(packed[0]).__name__ if packed else None}
        effect.require(bool(packed), "no layer's weights are packed for sparse kernels", seen)
        more = (seen["after"]["sparsity"] or 0) > (seen["before"]["sparsity"] or 0)
        effect.require(more, "no weight became zero", seen)
        return effect.require(seen["after"]["bytes"] < seen["before"]["bytes"], "the model did not get smaller", seen)


def two_of_four(weight: torch.Tensor) -> torch.Tensor:
    """Which weights stay: of every four neighbours in a row the two largest in magnitude, exactly.

    Args:
        weight: ``(out_features, in_features)``, ``in_features`` a multiple of 4.

    Returns:
        A mask of the same shape, true where a weight stays.
    """
    groups = weight.detach().abs().unflatten(-1, (-1, GROUP))
    kept = torch.zeros_like(groups, dtype=torch.bool)
    return kept.scatter_(-1, groups.topk(KEPT, dim=-1).indices, True).flatten(-2)


def pruned(weight: torch.Tensor) -> torch.Tensor:
    """``weight`` with zeros where ``two_of_four`` keeps nothing, still dense."""
    return torch.where(two_of_four(weight), weight, torch.zeros_like(weight))


def sparse_format() -> tuple[type[SparseSemiStructuredTensor], int, int]:
    """The packed format of the library that is here, and what rows and columns of 16-bit weights are multiples of.

    cuSPARSELt comes with torch's CUDA builds; without it CUTLASS is left, which knows fewer shapes.
    """
    if torch.backends.cusparselt.is_available():
        return SparseSemiStructuredTensorCUSPARSELT, 16, 16
    return SparseSemiStructuredTensorCUTLASS, 32, 64


def is_packed(module: nn.Module) -> bool:
    """True for a layer whose weights are stored for sparse kernels."""
    return isinstance(getattr(module, "weight", None), SparseSemiStructuredTensor)
