"""A reference model's recipe: how its network is made and trained, and what its score stands beside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from suite.core.recipe import Recipe
from suite.core.setup import Setup
from suite.core.task import Example
from suite.toolkit.training.fit import Loss


def train_split(task: Any) -> Sequence[Example]:
    """The train split as it is."""
    split: Sequence[Example] = task.train()
    return split


def own_loss(task: Any) -> Loss:
    """The task's own."""
    own: Loss = task.loss
    return own


def as_it_is(processor: Any) -> None:
    """For processors that are ready for use."""


def no_controls(task: Any, setup: Setup) -> list[tuple[str, float]]:
    """For models whose baselines need no trained model."""
    return []


def no_ceilings(task: Any) -> list[tuple[str, float]]:
    """For models whose card names no score that none can be expected to beat."""
    return []


def no_figures(task: Any, setup: Setup) -> list[tuple[str, str]]:
    """For models whose card tells nothing else."""
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
        baselines: the task to name and test score of simple baselines, the trivial one first: it looks at no item, or
            at one place of each.
        controls: the task and the trained model to further ones, such as the model without part of its input.
        ceilings: the task to name and test score of what no model is expected to beat, such as the real thing.
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
    baselines: Callable[[Any], list[tuple[str, float]]]
    pool: Callable[[Any], Sequence[Example]] = train_split
    loss: Callable[[Any], Loss] = own_loss
    before_saving: Callable[[Any], None] = as_it_is
    controls: Callable[[Any, Setup], list[tuple[str, float]]] = no_controls
    ceilings: Callable[[Any], list[tuple[str, float]]] = no_ceilings
    figures: Callable[[Any, Setup], list[tuple[str, str]]] = no_figures
