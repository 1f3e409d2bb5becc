"""GPU Wh per 1,000 queries, the unit of AI Energy Score (https://huggingface.github.io/AIEnergyScore).

Deviation: the unit alone is its own. AI Energy Score runs its 1,000 prompts of a task on one H100 at batch size 1; here
the queries, the batch size and the GPU are those of the run, which stand in the row. So there are no stars.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from suite.analysis.point.energy import basis_of
from suite.analysis.results.csv_json import cell
from suite.analysis.summary import PointSummary
from suite.footprint.location import Site
from suite.units import joules_to_kwh

GPU = "gpu"
NO_GPU = "no GPU energy was read"
_WH_PER_KWH = 1e3
_QUERIES = 1e3
COLUMNS = (
    "run", "point_id", "model", "task", "mitigation", "hardware", "batch_size", "dtype",
    "gpu_wh_per_1000_queries", "baseline_gpu_wh_per_1000_queries", "energy_basis", "note",
)  # fmt: skip


def gpu_wh_csv(points: Sequence[PointSummary], site: Site) -> str:
    """A row for each point of inference; without a GPU's energy the figures are empty, and the note says why."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in points:
        if point.phase == "inference":
            writer.writerow([cell(value) for value in _row(point)])
    return stream.getvalue()


def _row(point: PointSummary) -> list[object]:
    by_arm = point.energy_per_query_by_component_j.get(GPU, {})
    figures = [_wh_per_1000(by_arm.get(arm)) for arm in ("candidate", "baseline")]
    basis = basis_of(point.methods.get(GPU, "")) if by_arm else None
    identity = [getattr(point, name) for name in COLUMNS[:8]]
    return [*identity, *figures, basis, None if by_arm else NO_GPU]


def _wh_per_1000(energy_j: float | None) -> float | None:
    return None if energy_j is None else joules_to_kwh(energy_j) * _WH_PER_KWH * _QUERIES
