"""Task: data in splits, the way a model is asked, and how its answers are scored."""

from __future__ import annotations

import copy
import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch

from suite.core import checks
from suite.core.own_data import OwnData, own_data
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Reads

Example = Mapping[str, Any]
"""One item of a split: ``image`` and ``label``, ``text`` and ``label``, or ``text``; plus ``source``."""

Item = TypeVar("Item")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FurtherScore:
    """A score of one arm beside the task's own, on the same items in both arms.

    Attributes:
        metric: its name, e.g. ``log_perplexity``.
        higher_is_better: its direction.
        items: one an item, in a fixed order.
        clusters: the number of the source of each item; None where items are independent.
        tokens: of each item, where the score is one a token: with other tokens it is another score.
    """

    metric: str
    higher_is_better: bool
    items: list[float]
    clusters: list[int] | None = None
    tokens: list[int] | None = None


Batch = dict[str, torch.Tensor]
"""Tensors by the model's keyword; all have the batch as first dimension."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A task with its data.

    Attributes:
        name: the conf key.
        data: None for the embedded data; else a local file, a folder or a hub dataset id, or one a split.
        columns: ``input`` and ``label``: columns of the user's own tables, where names do not tell; else None.
        query: what one query is, for people.
        metric: what ``evaluate`` returns per item, e.g. ``accuracy`` or ``bits_per_byte``.
        higher_is_better: the metric's direction.
        margin: the largest loss of score that still counts as none.
        margin_relative: True if ``margin`` is a share of the baseline's score, False if absolute.
        query_count: length of the fixed list of queries.
        max_scored: at most so many test items are scored (None: all). Set by the protocol.
        seed: draws the queries and the scored sample.
    """

    auto_class: ClassVar[str]
    """Name of the ``transformers`` class that loads a model for this task."""
    processor_class: ClassVar[str]
    """Name of the ``transformers`` class that loads its processor."""
    generates: ClassVar[bool] = False
    """Whether a query is answered token by token, by the model's ``generate``."""
    reads: ClassVar[Reads | None] = None
    """What a query gives the model: ``text`` (token ids), ``image``, ``sound`` or ``noise``; None is not told."""
    class_logits: ClassVar[bool] = True
    """Whether ``logits`` gives any: a task whose answers are no classes or tokens has none to learn from."""
    logits_alone: ClassVar[bool] = True
    """Whether all that the task reads of the model's answer is its ``logits``: no hidden states, boxes or ends."""
    prompted: ClassVar[bool] = False
    """Whether it asks by a prompt what a model with a head could be asked: ``as_task_specific`` says how."""

    name: str
    data: OwnData | None
    columns: dict[str, str | None]
    query: str
    metric: str
    higher_is_better: bool
    margin: float
    margin_relative: bool
    query_count: int
    max_scored: int | None
    seed: int

    def __post_init__(self) -> None:
        """Checks what all tasks have."""
        checks.count("task.query_count", self.query_count, least=1)
        checks.count("task.seed", self.seed, least=0)
        if self.max_scored is not None:
            checks.count("task.max_scored", self.max_scored, least=1)
        if set(self.columns) != {"input", "label"}:
            remedy = "give task.columns.input or task.columns.label"
            raise InputError("task.columns must have input and label", got=self.columns, remedy=remedy)
        checks.flag("task.margin_relative", self.margin_relative)
        margin = self.margin
        if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin < math.inf:
            remedy = "give the largest harmless loss"
            raise InputError("task.margin must be a number of at least 0", got=margin, remedy=remedy)
        object.__setattr__(self, "data", own_data(self.data))  # conf names splits in a mapping

    @abstractmethod
    def train(self) -> Sequence[Example]:
        """The training split; the only one a technique may touch.

        Raises:
            NotApplicable: the user's own data has none.
        """

    @abstractmethod
    def validation(self) -> Sequence[Example]:
        """For fixing recipes; apart from train and test. Raises NotApplicable like ``train``."""

    @abstractmethod
    def test(self) -> Sequence[Example]:
        """The items that are scored, at most ``max_scored``, always the same and in the same order."""

    def scored_from(self) -> str:
        """How many items of what ``test()`` holds, for people: ``872 of 872 items of reviews.jsonl``."""
        return f"{len(self.test())} items"

    def samples(self, count: int) -> list[Example]:
        """At most ``count`` items to run a model on where no answer matters: of train, else of test."""
        try:
            return list(self.train()[:count])
        except NotApplicable:
            return list(self.test()[:count])

    @abstractmethod
    def queries(self) -> Sequence[Example]:
        """The fixed list of ``query_count`` queries that both arms run in every window."""

    @abstractmethod
    def clusters(self) -> list[int] | None:
        """The number of the source of each item of ``test()``, or None where items are independent."""

    def chance_score(self) -> float | None:
        """What answers that do not look at an item would score on ``test()``; None where that is not known."""
        return None

    def as_task_specific(self) -> Task | None:
        """The same items, asked of a model that is made for them; None where this task is asked that way already."""
        return None

    @abstractmethod
    def check_model(self, model: Any, processor: Any) -> None:
        """Raises InputError if the model cannot answer this task's data (number of labels, inputs).

        A local model is checked before a sweep as well, with parameters that hold nothing.
        """

    @abstractmethod
    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Query inputs of ``examples``, without labels, on the setup's device and in its dtype."""

    @abstractmethod
    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Inputs with ``labels``, as ``loss`` takes them."""

    @abstractmethod
    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Answers one batch: what is measured. Returns the number of tokens generated, or None."""

    def call(self, model: Any, batch: Batch) -> Any:
        """One call of ``model`` on a query's inputs: what techniques watch (a decoder needs a start, say)."""
        return model(**batch)

    def with_new_tokens(self, most: int) -> Task | None:
        """The same task with answers of ``most`` tokens; None where they are no longer, or not made token by token."""
        return None

    def answer_tokens(self) -> int | None:
        """Tokens of every answer; None where queries are not answered token by token, or it is not known."""
        return None

    def prompt_tokens_of(self, batch: Batch) -> int | None:
        """Tokens of the input texts in a batch, padding left out.

        Returns:
            None where the input is no text (an image, a sound), or queries are not answered token by token.
        """
        return None

    @abstractmethod
    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Scalar training loss (mean over the batch) of a batch from ``training_batch``."""

    @abstractmethod
    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits ``(n, classes)`` and targets ``(n,)`` of a batch from ``training_batch``, as ``loss`` sees them."""

    @abstractmethod
    def evaluate(self, setup: Setup) -> list[float]:
        """One score a test item, in the order of ``test()``."""

    def further_scores(self, setup: Setup, scores: Sequence[float]) -> list[FurtherScore]:
        """What else is scored beside ``scores``, which ``evaluate`` gave; empty where nothing is."""
        return []


def cycle(examples: Sequence[Item], count: int) -> list[Item]:
    """The first ``count`` items of ``examples`` repeated without end."""
    return [examples[index % len(examples)] for index in range(count)]


def with_split(task: Task, split: str, examples: Sequence[Example]) -> Task:
    """``task`` with ``examples`` in the place of its ``train``, ``validation`` or ``test``; all else is as it was.

    A task draws its splits from its data, so a split of its own cannot be one of its fields.
    """
    chosen, view = list(examples), copy.copy(task)
    object.__setattr__(view, split, lambda: chosen)
    return view
