"""This suite, as a user runs it, report included."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.costs import Costs
from benchmarks.peers.subject import Subject
from benchmarks.peers.timed import timed
from benchmarks.sweep_overhead import time_by_purpose
from suite.analysis.point.energy import energy_per_query
from suite.io.paths import CHECKOUT
from suite.record.schema import Record
from suite.record.store import load_run
from suite.stats.paired import paired_ratio

NAME = "this suite"
START = ("building the point", "loading the model", "opening the meter", "applying the technique")
WINDOWS_A_BLOCK = 2  # on a CPU: one of each arm, in slices
WINDOW_S = 2.0


def measure(subject: Subject, folder: Path, batch_sizes: Sequence[int], loop_s: float) -> Costs:
    """One sweep of each batch size against itself, with as many measured seconds as two loops of ``loop_s``."""
    words = ["-m", "mitigation=none", f"batch_size={','.join(map(str, batch_sizes))}"]
    wall_s = _run([*_common(subject, folder, 2 * loop_s), *words])
    run = folder / "runs" / "peer"
    found = time_by_purpose(run, wall_s)
    return Costs(
        wall_s=wall_s,
        measured_s=found["windows"],
        warm_up_s=found["warm-up"],
        scoring_s=found["scoring"],
        start_s=sum(found.get(stage, 0.0) for stage in START),
        energy_j={record.config["batch_size"]: _energy_j(record) for record in _records(run)},
    )


def ratio(subject: Subject, folder: Path, first: int, second: int, measured_s: float) -> float:
    """Energy a query at one batch size over that at another, from one point: its windows take turns."""
    words = ["mitigation=batch_size", f"mitigation.batch_size.size={second}", f"batch_size={first}"]
    _run([*_common(subject, folder, measured_s), *words])
    [record] = _records(folder / "runs" / "peer")
    found = paired_ratio(record.windows, "cpu")
    if found is None:
        raise RuntimeError(f"{record.point_id} was not measured: {record.reason}")
    return found.estimate


def _common(subject: Subject, folder: Path, measured_s: float) -> list[str]:
    blocks = max(2, round(measured_s / WINDOW_S / WINDOWS_A_BLOCK))
    return [
        "task=text_classification", f"model.path={subject.model}", f"task.data.test={subject.texts}", "name=peer",
        f"runs_dir={folder}/runs", "device=cpu", "runtime=eager", "protocol=quick", f"protocol.window_s.cpu={WINDOW_S}",
        "protocol.window_queries=1", f"protocol.min_blocks={blocks}", f"protocol.max_blocks={blocks}",
    ]  # fmt: skip


def _run(words: Sequence[str]) -> float:
    """Seconds of ``python -m suite WORDS``, in the folder of its runs."""
    runs = Path(next(word for word in words if word.startswith("runs_dir=")).partition("=")[2])
    runs.mkdir(parents=True)
    command = [sys.executable, "-m", "suite", *words]
    wall_s, _ = timed(command, runs.parent, PYTHONPATH=str(CHECKOUT), HF_HUB_OFFLINE="1")
    return wall_s


def _records(run: Path) -> list[Record]:
    return [record for _, record in load_run(run)[0]]


def _energy_j(record: Record) -> float:
    """Of the baseline, the CPU's joules a query."""
    found = energy_per_query(record.windows, "baseline", "cpu")
    if found is None:
        raise RuntimeError(f"{record.point_id} was not measured: {record.reason}")
    return found
