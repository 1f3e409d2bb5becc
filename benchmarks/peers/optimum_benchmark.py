"""optimum-benchmark in an environment of its own: 0.6.0 needs transformers below 5."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import venv
from pathlib import Path
from typing import Any

import yaml

from benchmarks.peers.costs import Costs
from benchmarks.peers.subject import TOKENS, Subject
from benchmarks.peers.timed import timed
from suite.units import kwh_to_joules

NAME = "optimum-benchmark 0.6.0"
TORCH = "torch==2.13.0"
PACKAGES = ("optimum-benchmark[codecarbon]==0.6.0", "transformers>=4.57,<5", "codecarbon==3.3.2", "pillow")
NOT_REPORTED = "accuracy, an interval, a verdict, what is estimated, idle, a page of several configurations"
_LINE = re.compile(r"\[[A-Z-]+-PROCESS\]\[(?:\x1b\[\d+m)?(?P<moment>[\d-]+ [\d:,]+)(?:\x1b\[0m)?\].* - (?P<text>.*)")


def install(folder: Path) -> Path:
    """The environment's ``bin``; made where it is not there yet."""
    binaries = folder / "optimum-benchmark" / "bin"
    if not (binaries / "optimum-benchmark").exists():
        venv.create(binaries.parent, with_pip=True)
        for packages in ((TORCH,), PACKAGES):  # torch first and alone, exactly as pinned
            subprocess.run([binaries / "pip", "install", "--quiet", *packages], check=True)
    return binaries


def measure(binaries: Path, subject: Subject, folder: Path, batch_sizes: tuple[int, ...], loop_s: int) -> Costs:
    """One sweep: a latency loop and an energy loop of ``loop_s`` each for every batch size, in a process of its own."""
    conf = folder / "conf"
    conf.mkdir(parents=True)
    (conf / "base.yaml").write_text(yaml.safe_dump(_configuration(subject, folder / "out", loop_s)), "utf-8")
    command: list[str | Path] = [binaries / "optimum-benchmark", "--config-dir", conf, "--config-name", "base", "-m"]
    sizes = f"scenario.input_shapes.batch_size={','.join(map(str, batch_sizes))}"
    wall_s, _ = timed([*command, sizes], folder, HF_HUB_OFFLINE="1", PYTHONPATH="")
    stages = [_stages((folder / "out" / str(size) / "benchmark.log").read_text("utf-8")) for size in batch_sizes]
    return Costs(
        wall_s=wall_s,
        measured_s=sum(each["measured"] for each in stages),
        warm_up_s=sum(each["warm-up"] for each in stages),
        scoring_s=0.0,
        start_s=sum(each["start"] for each in stages),
        energy_j={size: _energy_j(folder / "out" / str(size)) / size for size in batch_sizes},
    )


def _configuration(subject: Subject, out: Path, loop_s: int) -> dict[str, Any]:
    parts = [{"scenario": "inference"}, {"launcher": "process"}, {"backend": "pytorch"}]
    backend = {"model": str(subject.model), "task": "text-classification", "library": "transformers"}
    measured = {"energy": True, "latency": True, "memory": False, "duration": loop_s}
    return {
        "defaults": ["benchmark", *parts, "_self_"],
        "name": "peer",
        "backend": backend | {"model_type": "bert", "device": "cpu", "no_weights": False},
        "scenario": measured | {"input_shapes": {"sequence_length": TOKENS, "batch_size": 1}},
        "hydra": {
            "sweep": {"dir": str(out), "subdir": "${scenario.input_shapes.batch_size}"},
            "job": {"chdir": True, "env_set": {"OVERRIDE_BENCHMARKS": "1"}},
        },
    }


def _stages(log: str) -> dict[str, float]:
    """Seconds by stage, as a configuration's log tells when each began."""
    lines = [_LINE.match(line) for line in log.splitlines()]
    seen = [(_moment(line["moment"]), line["text"].strip()) for line in lines if line]

    def first(words: str) -> datetime.datetime:
        return next(moment for moment, text in seen if words in text)

    begun = first("Allocated process launcher")
    warming, latency = first("Warming up backend"), first("Running Inference latency tracking")
    saved = max(moment for moment, text in seen if text.startswith("+ Saving codecarbon emission data to forward"))
    return {
        "start": (warming - begun).total_seconds(),
        "warm-up": (latency - warming).total_seconds(),
        "measured": (saved - latency).total_seconds(),
    }


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f")


def _energy_j(folder: Path) -> float:
    """The CPU's joules a call, of one batch."""
    report = json.loads((folder / "benchmark_report.json").read_text("utf-8"))
    return kwh_to_joules(report["forward"]["energy"]["cpu"])
