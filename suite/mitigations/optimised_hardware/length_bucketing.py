"""length_bucketing: queries of like length share a batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Example
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect

MASK = "attention_mask"
WAITING_LISTS = 4
"""Lists of waiting queries, of training samples, that the share of padding is taken from."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LengthBucketing(Mitigation):
    """Orders the queries that wait together by length before they are cut into batches.

    Attributes:
        batches: whose queries wait together, at least 2.
    """

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "Khomenko et al. 2016, Accelerating Recurrent Neural Network Training Using Sequence Bucketing, "
        "arXiv:1708.05604; the same for queries that wait, Fang et al. 2021, TurboTransformers, arXiv:2010.05680"
    )
    idea: ClassVar[str] = (
        "A batch is padded to its longest text, and padding is computed like text. Texts of like length in one batch "
        "need little of it."
    )
    effect: ClassVar[str] = (
        "Saves about the share of padding that it avoids, which the proof has, wherever the device is busy. Queries "
        "wait for a few batches, so latency grows. Does nothing for inputs of one length (images, prompts cut to one "
        "length) or in batches of one."
    )
    accuracy: ClassVar[str] = "Unchanged but for rounding: padding is masked."
    deviations: ClassVar[str] = (
        "The longest first, so that memory shows at once. Sorting is done with tokenising, before a window, and costs "
        "next to nothing. Only queries that wait together are sorted, and a window holds whole lists of them, so that "
        "both arms answer the same queries."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        reads="text",
        suits="texts of unequal length",
        reasons={"reads": "nothing else is padded"},
    )

    batches: int

    def __post_init__(self) -> None:
        checks.count("length_bucketing.batches", self.batches, least=2)

    def apply(self, setup: Setup) -> Setup:
        """The same model, with queries put in order before they are cut into batches."""
        if setup.waiting_batches != 1:
            raise NotApplicable("queries wait and are put in order already")
        if setup.batch_size == 1:
            raise NotApplicable("a batch of one query has no padding: give a batch_size of 2 or more")
        if MASK not in setup.task.batch(setup, setup.task.samples(1)):
            raise NotApplicable(f"the task {setup.task.name} has no texts of unequal length, so there is no padding")
        changed = setup.replace(waiting_batches=self.batches, arrange=longest_first)
        if padding_share(changed, changed.waiting) == padding_share(setup, changed.waiting):
            raise NotApplicable("batches have as little padding in any order: their texts are of one length")
        return changed

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of padding in batches of training samples."""
        waiting = max(before.waiting, after.waiting)
        padding = {"before": padding_share(before, waiting), "after": padding_share(after, waiting)}
        fewer = None not in padding.values() and padding["after"] < padding["before"]  # type: ignore[operator]
        return effect.require(
            fewer, "batches have as much padding as before", effect.changes(before, after) | {"padding_share": padding}
        )


def longest_first(setup: Setup, examples: Sequence[Example]) -> list[Example]:
    """``examples`` by their number of tokens; those of one length stay in their order."""
    lengths = setup.task.batch(setup, examples)[MASK].sum(dim=1).tolist()
    return [examples[index] for index in sorted(range(len(examples)), key=lambda index: -lengths[index])]


def padding_share(setup: Setup, waiting: int) -> float | None:
    """Share of padding in the batches of a few lists of ``waiting`` training samples; None where nothing is padded."""
    samples = setup.arranged(setup.task.samples(WAITING_LISTS * waiting))
    padded = total = 0
    for start in range(0, len(samples), setup.batch_size):
        mask = setup.task.batch(setup, samples[start : start + setup.batch_size]).get(MASK)
        if mask is None:
            return None
        padded, total = padded + int((mask == 0).sum()), total + mask.numel()
    return padded / total
