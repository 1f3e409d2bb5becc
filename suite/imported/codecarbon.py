"""CodeCarbon's emissions.csv: what a tracker saw in all; how many queries that were, it does not know.

Schema: ``EmissionsData`` of CodeCarbon 3.3 (codecarbon/output_methods/emissions_data.py); older files have fewer of its
columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from suite.imported.row import ImportedRow
from suite.text.i18n import N_
from suite.units import kwh_to_joules

SOURCE = "CodeCarbon"
COLUMNS = frozenset({"timestamp", "project_name", "duration", "emissions", "energy_consumed"})
"""What every version writes."""


class Line(msgspec.Struct):
    """A line; an empty cell is None."""

    project_name: str | None
    duration: float
    energy_consumed: float
    codecarbon_version: str | None = None
    cpu_energy: float | None = None
    gpu_energy: float | None = None
    ram_energy: float | None = None
    cpu_model: str | None = None
    gpu_model: str | None = None


def row(cells: Mapping[str, str]) -> ImportedRow:
    """Of one line.

    Raises:
        msgspec.ValidationError: a cell that is no number, or missing.
    """
    line = msgspec.convert({name: value or None for name, value in cells.items()}, Line, strict=False)
    parts = {"CPU": line.cpu_energy, "GPU": line.gpu_energy, "RAM": line.ram_energy}
    return ImportedRow(
        source=SOURCE,
        source_version=line.codecarbon_version,
        label=line.project_name or "codecarbon",
        hardware=line.gpu_model or line.cpu_model,
        energy_j=kwh_to_joules(line.energy_consumed) if any(parts.values()) or line.energy_consumed else None,
        covers=" + ".join(name for name, energy in parts.items() if energy) or None,
        note=N_("energy of all that was tracked, measured or estimated; the file does not know queries"),
    )
