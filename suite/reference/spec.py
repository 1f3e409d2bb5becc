"""A reference model's recipe: how its network is made and trained, and what its score stands beside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from suite.core.recipe import Recipe
from suite.core.task import Example
from suite.toolkit.training.fit import Loss


def _none(task: Any, setup: Any) -> list[tuple[str, str]]:
    return []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reference:
    """One reference model.

    Attributes:
        name: of the folder in ``models/``.
        task: name of the task's yaml.
        title: the card's heading.
        data: for the card: what the data is, whose, under which licence, and how it is split.
        training: for the card: what the recipe does besides AdamW with warm-up and cosine decay.
        tag: the card's ``pipeline_tag``.
        recipe: optimiser and length.
        build: the task to an untrained model and its processor.
        pool: the task to the samples that are trained on, drawn from its train split.
        loss: task to loss.
        before_saving: makes the processor ready for use (switches augmentation off).
        baselines: the task to name and test score of simple baselines.
        figures: the task and a setup of the stored model to what else its card tells, name and figure.
    """

    name: str
    task: str
    title: str
    data: str
    training: str
    tag: str
    recipe: Recipe
    build: Callable[[Any], tuple[Any, Any]]
    pool: Callable[[Any], Sequence[Example]]
    loss: Callable[[Any], Loss]
    before_saving: Callable[[Any], None]
    baselines: Callable[[Any], list[tuple[str, float]]]
    figures: Callable[[Any, Any], list[tuple[str, str]]] = _none
