"""Points, a grid and a data centre made up for tests: round numbers, so that results can be worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from suite.analysis.summary import PointSummary, summarise_record
from suite.carbon.grid import Grid
from suite.carbon.quantity import Figure
from suite.footprint.location import Site
from suite.record.schema import ApplyCost, Record
from tests.synthetic import COUNTER, ESTIMATED, environment, record, windows

RECIPE = {"training": {"steps": 150, "batch_size": 16, "learning_rate": 5e-4}}


EXAMPLE = Grid(name="example", place="Example land", g_co2e_per_kwh=400.0, year=2023, source="Example statistics")


def published(value: float, unit: str = "") -> Figure:
    return Figure(value=value, unit=unit, tag="published", source="Example operator", year=2024)


def site(g_co2e_per_kwh: float = 400.0, pue: float | None = None, **water: Figure) -> Site:
    grid = msgspec.structs.replace(EXAMPLE, g_co2e_per_kwh=g_co2e_per_kwh)
    return Site(grid=grid, pue=None if pue is None else published(pue), **water)


def gpu_record(ratios: Sequence[float] = (0.5, 0.5), gpu: str = "NVIDIA H100 80GB HBM3", **changes: Any) -> Record:
    """The baseline takes 3.6 J (1e-6 kWh) a query; both arms run 100 queries a second; applying costs 18 J."""
    beside = {"cpu": (0.4, ESTIMATED)}
    seen = windows(ratios, baseline_j=3.6, component="gpu", method=COUNTER, beside=beside)
    choices: dict[str, Any] = {
        "mitigations": (("distillation", RECIPE),),
        "run_windows": seen,
        "apply_cost": ApplyCost(duration_s=1.0, energy_j={"gpu": 18.0}, method={"gpu": COUNTER}),
        "device": "cuda",
        "where": environment(gpu=gpu),
    }
    return record(**choices | changes)


def gpu_point(**changes: Any) -> PointSummary:
    return summarise_record("example", gpu_record(**changes), 400.0)


def cpu_point(**changes: Any) -> PointSummary:
    """A technique without training on a processor whose energy is estimated: 3.6 J a query, 1.8 J with it."""
    choices: dict[str, Any] = {
        "mitigations": (("int8_dynamic", {}),),
        "run_windows": windows((0.5, 0.5), baseline_j=3.6),
    }
    return summarise_record("example", record(**choices | changes), 400.0)
