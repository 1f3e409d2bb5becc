"""gradient_checkpointing: activations are computed twice instead of kept, in training."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

import torch

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers
from suite.toolkit.training.retraining import own_randomness


@dataclasses.dataclass(frozen=True, kw_only=True)
class GradientCheckpointing(Mitigation):
    """Switches checkpointing on in every block."""

    intervention: ClassVar[str] = "gradient_checkpointing"
    source: ClassVar[str] = "Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174"
    idea: ClassVar[str] = (
        "Keep only each block's input in the forward pass and compute the rest again in the backward pass."
    )
    effect: ClassVar[str] = (
        "Costs energy, about one more forward pass a step; it saves memory, so that a larger batch or model fits, "
        "and that is where a saving can come from. Does nothing where it is on already."
    )
    accuracy: ClassVar[str] = "Unchanged: loss and gradients are the same."
    deviations: ClassVar[str] = "Non-reentrant checkpointing of each block, as transformers offers it."
    requires: ClassVar[Requires] = Requires(
        phase="training",
        suits="models of transformers that support it",
        reasons={"phase": "add workload=training_steps"},
    )

    def apply(self, setup: Setup) -> Setup:
        """A copy of the model that checkpoints every block while it trains."""
        original: Any = layers.module_of(setup)
        if not getattr(original, "supports_gradient_checkpointing", False):
            raise NotApplicable(f"{type(original).__name__} does not support gradient checkpointing")
        if any(getattr(part, "gradient_checkpointing", False) for part in original.modules()):
            raise NotApplicable("gradient checkpointing is on already")
        model: Any = layers.editable_copy(setup)
        renamed = hasattr(model, "activation_checkpointing_enable")  # transformers 5.2x; the old name warns there
        enable = model.activation_checkpointing_enable if renamed else model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
        model.config.use_cache = False  # a cache would hold on to what checkpointing lets go
        return setup.replace(model=model)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The bytes that one training batch keeps for its backward pass, before and after."""
        saved = {"before": saved_bytes(before), "after": saved_bytes(after)}
        seen = effect.changes(before, after) | {"saved_tensor_bytes": saved}
        return effect.require(saved["after"] < saved["before"], "a training step keeps as many bytes as before", seen)


def saved_bytes(setup: Setup) -> int:
    """Bytes that one training batch keeps for its backward pass, the weights apart; each tensor once.

    What a checkpointed block keeps to start again from (its input) is not seen.
    """
    model = layers.module_of(setup)
    ours = {weight.data_ptr() for weight in model.parameters()}
    kept: dict[tuple[int, int], torch.Tensor] = {}  # holds the tensors, so that no address is used twice

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in ours:
            kept[(tensor.data_ptr(), tensor.numel())] = tensor
        return tensor

    pool = setup.task.train()
    examples = [pool[index % len(pool)] for index in range(setup.batch_size)]
    batch = setup.task.training_batch(setup, examples)
    with own_randomness(setup), training_mode(model), setup.active():
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = setup.task.loss(model, batch)
        del loss
        return sum(tensor.numel() * tensor.element_size() for tensor in kept.values())


@contextlib.contextmanager
def training_mode(model: torch.nn.Module) -> Iterator[None]:
    """Training mode inside (checkpointing acts only there); every module's own mode is restored."""
    modes = {module: module.training for module in model.modules()}
    model.train()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
