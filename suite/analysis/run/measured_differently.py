"""What sets apart how the same points were measured in two runs: configuration and packages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from suite.analysis.run.run_comparison import PointComparison
from suite.analysis.summary import PointSummary
from suite.record.dotted_keys import flatten
from suite.record.hashing import WITHOUT_FIGURES, without_words

_FIRST = ("threads", "protocol", "seed")
"""Keys, or first parts of them, that most often explain another figure."""
_ABSENT = "absent"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that was another one: its values in both runs, and for how many points of both."""

    key: str
    a: str
    b: str
    points: int


def differences(comparisons: Iterable[PointComparison]) -> list[Difference]:
    """Settings that can change a figure and differ between the two runs; threads and protocol first, then by number."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for each in comparisons:
        if each.a is not None and each.b is not None:
            ours, theirs = _settings(each.a), _settings(each.b)
            counts.update(
                (key, ours.get(key, _ABSENT), theirs.get(key, _ABSENT))
                for key in sorted(ours.keys() | theirs.keys())
                if ours.get(key, _ABSENT) != theirs.get(key, _ABSENT)
            )
    found = [Difference(key=key, a=a, b=b, points=count) for (key, a, b), count in counts.items()]
    return sorted(found, key=lambda each: (each.key.partition(".")[0] not in _FIRST, -each.points, each.key))


def _settings(point: PointSummary) -> dict[str, str]:
    """By key, as text; where the classes lie in the source changes no figure."""
    config = {key: value for key, value in point.config.items() if key not in WITHOUT_FIGURES}
    if isinstance(config.get("task"), dict):
        config["task"] = without_words(config["task"])
    packages = point.environment.get("packages")
    found: dict[str, Any] = flatten(config) | flatten({"packages": packages} if isinstance(packages, dict) else {})
    return {key: _text(value) for key, value in found.items() if not key.endswith("_target_")}


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
