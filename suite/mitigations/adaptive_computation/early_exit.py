"""early_exit: queries leave the model as soon as it is sure of them."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch
from torch import nn

from suite.checkpoints.hub import first_line
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import blocks, confidence, effect, exits, layers
from suite.toolkit.training.fit import fit
from suite.toolkit.training.retraining import own_randomness

TOLERANCE = 0.05
"""Of the largest logit: what other batch sizes may change in 16 bits."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EarlyExit(Mitigation):
    """Gives a classifier exits between its blocks.

    Attributes:
        threshold: probability of its class from which on a query leaves, in (0, 1).
        every: blocks from one exit to the next, at least 1.
        training: fields of ``suite.core.recipe.Recipe``: how the exits are trained, at least one step.
    """

    intervention: ClassVar[str] = "adaptive_computation"
    source: ClassVar[str] = (
        "Xin et al. 2020, DeeBERT, arXiv:2004.12993; Teerapittayanon et al. 2016, BranchyNet, arXiv:1709.01686"
    )
    idea: ClassVar[str] = (
        "A small head behind each block answers what is easy; a query of which it is sure leaves there, and the later "
        "blocks see a smaller batch."
    )
    effect: ClassVar[str] = (
        "Energy falls about with the mean share of blocks that queries go through, less the heads. On a GPU batches "
        "get smaller towards the end, and each exit waits for the device, which may cost more than it saves. Costs a "
        "little where hardly any query is sure enough."
    )
    accuracy: ClassVar[str] = "Falls where an early exit is sure and wrong; a higher threshold prevents it."
    deviations: ClassVar[str] = (
        "Exits look at the mean of all tokens, normalised; sureness is the largest softmax probability, where DeeBERT "
        "takes the entropy, and is not calibrated. The model itself is not trained further. The depths in the proof "
        "are of training samples, which it knows better than others."
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
            "one_device": "the exits lie on one, and the blocks before them elsewhere",
            "phase": "the training of the exits is the one-off cost, measure it in inference",
            "models": "it is for one label a query",
            "trained": "how sure the model is means nothing",
        },
    )
    before: ClassVar[tuple[str, ...]] = ("int8_quanto",)
    conflicts: ClassVar[tuple[str, ...]] = ("adaptive_computation", "graph")

    threshold: float
    every: int
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("early_exit.threshold", self.threshold)
        checks.count("early_exit.every", self.every, least=1)
        recipe = checks.recipe("early_exit.training", self.training)
        checks.count("early_exit.training.steps", recipe.steps, least=1)

    def apply(self, setup: Setup) -> Setup:
        """A copy of the model with exits, which are trained on the train split."""
        found = confidence.require_classifier(setup, "early_exit")
        if isinstance(found, exits.ManyExits):
            raise NotApplicable("the model has early exits already")
        depth = blocks.depth_of(found)
        numbers = exits.every(depth, self.every)
        if not numbers:
            raise NotApplicable(f"an exit every {self.every} blocks is none before the last of {depth}")
        model = layers.editable_copy(setup).eval()
        here = setup.replace(model=model)
        heads = _untrained(here, numbers)
        recipe = checks.recipe("early_exit.training", self.training)
        with own_randomness(setup):
            fit(heads, here, setup.task.train(), recipe=recipe, loss=_loss(here, numbers, heads), seed=setup.seed)
        made = _with_exits(here, dict(zip(numbers, heads.to(setup.torch_dtype), strict=True)), self.threshold)
        return setup.replace(model=made)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """How many blocks training samples go through, on average and by number of blocks."""
        model = after.model
        if not isinstance(model, exits.ManyExits):
            return effect.require(False, "the model has no exits", {})
        depths = exits.depths_of(model, lambda: confidence.answer_samples(after, model))
        rows = sum(depths.values())
        figures = {
            "blocks": model.blocks,
            "mean_exit_depth": sum(depth * count for depth, count in depths.items()) / rows,
            "share_by_depth": {str(depth): count / rows for depth, count in sorted(depths.items())},
        }
        return effect.changes(before, after) | figures


def _untrained(setup: Setup, numbers: list[int]) -> nn.ModuleList:
    """An exit for each of the blocks ``numbers``, in float32, drawn by the setup's seed."""
    answers: list[torch.Tensor] = []
    batch = effect.probe_batch(setup)
    with setup.active():
        states = exits.hidden_states(setup.model, numbers, lambda: answers.append(setup.model(**batch).logits))
    mask, rows = batch.get("attention_mask"), len(answers[0])
    fit_exits = all(
        state.dim() == 3 and len(state) == rows and (mask is None or mask.shape == state.shape[:2]) for state in states
    )
    if not fit_exits or answers[0].dim() != 2:
        what = effect.architecture(setup)
        raise NotApplicable(f"the blocks of {what} do not give a row of tokens a query, so nothing can leave there")
    with own_randomness(setup):
        heads = nn.ModuleList(exits.Exit(state.shape[-1], answers[0].shape[-1]) for state in states)
    return heads.to(setup.device)


def _loss(setup: Setup, numbers: list[int], heads: nn.ModuleList) -> Any:
    """Sum of the exits' cross-entropies on the true labels; the model itself is not trained."""

    def loss(trained: Any, batch: Batch) -> torch.Tensor:
        targets: list[torch.Tensor] = []
        with torch.no_grad():
            states = exits.hidden_states(
                setup.model, numbers, lambda: targets.append(setup.task.logits(setup.model, batch)[1])
            )
        mask = batch.get("attention_mask")
        return torch.stack(
            [
                nn.functional.cross_entropy(head(state.float(), mask), targets[0])
                for head, state in zip(heads, states, strict=True)
            ]
        ).sum()

    return loss


def _with_exits(setup: Setup, ways_out: dict[int, Any], threshold: float) -> exits.ManyExits:
    """The setup's model with exits, if it bears a batch that shrinks.

    Raises:
        NotApplicable: it does not.
    """
    batch, name = effect.probe_batch(setup), effect.architecture(setup)
    with setup.active():
        plain = setup.model(**batch).logits
        made = exits.ManyExits(setup.model, ways_out, threshold).eval()
        try:
            right = exits.rows_that_stay_are_right(made, batch, plain, TOLERANCE)
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            raise NotApplicable(f"{name} does not bear a batch that shrinks: {first_line(error)}") from error
    if not right:
        raise NotApplicable(f"{name} answers otherwise when other queries leave its batch")
    return made
