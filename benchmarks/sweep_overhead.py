"""``python -m benchmarks.sweep_overhead [OVERRIDES]``: what a sweep's time goes to beside measuring.

Runs ``python -m suite -m OVERRIDES`` as a user would, report included, in a folder of its own; by default twenty points
of the embedded models. Overhead is the command's time outside measured windows, warm-up and scoring. For a quiet
machine: what else runs there is counted as overhead too. Reported, never asserted.
"""

from __future__ import annotations

import argparse
import collections
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.stages import seconds_by_stage
from suite.record.store import load_run

TWENTY = (
    "task=image_classification,text_classification",
    "mitigation=none,magnitude_pruning,bf16,int8_dynamic,int8_weight_only",
    "batch_size=8,32",
    "threads=1",
    "device=cpu",
)
TARGET = 0.15
MEASURING = ("windows", "warm-up", "scoring")


def main() -> None:
    """Measures, and prints where the time went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overrides", nargs="*", help=f"of the sweep (default: {' '.join(TWENTY)})")
    overrides = parser.parse_intermixed_args().overrides or list(TWENTY)
    with tempfile.TemporaryDirectory(prefix="sweep-overhead-") as folder:
        command = [sys.executable, "-m", "suite", "-m", f"runs_dir={folder}/runs", "name=overhead", *overrides]
        began_s = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True)
        wall_s = time.perf_counter() - began_s
        run = Path(folder) / "runs" / "overhead"
        print(text(time_by_purpose(run, wall_s), len(load_run(run)[0])))


def time_by_purpose(run: Path, wall_s: float) -> dict[str, float]:
    """Seconds by what they went to; they add up to ``wall_s``.

    Args:
        run: the sweep's folder, of one attempt a point.
        wall_s: from the command's start to its end.
    """
    found: dict[str, float] = collections.defaultdict(float)
    for log in sorted((run / "logs").glob("*.log")):
        for stage, seconds in seconds_by_stage(log.read_text("utf-8")).items():
            found[stage] += seconds
    outside_points_s = wall_s - math.fsum(found.values())
    windows_s = math.fsum(window.duration_s for _, record in load_run(run)[0] for window in record.windows)
    found["between windows"] = found.pop("blocks", 0.0) - windows_s
    return {"windows": windows_s, **found, "outside points: command, forks, records, report": outside_points_s}


def text(seconds: Mapping[str, float], points: int) -> str:
    """A line a purpose, measuring first, then the overhead as a whole."""
    wall_s = math.fsum(seconds.values())
    order = sorted(seconds, key=lambda purpose: (purpose not in MEASURING, -seconds[purpose]))
    lines = [f"{purpose:50} {seconds[purpose]:8.1f} s {seconds[purpose] / wall_s:7.1%}" for purpose in order]
    overhead_s = wall_s - math.fsum(seconds.get(purpose, 0.0) for purpose in MEASURING)
    own_s = overhead_s - seconds.get("applying the technique", 0.0)
    lines.append(f"{f'{points} points':50} {wall_s:8.1f} s")
    lines.append(
        f"overhead {overhead_s / wall_s:.1%} (target: at most {TARGET:.0%}), {own_s / wall_s:.1%} without applying the"
        " techniques"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
