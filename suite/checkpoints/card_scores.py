"""The scores that a model card's front matter states: the model's own, and what simple baselines score beside it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml

from suite.errors import InputError

BASELINES = "baselines"
"""Field of the front matter: a list of ``name`` and ``value``, in the metric of the card's one evaluation."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CardScores:
    """What the card states, in units of the metric.

    Attributes:
        model: the model's mean score on the test split.
        baselines: name and score of each.
    """

    model: float
    baselines: tuple[tuple[str, float], ...]


def scores_of(folder: Path, metric: str) -> CardScores | None:
    """The scores in ``metric`` on the card of the model in ``folder``; None where it states none.

    Raises:
        InputError: the front matter cannot be read.
    """
    card = folder / "README.md"
    if not card.is_file():
        return None
    try:
        data = _data(card)
        stated = [result.metric_value for result in data.eval_results or () if result.metric_type == metric]
        baselines = tuple((str(each["name"]), float(each["value"])) for each in data.get(BASELINES) or ())
        return CardScores(model=float(stated[0]), baselines=baselines) if stated else None
    except (ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        what = f"the front matter of a model card cannot be read ({' '.join(str(error).split())})"
        raise InputError(what, got=str(card), remedy="correct it, or train the model again") from error


def _data(card: Path) -> Any:
    from huggingface_hub import ModelCard  # takes half a second, and only cards need it

    return ModelCard(card.read_text(encoding="utf-8")).data
