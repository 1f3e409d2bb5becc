"""Each task: what a query is, the model that its yaml chooses, and how that scores beside simple baselines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.checkpoints import locations
from suite.checkpoints.card_scores import CardScores, scores_of
from suite.checkpoints.weights_hash import state_of
from suite.config.compose import composed
from suite.config.other_models import as_shipped
from suite.errors import InputError
from suite.io.paths import MODELS
from suite.plugins.conf_folders import conf_folders, options

Facts = dict[str, Any]

EMBEDDED = MODELS


def tasks(search_path: Sequence[str] = ()) -> list[Facts]:
    """Every task of conf, sorted by its name.

    Args:
        search_path: entries of ``hydra.searchpath``, for tasks outside of this suite.

    Raises:
        InputError: the search path leads nowhere.
    """
    found = [f"hydra.searchpath=[{','.join(search_path)}]"] if search_path else []
    return [task_facts(name, found) for name in options("task", conf_folders(search_path))]


def task_facts(name: str, overrides: Sequence[str] = ()) -> Facts:
    """One task, as a run of ``task=NAME`` and the ``overrides`` has it; of one that does not compose, the reason.

    ``score`` is the mean test score on the model's card; ``better_than_trivial`` and ``better_than_best`` what it is
    better by than the trivial baseline and the best of all simple ones, in units of the metric: below 0 the baseline
    is the better one. None is not stated.
    """
    try:
        config = composed([*overrides, f"task={name}"])
        model = _model(config.model)
        metric, higher = config.task.metric, config.task.higher_is_better
        folder = Path(as_shipped(model["path"]) or "") if model["state"] == "ok" else None
        scores = scores_of(folder, metric) if folder else None
    except InputError as error:
        return {"name": name, "reason": str(error)}
    about = {"query": config.task.query, "model": model, "metric": metric, "higher_is_better": higher}
    return {"name": name, "reason": None, **about, **_scores(scores, higher_is_better=higher)}


def _model(model: Any) -> Facts:
    """Its ``name``, its ``path`` and ``where`` it comes from: ``embedded``, ``local``, ``hub`` or ``random``."""
    path = as_shipped(model.path)
    if path is None:
        return {"name": model.name, "path": None, "where": "random", "state": None}
    if not locations.is_local(path):
        embedded = path.startswith(f"{EMBEDDED.name}/")  # and not there, so that it reads like a hub id
        state = "missing" if embedded else None
        return {"name": model.name, "path": path, "where": "embedded" if embedded else "hub", "state": state}
    where = "embedded" if Path(path).resolve().parent == EMBEDDED else "local"
    return {"name": model.name, "path": model.path, "where": where, "state": state_of(Path(path))}


def _scores(found: CardScores | None, *, higher_is_better: bool) -> Facts:
    if found is None:
        return {"score": None, "baselines": []} | _beside("trivial", None, 0.0, 0) | _beside("best", None, 0.0, 0)
    sign = 1 if higher_is_better else -1
    trivial = found.baselines[0] if found.baselines else None
    best = max(found.baselines, key=lambda each: sign * each[1], default=None)
    scores = {"score": found.model, "baselines": [_baseline(each) for each in found.baselines]}
    return scores | _beside("trivial", trivial, found.model, sign) | _beside("best", best, found.model, sign)


def _beside(kind: str, baseline: tuple[str, float] | None, score: float, sign: int) -> Facts:
    """One baseline, and what ``score`` is better by; rounded, since figures of a card are short."""
    better_by = round(sign * (score - baseline[1]), 12) if baseline else None
    return {f"{kind}_baseline": _baseline(baseline) if baseline else None, f"better_than_{kind}": better_by}


def _baseline(stated: tuple[str, float]) -> Facts:
    return {"name": stated[0], "score": stated[1]}
