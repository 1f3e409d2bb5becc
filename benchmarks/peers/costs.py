"""What a tool's sweep took, and what it found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Costs:
    """Of one sweep over several configurations; times in seconds, of all of them together.

    Attributes:
        wall_s: from the command's start to its end.
        measured_s: in loops whose energy or latency is reported.
        warm_up_s: in queries before them.
        scoring_s: in scoring; 0 where the tool scores nothing.
        start_s: from a configuration's start to its first warm-up query.
        energy_j: of the CPU a query, by batch size.
    """

    wall_s: float
    measured_s: float
    warm_up_s: float
    scoring_s: float
    start_s: float
    energy_j: Mapping[int, float]

    @property
    def outside_s(self) -> float:
        """What is neither measuring nor warm-up nor scoring."""
        return self.wall_s - self.measured_s - self.warm_up_s - self.scoring_s
