"""autocast_bf16: matrix products in bfloat16, everything else and the weights in float32."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, ClassVar

import torch

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutocastBf16(Mitigation):
    """Runs the model under ``torch.autocast`` to bfloat16."""

    intervention: ClassVar[str] = "batch_and_precision"
    source: ClassVar[str] = "Micikevicius et al. 2018, Mixed Precision Training, arXiv:1710.03740; torch.autocast"
    idea: ClassVar[str] = (
        "torch casts the inputs of each matrix product down and leaves sums, norms and softmax in float32."
    )
    effect: ClassVar[str] = (
        "The arithmetic gets as cheap as in bf16, but the weights keep 32 bits and are cast at every use, so it "
        "saves less than whole-model bf16 at small batches and may cost energy there. Does nothing on a model "
        "that is not in float32, or where autocast is on already."
    )
    accuracy: ClassVar[str] = (
        "Usually within noise. It is the safe way to train in 16 bits, since weights and updates stay in float32."
    )
    deviations: ClassVar[str] = (
        "torch's cache of cast weights is off. Our context spans many batches, and a cache that lives so long "
        "would hold stale weights in training and flatter inference. Generation, where one context usually spans "
        "all tokens of an answer, casts more often here than it must."
    )
    requires: ClassVar[Requires] = Requires(
        compute_capability=(8, 0), reasons={"compute_capability": "older GPUs have no bfloat16 units"}
    )
    kinds: ClassVar[tuple[str, ...]] = ("precision",)
    before: ClassVar[tuple[str, ...]] = ("quantisation", "graph")
    conflicts: ClassVar[tuple[str, ...]] = ("precision",)

    def apply(self, setup: Setup) -> Setup:
        """The same model with autocast entered around each window."""
        if setup.dtype != "float32":
            raise NotApplicable(f"autocast lowers float32, the model is in {setup.dtype}")
        layers.require_float(setup)
        with setup.active():
            if torch.is_autocast_enabled(setup.device):
                raise NotApplicable("autocast is on already")
        context = functools.partial(torch.autocast, setup.device, dtype=torch.bfloat16, cache_enabled=False)
        return setup.replace(contexts=(*setup.contexts, context))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The dtypes of the Linear layers' outputs under autocast.

        Raises:
            NotApplicable: the architecture does not run so; asked here, where the model lies on the device.
        """
        effect.require_answer(after, "under autocast to bfloat16")
        batch = effect.probe_batch(after)
        was, outputs = effect.observed_dtypes(before, batch), effect.observed_dtypes(after, batch)
        seen = effect.changes(before, after) | {"linear_outputs": outputs}
        changed = outputs.get("bfloat16", 0) > was.get("bfloat16", 0)
        return effect.require(changed, "no Linear layer answered in bfloat16", seen)
