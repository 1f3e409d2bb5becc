"""Outcomes of searches as chosen by tests: nothing in them was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.analysis.summary import summarise
from suite.search.search import Found, Outcome
from suite.search.stack_search import StackSearch, key_of, proposal_of
from tests.synthetic import binary_scores, record, windows

Stack = tuple[str, ...]


def search(*names: str, **changes: Any) -> StackSearch:
    values: dict[str, Any] = {"pairs": "saving", "largest": 3, "largest_loss": None}
    return StackSearch(techniques=list(names), **(values | changes))


def found(ratios: Mapping[Stack, float], losing: Mapping[Stack, int] | None = None) -> Found:
    """Outcomes of stacks with these energy ratios; of a thousand items so many are ``losing``."""
    lost = losing or {}
    records = [
        record(
            mitigations=[(name, {}) for name in stack if name != "none"],
            run_windows=windows([ratio] * 4),
            scores=binary_scores(900 - lost.get(stack, 0), lost.get(stack, 0), 0, 100),
            minute=minute,
        )
        for minute, (stack, ratio) in enumerate(ratios.items())
    ]
    keys = [key_of({"mitigation": "none"} if stack == ("none",) else proposal_of(stack)) for stack in ratios]
    return {key: Outcome(point=point) for key, point in zip(keys, summarise("run", records, None), strict=True)}


def stacks(proposals: Any) -> list[Stack]:
    return [tuple(each["mitigation"].strip("[]").split(",")) for each in proposals]
