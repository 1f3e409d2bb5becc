"""``python -m benchmarks.point_start``: from the fork of a point's process to its first warm-up query, stage by stage.

Times are reported, never asserted. Each embedded task, ``mitigation=none``, so many starts in one run: the first one
computes the baseline's scores, the others find them there, as in a sweep. The server that points are forked from is
warm; what it costs once a sweep stands above the table. A start is ended as it comes to its first warm-up query.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from suite.config.plan import PlannedPoint
from suite.machine.log_levels import quieten
from suite.sweep import planning
from suite.sweep.messages import Job, Stage
from suite.sweep.process import run_isolated

TASKS = ("image_classification", "text_classification", "text_generation")
STAGES = {
    "loading": "point built",
    "opening": "model loaded",
    "applying": "meter open",
    "scoring": "applied, ready",
    "warming up": "scored: first warm-up query",
}
"""How a stage's name begins, and what is done by then."""


class _Warm(Exception):
    """The point has come to its first warm-up query."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("starts", type=int, nargs="?", default=12, help="of each task, beside its first (default: 12)")
    starts = parser.parse_args().starts
    quieten()
    with tempfile.TemporaryDirectory(prefix="point-start-") as folder:
        common = ["mitigation=none", "device=cpu", "threads=1", f"runs_dir={folder}"]
        points = planning.planned([[f"task={task}", *common] for task in TASKS])
        began_s = time.monotonic()
        (another,) = planning.planned([[*common, "name=another"]])
        _start(another, Path(folder))
        print(f"the first start of all, with that of the server: {time.monotonic() - began_s:.1f} s\n")
        print("seconds from the fork until  " + "  ".join(STAGES.values()))
        for point in points:
            first, *others = (_start(point, Path(folder)) for _ in range(starts + 1))
            print(f"\n{point.plan.point.task}")
            print(_row("first of a run", [first]))
            print(_row(f"median of {starts}", others))
            print(_row("longest", [[max(column) for column in zip(*others, strict=True)]]))


def _start(point: PlannedPoint, folder: Path) -> list[float]:
    """Seconds from the fork to each of ``STAGES``."""
    plan, reached_s = point.plan, dict[str, float]()
    job = Job(config=plan.config, labels=point.labels, log=folder / "log", timeout_s=120.0)
    began_s = time.perf_counter()

    def note(stage: Stage) -> None:
        reached_s.update({kind: time.perf_counter() - began_s for kind in STAGES if stage.text.startswith(kind)})
        if stage.text.startswith("warming up"):
            raise _Warm

    try:
        outcome = run_isolated(job, note)
    except _Warm:
        return [reached_s[kind] for kind in STAGES]
    raise RuntimeError(f"{point.title} did not come to its warm-up: {outcome}")


def _row(name: str, starts: Sequence[Sequence[float]]) -> str:
    """The median of each stage over ``starts``."""
    figures = (statistics.median(column) for column in zip(*starts, strict=True))
    cells = (f"{figure:{len(heading)}.2f}" for figure, heading in zip(figures, STAGES.values(), strict=True))
    return f"{name:27}  " + "  ".join(cells)


if __name__ == "__main__":
    main()
