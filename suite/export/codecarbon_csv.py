"""CodeCarbon's emissions.csv: a row for each arm of each point, in the columns of the CodeCarbon that is installed.

CodeCarbon has no column that says whether energy was measured, so the project's name says it. ``energy_consumed`` is
the headline component's alone: measured and estimated joules are not added. Unknown cells are empty.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Any

from suite.analysis.point.energy import basis_of
from suite.analysis.results.csv_json import cell
from suite.analysis.summary import PointSummary
from suite.footprint.location import Site
from suite.stats.prefill_decode import ARMS
from suite.units import BYTES_PER_GB, joules_to_kwh

GRAMS_PER_KG = 1e3


def emissions_csv(points: Sequence[PointSummary], site: Site) -> str:
    """The file; energies are those of the windows that the figures are made of, in kWh, emissions in kg."""
    from codecarbon.output_methods.emissions_data import EmissionsData  # slow to import

    stream = io.StringIO(newline="")
    columns = [field.name for field in dataclasses.fields(EmissionsData)]
    writer = csv.DictWriter(stream, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for point in points:
        for arm in ARMS:
            if point.windows.get(arm):
                writer.writerow({name: cell(value) for name, value in _row(point, arm, site).items()})
    return stream.getvalue()


def _row(point: PointSummary, arm: str, site: Site) -> dict[str, Any]:
    seen = [window for window in point.windows[arm] if window.block not in point.left_out_blocks]
    queries, duration_s = sum(window.queries for window in seen), sum(window.duration_s for window in seen)
    read = point.energy_per_query_by_component_j.items()
    energy_j = {component: by_arm[arm] * queries for component, by_arm in read if arm in by_arm}
    headline_j = math.fsum(window.energy_per_query_j * window.queries for window in seen)
    energy_j[str(point.component)] = headline_j
    emissions_kg = site.facility_kwh(headline_j) * site.grid.g_co2e_per_kwh / GRAMS_PER_KG
    return {
        "timestamp": point.finished_at[:19],
        "project_name": f"{point.run} ({_bases(point)})",
        "run_id": f"{point.record_id}-{arm}",
        "experiment_id": f"{point.task} {point.model} {point.mitigation if arm == 'candidate' else 'baseline'}",
        "duration": duration_s,
        "emissions": emissions_kg,
        "emissions_rate": emissions_kg / duration_s,
        **{f"{component}_power": joules / duration_s for component, joules in energy_j.items()},
        **{f"{component}_energy": joules_to_kwh(joules) for component, joules in energy_j.items()},
        "energy_consumed": joules_to_kwh(headline_j),
        "country_name": site.grid.place,
        "country_iso_code": site.grid.iso3,
        "pue": site.pue.value if site.pue else None,
        **_machine(point.environment),
    }


def _bases(point: PointSummary) -> str:
    """Such as ``gpu measured, cpu estimated``; the headline component first."""
    names = sorted(point.methods, key=lambda component: component != point.component)
    return ", ".join(f"{component} {basis_of(point.methods[component])}" for component in names)


def _machine(environment: dict[str, Any]) -> dict[str, Any]:
    """What the record says of the machine."""
    hardware, packages = _table(environment, "hardware"), _table(environment, "packages")
    memory_bytes = hardware.get("memory_bytes")
    return {
        "os": environment.get("platform"),
        "python_version": environment.get("python"),
        "codecarbon_version": packages.get("codecarbon"),
        "cpu_count": hardware.get("threads"),
        "cpu_model": hardware.get("cpu"),
        "gpu_model": hardware.get("gpu"),
        "ram_total_size": memory_bytes / BYTES_PER_GB if memory_bytes else None,
        "tracking_mode": _table(environment, "meter").get("tracking_mode"),
    }


def _table(environment: dict[str, Any], name: str) -> dict[str, Any]:
    found = environment.get(name)
    return found if isinstance(found, dict) else {}
