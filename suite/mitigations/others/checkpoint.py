"""checkpoint: another ready checkpoint in the model's place."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch

from suite.checkpoints.pretrained import load_beside
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint(Mitigation):
    """Loads ``path`` instead of the model, in the same dtype and on the same device.

    Attributes:
        path: a local Hugging Face directory or a hub id; None is refused as a requirement that is not met.
        revision: branch, tag or commit of a hub repository; None for its default branch.
    """

    intervention: ClassVar[str] = ""
    source: ClassVar[str] = (
        "Sanh et al. 2019, DistilBERT, arXiv:1910.01108; Frantar et al. 2023, GPTQ, arXiv:2210.17323"
    )
    idea: ClassVar[str] = (
        "Somebody made a smaller or quantised version already: DistilBERT for BERT, a GPTQ model for its original."
    )
    effect: ClassVar[str] = (
        "Whatever the checkpoint has; it is measured like any technique's. Its making, however costly, is not in "
        "the one-off cost, which is only the loading. Does nothing if the checkpoint's weights are the model's "
        "own."
    )
    accuracy: ClassVar[str] = "That of the checkpoint, measured like any technique's."
    deviations: ClassVar[str] = (
        "The checkpoint brings its own tokenizer or image processor, so the same queries may become other tokens."
    )
    requires: ClassVar[Requires] = Requires(parameters=("path",), reasons={"parameters": "no checkpoint was named"})
    before: ClassVar[tuple[str, ...]] = (
        "pruning",
        "distillation",
        "quantisation",
        "efficient_architectures",
        "adaptive_computation",
        "training",
        "gradient_checkpointing",
        "attention_implementation",
        "graph",
    )
    stack_reason: ClassVar[str] = "a checkpoint takes the model's place, and what was done to the model is lost"

    path: str | None
    revision: str | None

    def __post_init__(self) -> None:
        checks.checkpoint_path("checkpoint.path", self.path)

    def apply(self, setup: Setup) -> Setup:
        """The setup with the checkpoint's model and processor; contexts and batch size stay."""
        model, processor = load_beside("checkpoint", self.path, setup, self.revision)
        return setup.replace(model=model, processor=processor, random_weights=False)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Both models in figures, and whether their weights differ."""
        seen = effect.changes(before, after) | {"weights_differ": weights_differ(before.model, after.model)}
        return effect.require(seen["weights_differ"], "the checkpoint's weights are the model's own", seen)


def weights_differ(first: Any, second: Any) -> bool:
    """Whether two models have other weights, by name, shape, dtype or value."""
    if not isinstance(first, torch.nn.Module) or not isinstance(second, torch.nn.Module):
        return first is not second
    ours, theirs = first.state_dict(), second.state_dict()
    if ours.keys() != theirs.keys():
        return True
    return any(
        ours[name].shape != theirs[name].shape
        or ours[name].dtype != theirs[name].dtype
        or not torch.equal(ours[name], theirs[name])
        for name in ours
    )
