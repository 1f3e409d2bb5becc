"""``python -m benchmarks.measurement.repeat_aa RUNS``: the baseline against itself, in so many fresh runs.

Each is ``python -m suite mitigation=none`` in a process of its own, as a user would start it. Of 20 intervals of 95 %,
19 should hold 1; fewer than 17 happen by chance less than once in sixty times. For a quiet machine: nothing else
should run beside it.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from suite.analysis.point.energy import headline
from suite.record.store import load_run
from suite.stats.interval import Interval
from suite.stats.paired import paired_ratio

_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One run's interval of the ratio, the seconds of its windows, and how its energy was read."""

    interval: Interval
    window_s: float
    method: str


def measure(name: str, runs_dir: str, overrides: list[str]) -> Run:
    """A fresh run.

    Raises:
        RuntimeError: it left no ok record with a ratio.
    """
    command = [sys.executable, "-m", "suite", f"name={name}", f"runs_dir={runs_dir}", "mitigation=none", "report=false"]
    subprocess.run([*command, *overrides], cwd=_CHECKOUT, check=True, stdout=subprocess.DEVNULL)
    ((_, record),) = load_run(Path(runs_dir) / name)[0]
    found = headline(record.windows)
    interval = paired_ratio(record.windows, found.component) if found else None
    if found is None or interval is None or interval.half_width is None:
        raise RuntimeError(f"{name} left no ratio: {record.status}, {record.reason}")
    return Run(interval=interval, window_s=sum(window.duration_s for window in record.windows), method=found.method)


def main() -> None:
    """Prints each run and the sum of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, help="how many")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, such as protocol.min_blocks=8 threads=1")
    arguments = parser.parse_intermixed_args()
    found: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="repeat-aa-") as runs_dir:
        for number in range(1, arguments.runs + 1):
            run = measure(f"aa-{number}", runs_dir, arguments.overrides)
            found.append(run)
            low, high = run.interval.low, run.interval.high
            holds = "holds 1" if run.interval.holds(1) else "misses 1"
            found_text = f"{run.interval.estimate:.4f} [{low:.4f}, {high:.4f}] {holds}"
            print(f"{number}: {found_text}, {run.window_s:.1f} s of windows")
    holding = sum(run.interval.holds(1) for run in found)
    half_width = statistics.median(run.interval.half_width or math.inf for run in found)
    seconds = statistics.median(run.window_s for run in found)
    print(
        f"{holding} of {len(found)} intervals hold 1; medians: half-width {half_width:.2%}, {seconds:.1f} s of windows"
    )
    print("read by: " + ", ".join(sorted({run.method for run in found})))


if __name__ == "__main__":
    main()
