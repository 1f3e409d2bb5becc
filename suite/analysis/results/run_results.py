"""The results of a run, or of several that a report was made of: points, and what else is known of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from suite.analysis.results.lineage import Lineage
from suite.analysis.run.stability import Stability, stability
from suite.analysis.summary import PointSummary
from suite.record.dotted_keys import common, flatten


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResults:
    """What the records of a run say, or a table that was derived from them.

    Attributes:
        lineages: one a run.
        points: of all runs, one a point, in the order in which they were first started.
        unreadable: a line for each record file that was left out.
        superseded: attempts at points that a later, or the only successful one, stands for.
        notes: what to know of points that could not be derived from their records.
    """

    lineages: tuple[Lineage, ...]
    points: tuple[PointSummary, ...]
    unreadable: tuple[str, ...]
    superseded: int
    notes: tuple[str, ...]

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the runs."""
        return tuple(lineage.run for lineage in self.lineages)

    @property
    def title(self) -> str:
        """The name of the run, or of all of them."""
        return ", ".join(self.runs)

    @functools.cached_property
    def stability(self) -> Stability:
        """What the baselines that were measured against themselves say."""
        return stability(self.points)

    @functools.cached_property
    def common_config(self) -> dict[str, Any]:
        """What all points were configured with, keys joined by dots."""
        return common([point.config for point in self.points])

    def own_config(self, point: PointSummary) -> dict[str, Any]:
        """What sets a point's configuration apart from ``common_config``."""
        return {key: value for key, value in flatten(point.config).items() if key not in self.common_config}


def merged(parts: Sequence[RunResults]) -> RunResults:
    """The results of several folders as one; lines about records name the run where there are several."""
    several = len(parts) > 1
    return RunResults(
        lineages=tuple(lineage for part in parts for lineage in part.lineages),
        points=tuple(point for part in parts for point in part.points),
        unreadable=tuple(
            f"{part.runs[0]}: {line}" if several and len(part.runs) == 1 else line
            for part in parts
            for line in part.unreadable
        ),
        superseded=sum(part.superseded for part in parts),
        notes=tuple(note for part in parts for note in part.notes),
    )
