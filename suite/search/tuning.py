"""Tuning: Optuna chooses the values of keys; each of its trials is an ordinary paired point."""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

from suite.analysis.run.baselines import baseline_of
from suite.analysis.summary import PointSummary
from suite.core import checks
from suite.errors import InputError
from suite.search.search import Found, Outcome, Proposal, Search, key_of
from suite.text import numbers as text

Sampler = Literal["tpe", "nsga2"]
_RANGE = ({"low", "high"}, {"low", "high", "step"}, {"low", "high", "log"})
STOPPED_RATIO = 1.0
"""What the sampler is told of a trial that the gate on scores stopped: as if it saved nothing. In no report."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tuning(Search):
    """Searches for values of least energy per query and least loss of score, both at once.

    Attributes:
        mitigation: the stack whose parameters are tuned, by name; empty for the baseline.
        space: override key to its range, ``{low, high}`` with a ``step`` or ``log: true``, or ``{choices: […]}``.
            Between whole numbers only whole ones are tried.
        trials: how many, at least 1. Trials of equal values are one point.
        sampler: ``tpe`` (Ozaki et al. 2020, doi:10.1145/3377930.3389817) or ``nsga2`` (Deb et al. 2002,
            doi:10.1109/4235.996017).
        startup_trials: random ones before the sampler learns; with ``nsga2`` the size of a generation, at least 2.
        seed: of the sampler.
    """

    mitigation: list[str]
    space: dict[str, dict[str, Any]]
    trials: int
    sampler: Sampler
    startup_trials: int
    seed: int

    def __post_init__(self) -> None:
        checks.count("search.trials", self.trials, least=1)
        checks.count("search.startup_trials", self.startup_trials, least=2)
        checks.count("search.seed", self.seed, least=0)
        if self.sampler not in get_args(Sampler):
            raise InputError("search.sampler is unknown", got=self.sampler, remedy="give tpe or nsga2")
        if not isinstance(self.mitigation, list):
            raise InputError("search.mitigation is a stack", got=self.mitigation, remedy="write [a] or [a,b]")
        if not self.space:
            raise InputError("search.space is empty", got=self.space, remedy="give a key with its low and high")
        for key, allowed in self.space.items():
            _check_space(key, allowed)
        _optuna()

    @property
    def most_points(self) -> int:
        """One a trial."""
        return self.trials

    def proposals(self, found: Found) -> list[Proposal]:
        """The trials so far and the next one: Optuna is asked anew for all, and told what became of each."""
        return self._trials(found)[0]

    def conclusions(self, found: Found) -> list[str]:
        """How many trials there were, and the values of the cheapest that passed."""
        once = {key: found[key] for key in map(key_of, self._trials(found)[0]) if key in found}
        stopped = sum(outcome.stopped_early for outcome in once.values())
        lines = [f"search: {len(once)} different trials, {stopped} stopped by the gate on scores before any window"]
        measured = {key: outcome.point for key, outcome in once.items() if outcome.point.energy_ratio is not None}
        if measured:
            key = min(measured, key=lambda each: measured[each].energy_ratio or math.inf)
            best = measured[key]
            ends = text.change_interval(best.energy_ratio_low, best.energy_ratio_high)
            change = text.score_change(best.score_delta, best.metric)
            lines.append(f"search: least energy {text.change(best.energy_ratio)} {ends}, score {change}: {key}")
        return lines

    def _trials(self, found: Found) -> tuple[list[Proposal], Any]:
        """Proposals of all trials up to the first without an outcome, and the study that they were asked of."""
        optuna = _optuna()
        study = optuna.create_study(directions=["minimize", "maximize"], sampler=self._sampler(optuna))
        asked: list[Proposal] = []
        first: PointSummary | None = None
        while len(asked) < self.trials:
            trial = study.ask()
            values = {key: _suggested(trial, key, allowed) for key, allowed in self.space.items()}
            stack = {"mitigation": f"[{','.join(self.mitigation)}]"} if self.mitigation else {"mitigation": "none"}
            asked.append(stack | values)
            outcome = found.get(key_of(asked[-1]))
            if outcome is None:
                break
            if first is None and outcome.point.energy_ratio is not None:
                first = outcome.point
            told = objectives(outcome, first)
            study.tell(trial, told) if told else study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return asked, study

    def _sampler(self, optuna: Any) -> Any:
        if self.sampler == "tpe":
            return optuna.samplers.TPESampler(seed=self.seed, n_startup_trials=self.startup_trials)
        return optuna.samplers.NSGAIISampler(seed=self.seed, population_size=self.startup_trials)


def objectives(outcome: Outcome, first: PointSummary | None) -> tuple[float, float] | None:
    """What the sampler is told: energy per query, and the difference of scores (0 where nothing is scored).

    Energy is the paired ratio. Where the trial's baseline is another than the first measured trial's (another batch
    size or runtime), the ratio is to that one's: the trial's own ratio times its baseline over that one.

    Returns:
        None where there is no figure.
    """
    if outcome.stopped_early and outcome.score_delta is not None:
        return STOPPED_RATIO, outcome.score_delta
    point = outcome.point
    if point.energy_ratio is None:
        return None
    delta = 0.0 if outcome.score_delta is None else outcome.score_delta
    if first is None or baseline_of(point) == baseline_of(first):
        return point.energy_ratio, delta
    mine, theirs = point.baseline_energy_per_query_j, first.baseline_energy_per_query_j
    return None if not mine or not theirs else (point.energy_ratio * mine / theirs, delta)


def _suggested(trial: Any, key: str, allowed: Mapping[str, Any]) -> Any:
    if "choices" in allowed:
        return trial.suggest_categorical(key, allowed["choices"])
    low, high, more = allowed["low"], allowed["high"], {k: v for k, v in allowed.items() if k in ("step", "log")}
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(key, low, high, **more)
    return float(f"{trial.suggest_float(key, low, high, **more):.4g}")  # as a person would write it


def _check_space(key: str, allowed: object) -> None:
    remedy = "give {low: 0.1, high: 0.8}, with a step or log: true, or {choices: [8, 16]}"
    if not isinstance(allowed, Mapping):
        raise InputError(f"search.space.{key} is no range", got=allowed, remedy=remedy)
    if set(allowed) == {"choices"}:
        if not isinstance(allowed["choices"], list) or not allowed["choices"]:
            raise InputError(f"search.space.{key}.choices is no list", got=allowed["choices"], remedy=remedy)
        return
    numbers = [value for name, value in allowed.items() if name != "log"]
    plain = all(isinstance(value, int | float) and not isinstance(value, bool) for value in numbers)
    if set(allowed) not in _RANGE or not plain or not allowed["low"] < allowed["high"]:
        raise InputError(f"search.space.{key} is no range", got=dict(allowed), remedy=remedy)


def _optuna() -> Any:
    """The library, told to be quiet.

    Raises:
        InputError: it is not installed.
    """
    try:
        optuna = importlib.import_module("optuna")
    except ModuleNotFoundError as error:
        remedy = "pip install -c constraints.txt optuna"
        raise InputError("tuning needs the package optuna", got=f"no {error.name}", remedy=remedy) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
