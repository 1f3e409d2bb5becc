"""lora: full fine-tuning's weights stay frozen, and small low-rank matrices beside them are trained."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers
from suite.toolkit.training.retraining import own_randomness


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lora(Mitigation):
    """Gives every Linear layer but the head a trainable product of two small matrices, and freezes the rest.

    Attributes:
        rank: inner size of the product, at least 1.
        alpha: the product counts ``alpha / rank``; at least 1.
        dropout: of the product's input while training, in [0, 1].
    """

    intervention: ClassVar[str] = "efficient_architectures"
    source: ClassVar[str] = (
        "Hu et al. 2022, LoRA: Low-Rank Adaptation of Large Language Models, arXiv:2106.09685; made by peft, "
        "https://huggingface.co/docs/peft"
    )
    idea: ClassVar[str] = (
        "What fine-tuning changes in a weight matrix has a low rank. Train two thin matrices beside each frozen one: "
        "no gradient, no optimiser state and no update for the rest."
    )
    effect: ClassVar[str] = (
        "Saves the gradients of the weights (about a third of a step's arithmetic) and the optimiser's work and "
        "memory; the forward pass gets a little dearer. On small models that can outweigh the saving."
    )
    accuracy: ClassVar[str] = "Near that of full fine-tuning after as many steps, at a higher learning rate."
    deviations: ClassVar[str] = (
        "All Linear layers get adapters, not the attention's alone; the output head is trained whole, unless it is the "
        "embedding's matrix. The learning rate is the workload's, the same for both arms."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"peft": "peft"},
        phase="training",
        reasons={"phase": "it changes what a training step costs: add workload=training_steps"},
    )
    before: ClassVar[tuple[str, ...]] = ("graph",)

    rank: int
    alpha: int
    dropout: float

    def __post_init__(self) -> None:
        checks.count("lora.rank", self.rank, least=1)
        checks.count("lora.alpha", self.alpha, least=1)
        checks.closed_share("lora.dropout", self.dropout)

    def apply(self, setup: Setup) -> Setup:
        """A copy of the model with adapters, everything else but the head frozen."""
        import peft

        layers.require_float(setup)
        model = layers.editable_copy(setup)
        if any(hasattr(module, "lora_A") for module in model.modules()):
            raise NotApplicable("the model has adapters already")
        targets = list(layers.linears(model))
        if not targets:
            raise NotApplicable("the model has no Linear layer beside its head")
        config = peft.LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=targets,
            modules_to_save=_own_heads(model) or None,
        )
        with own_randomness(setup), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that it calls deprecated
            adapted = peft.get_peft_model(model, config)
        return setup.replace(model=adapted.to(dtype=setup.torch_dtype))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters that are trained, before and after."""
        trained = {"before": _trained(before), "after": _trained(after)}
        seen = effect.changes(before, after) | {"trained_parameters": trained}
        return effect.require(trained["after"] < trained["before"], "as many parameters are trained as before", seen)


def _own_heads(model: torch.nn.Module) -> list[str]:
    """Heads with weights of their own; one that is tied to the embedding stays frozen with it."""
    tied = {id(part.weight) for part in model.modules() if isinstance(part, torch.nn.Embedding)}
    parts = {name: model.get_submodule(name) for name in layers.heads(model)}
    own = [name for name, part in parts.items() if any(id(weight) not in tied for weight in part.parameters())]
    return [name for name in own if not any(name.startswith(f"{other}.") for other in own)]


def _trained(setup: Setup) -> int:
    return sum(weight.numel() for weight in layers.module_of(setup).parameters() if weight.requires_grad)
