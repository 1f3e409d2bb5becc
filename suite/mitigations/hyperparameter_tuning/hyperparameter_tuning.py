"""hyperparameter_tuning: a search for the cheapest smaller copy of the model that answers about as well."""

from __future__ import annotations

import dataclasses
import random
from typing import Any, ClassVar

from torch import nn

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Example
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries
from suite.toolkit.training import smaller
from suite.toolkit.training.retraining import retrain

NOTE = "hyperparameter_tuning"
"""Entry of the made model's config that says what the search chose; it is saved with the model."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HyperparameterTuning(Mitigation):
    """Tries smaller copies with other recipes, and keeps the one of least arithmetic that is right often enough.

    Attributes:
        trials: how many copies are trained, at least 1.
        least_layers_share: the fewest blocks that are tried, as a share of the model's, in (0, 1).
        least_channels_share: the fewest MLP channels that are tried, as a share of the model's, in (0, 1).
        largest_rate_factor: learning rates up to so many times that of ``training`` are tried, and down to its
            inverse; at least 1.
        least_steps_share: the fewest steps that are tried, as a share of those of ``training``, in (0, 1).
        held_out: samples of the train split that copies are judged on and not trained on, at least 1.
        largest_loss: of the share of right answers on them, in [0, 1].
        training: fields of ``suite.core.recipe.Recipe``: the recipe that is varied, of at least one step.
    """

    intervention: ClassVar[str] = "hyperparameter_tuning"
    source: ClassVar[str] = (
        "Akiba et al. 2019, Optuna, arXiv:1907.10902; the sampler from Ozaki et al. 2020, "
        "doi:10.1145/3377930.3389817; size and recipe searched together as in Tan & Le 2019, EfficientNet, "
        "arXiv:1905.11946"
    )
    idea: ClassVar[str] = (
        "How deep and how wide a model is, its learning rate and its steps are chosen once and rarely questioned. A "
        "search over all four finds a smaller model that answers about as well."
    )
    effect: ClassVar[str] = (
        "Energy per query falls about with the arithmetic that was saved, on any hardware. All trials are the one-off "
        "cost, which grows with their number: for few queries the search costs more than it saves. Does nothing where "
        "no smaller copy is right often enough."
    )
    accuracy: ClassVar[str] = (
        "Within the allowed loss on held-out samples; others lose a little more, as the best of several trials is "
        "partly luck."
    )
    deviations: ClassVar[str] = (
        "The original learnt from the held-out samples, the copies did not, so the loss is overstated. Copies start "
        "from the model's own blocks and channels, not from random weights. Arithmetic stands for energy: it is "
        "counted and does not depend on the machine's load."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"optuna": "optuna"},
        phase="inference",
        class_logits=True,
        trained=True,
        suits="models of one stack of equal blocks with one MLP each",
        reasons={
            "phase": "its trials are the one-off cost, measure it in inference",
            "trained": "how often the model is right means nothing",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("hyperparameter_tuning", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    trials: int
    least_layers_share: float
    least_channels_share: float
    largest_rate_factor: float
    least_steps_share: float
    held_out: int
    largest_loss: float
    training: dict[str, Any]

    def __post_init__(self) -> None:
        name = "hyperparameter_tuning"
        checks.count(f"{name}.trials", self.trials, least=1)
        checks.count(f"{name}.held_out", self.held_out, least=1)
        for share in ("least_layers_share", "least_channels_share", "least_steps_share"):
            checks.open_share(f"{name}.{share}", getattr(self, share))
        checks.closed_share(f"{name}.largest_loss", self.largest_loss)
        checks.positive(f"{name}.largest_rate_factor", self.largest_rate_factor)
        if self.largest_rate_factor < 1:
            got = self.largest_rate_factor
            raise InputError(f"{name}.largest_rate_factor must be at least 1", got=got, remedy="give for example 3")
        if checks.recipe(f"{name}.training", self.training).steps == 0:
            raise InputError(f"{name}.training.steps must be at least 1", got=0, remedy="give 1 or more")

    def apply(self, setup: Setup) -> Setup:
        """The best of ``trials`` smaller copies, each trained on the train split without the held-out samples."""
        if setup.random_weights:
            raise NotApplicable("the model has random weights: how often it is right means nothing")
        original = layers.require_float(setup)
        whole = smaller.shape_of(original)
        learnt, held_out = self._split(setup)
        best: tuple[int, Setup] | None = None
        least_loss, reference = 1.0, smaller.right_share(setup, held_out)
        most = smaller.forward_flops(setup)
        study = self._study(setup)
        for _ in range(self.trials):
            trial = study.ask()
            made, chosen = self._tried(setup, trial, whole, learnt)
            flops, loss = smaller.forward_flops(made), reference - smaller.right_share(made, held_out)
            study.tell(trial, (flops / most, loss))
            least_loss = min(least_loss, loss)
            if loss <= self.largest_loss and flops < (most if best is None else best[0]):
                config: Any = layers.module_of(made).config
                config.update({NOTE: chosen | {"held_out_loss": loss, "trials": self.trials}})
                best = flops, made
        if best is None:
            raise NotApplicable(
                f"none of {self.trials} smaller copies loses at most {self.largest_loss:g} of the right answers on "
                f"held-out samples (the best lost {least_loss:.3g}): give more trials or steps, or allow a larger loss"
            )
        return best[1]

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Size, arithmetic and what the search chose."""
        models = [layers.module_of(setup) for setup in (before, after)]
        was, now = (smaller.shape_of(model) for model in models)
        flops = [smaller.forward_flops(setup) for setup in (before, after)]
        seen = effect.changes(before, after) | {
            "blocks": {"before": was.blocks, "after": now.blocks},
            "mlp_channels": {"before": was.channels, "after": now.channels},
            "forward_flops": {"before": flops[0], "after": flops[1]},
            "chosen": _note(models[1]),
        }
        return effect.require(flops[1] < flops[0], "a forward pass computes as much as before", seen)

    def _study(self, setup: Setup) -> Any:
        optuna = libraries.load("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=setup.seed, n_startup_trials=max(1, self.trials // 2))
        return optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)

    def _split(self, setup: Setup) -> tuple[list[Example], list[Example]]:
        """What copies learn from, and what they are judged on; at most half of the split is held out."""
        examples = list(setup.task.train())
        random.Random(setup.seed).shuffle(examples)
        held_out = max(1, min(self.held_out, len(examples) // 2))
        return examples[held_out:], examples[:held_out]

    def _tried(
        self, setup: Setup, trial: Any, whole: smaller.Shape, learnt: list[Example]
    ) -> tuple[Setup, dict[str, Any]]:
        """A smaller copy, trained, and the values that the trial suggested for it."""
        recipe = checks.recipe("hyperparameter_tuning.training", self.training)
        wanted = smaller.scaled(
            whole,
            trial.suggest_float("layers_share", self.least_layers_share, 1.0),
            trial.suggest_float("channels_share", self.least_channels_share, 1.0),
        )
        rate, factor = recipe.learning_rate, self.largest_rate_factor
        rate = trial.suggest_float("learning_rate", rate / factor, rate * factor, log=True)
        steps = trial.suggest_int("steps", max(1, round(recipe.steps * self.least_steps_share)), recipe.steps)
        made = setup.replace(model=smaller.cut_to(setup, wanted))
        varied = dataclasses.replace(recipe, learning_rate=rate, steps=steps)
        retrain(made, recipe=varied, loss=setup.task.loss, examples=learnt)
        return made, {**dataclasses.asdict(wanted), "learning_rate": rate, "steps": steps}


def _note(model: nn.Module) -> dict[str, Any]:
    config: Any = model.config
    return dict(getattr(config, NOTE, {}))
