"""cascade: a small model answers, and a large one where the small is not sure."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import types
from typing import Any, ClassVar

import torch
from torch import nn

from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.other_architecture import load_other
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.scoring.labels import classes_of
from suite.toolkit import confidence, effect, layers
from suite.toolkit.training import students
from suite.toolkit.training.teaching import Lesson, teach


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cascade(Mitigation):
    """Puts a small model in front of the model.

    Attributes:
        small: the small model; None for a student of the model itself.
        threshold: probability of its class from which on the small model's answer stands, in (0, 1).
        keep_layers_share: share of the model's blocks that the student keeps, in (0, 1).
        training: fields of ``suite.core.recipe.Recipe``: how the student is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "adaptive_computation"
    source: ClassVar[str] = (
        "Chen et al. 2023, FrugalGPT, arXiv:2305.05176; with classifiers, Wang et al. 2022, Wisdom of Committees, "
        "arXiv:2012.01988"
    )
    idea: ClassVar[str] = (
        "Most queries are easy: a small model answers all of them first, and only those of which it is not sure go to "
        "the large model as well."
    )
    effect: ClassVar[str] = (
        "Energy comes to that of the small model plus the escalated share of the large one's: it saves where that sum "
        "is below 1. Both lie in memory. Costs energy where most queries are escalated, and on a GPU whose batches get "
        "too small to fill it."
    )
    accuracy: ClassVar[str] = "Near the large model's; it falls where the small model is sure and wrong."
    deviations: ClassVar[str] = (
        "Sureness is the largest softmax probability, not calibrated, and the threshold is not tuned. The student is "
        "taught by distillation as the technique of that name does it. The share in the proof is of training samples, "
        "of which the student is surer than of others."
    )
    requires: ClassVar[Requires] = Requires(
        one_device=True,
        phase="inference",
        models=(
            "AutoModelForImageClassification",
            "AutoModelForSequenceClassification",
            "AutoModelForAudioClassification",
        ),
        trained=True,
        reasons={
            "one_device": "both models are moved as one",
            "phase": "what is trained here is the one-off cost, measure it in inference",
            "models": "it is for one label a query",
            "trained": "how sure the model is means nothing",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("quantisation",)
    conflicts: ClassVar[tuple[str, ...]] = ("adaptive_computation", "graph")

    small: ModelSpec | None
    threshold: float
    keep_layers_share: float
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("cascade.threshold", self.threshold)
        checks.open_share("cascade.keep_layers_share", self.keep_layers_share)
        checks.recipe("cascade.training", self.training)

    def apply(self, setup: Setup) -> Setup:
        """A student of the model, or the model ``small``, in front of a copy of it."""
        model = confidence.require_classifier(setup, "cascade")
        if isinstance(model, TwoModels):
            raise NotApplicable("the model is a cascade already")
        small = self._student(setup) if self.small is None else self._loaded(setup, self.small)
        students.require_smaller(small, model)
        made = setup.replace(model=TwoModels(small, layers.editable_copy(setup), self.threshold))
        effect.require_answer(made, f"behind {type(small).__name__}")
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of training samples that is escalated, and the size of the small model."""
        model = after.model
        if not isinstance(model, TwoModels):
            return effect.require(False, "the model is no cascade", {})
        seen = {"small": 0, "large": 0}
        with model.counting(seen):
            asked = confidence.answer_samples(after, model)
        figures = {
            "small": {"parameters": sum(map(effect.logical_count, model.small.parameters()))},
            "escalated_share": seen["large"] / asked,
        }
        happened = seen["small"] == asked
        return confidence.changes(before, after, figures, happened, "the small model was not asked")

    def _student(self, setup: Setup) -> nn.Module:
        recipe = checks.recipe("cascade.training", self.training)
        made = students.untaught(setup, None, self.keep_layers_share)
        teach(made, setup, recipe=recipe, lesson=Lesson(temperature=1.0, alpha=0.5, hidden_weight=0.0))
        return layers.module_of(made)

    def _loaded(self, setup: Setup, spec: ModelSpec) -> nn.Module:
        small, processor = load_other(spec, setup)
        if not students.same_inputs(setup.processor, processor):
            raise NotApplicable("the small model reads other inputs than the model (its tokenizer or image processor)")
        if classes_of(small.config).names != classes_of(setup.model.config).names:
            raise NotApplicable("the small model has other classes than the model, or in another order")
        found: nn.Module = small
        return found


class TwoModels(nn.Module):
    """Answers with ``small``, and with ``large`` in the rows where ``small`` is not sure.

    Attributes:
        config: the large model's, which tells tasks its labels and its longest input.
        threshold: probability from which on the small model's answer stands.
    """

    def __init__(self, small: nn.Module, large: nn.Module, threshold: float) -> None:
        super().__init__()
        self.small, self.large, self.threshold = small, large, threshold
        self.config: Any = copy.deepcopy(large.config)

    def forward(self, **batch: torch.Tensor) -> types.SimpleNamespace:
        """Logits (batch, classes)."""
        logits = self.small(**accepted(self.small, batch)).logits
        open_rows = (~confidence.sure(logits, self.threshold)).nonzero().squeeze(1)
        if len(open_rows):
            logits = logits.index_copy(0, open_rows, self.large(**confidence.rows_of(batch, open_rows)).logits)
        return types.SimpleNamespace(logits=logits)

    def counting(self, seen: dict[str, int]) -> Any:
        """A context in which the rows that each model is given are added to ``seen``."""
        return effect.hooks(
            part.register_forward_pre_hook(
                lambda _, given, named, name=name: _count(seen, name, named), with_kwargs=True
            )
            for name, part in (("small", self.small), ("large", self.large))
        )


def accepted(model: nn.Module, batch: Batch) -> Batch:
    """What ``model`` takes of ``batch``: DistilBERT has no ``token_type_ids``, which BERT's tokenizer makes."""
    takes = inspect.signature(model.forward).parameters.values()
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in takes):
        return batch
    names = {one.name for one in takes}
    return {name: tensor for name, tensor in batch.items() if name in names}


def _count(seen: dict[str, int], name: str, batch: dict[str, torch.Tensor]) -> None:
    seen[name] += len(next(iter(batch.values())))
