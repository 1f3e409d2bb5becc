"""CodeCarbon's emissions.csv: what a tracker saw in all; how many queries that were, it does not know.

Schema: ``EmissionsData`` of CodeCarbon 3.3 (codecarbon/output_methods/emissions_data.py); older files have fewer of its
columns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from suite.imported.row import ImportedRow, above_zero
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
    return ImportedRow(
        source=SOURCE,
        source_version=line.codecarbon_version,
        label=line.project_name or "codecarbon",
        hardware=line.gpu_model if line.gpu_energy and line.gpu_model else line.cpu_model,
        energy_j=above_zero(kwh_to_joules(line.energy_consumed)),
        covers=_covers(line),
        note=N_("energy of all that was tracked, measured or estimated; the file does not know queries"),
    )


def _covers(line: Line) -> str | None:
    """The parts that make up ``energy_consumed``; None where the file's parts do not.

    CodeCarbon's own sum is of all; a file that ``suite.export`` wrote has the headline's component alone.
    """
    parts = {name: energy for name, energy in _parts(line).items() if energy}
    choices = [parts, *({name: energy} for name, energy in parts.items())]
    fitting = [each for each in choices if math.isclose(sum(each.values()), line.energy_consumed, rel_tol=1e-3)]
    return " + ".join(fitting[0]) or None if fitting else None


def _parts(line: Line) -> dict[str, float | None]:
    return {"CPU": line.cpu_energy, "GPU": line.gpu_energy, "RAM": line.ram_energy}
