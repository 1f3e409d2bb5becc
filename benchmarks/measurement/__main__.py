"""``python -m benchmarks.measurement``: the table. Exit 0 whatever it says; it is a report, not a gate."""

from __future__ import annotations

import time

from benchmarks.measurement import (
    false_claims,
    gpu,
    interpolated,
    intervals,
    overhead,
    score_coverage,
    window_errors,
)
from benchmarks.measurement.table import text
from suite.machine.log_levels import quieten

PARTS = (window_errors, interpolated, intervals, score_coverage, false_claims, overhead, gpu)


def main() -> None:
    """Prints the table."""
    quieten()
    began_s = time.perf_counter()
    rows = [row for part in PARTS for row in part.rows()]
    print(text(rows))
    missed, judged = (sum(row.met in kinds for row in rows) for kinds in ((False,), (False, True)))
    print(f"\n{missed} of {judged} targets missed, {time.perf_counter() - began_s:.0f} s")


if __name__ == "__main__":
    main()
