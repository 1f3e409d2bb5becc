"""What making the hardware emitted, and the share of it that a query answers for."""

from __future__ import annotations

import msgspec

from suite.analysis.point.boards import board_names
from suite.analysis.summary import PointSummary
from suite.carbon.quantity import checked
from suite.carbon.tables import read_table
from suite.errors import InputError

SECONDS_PER_YEAR = 365 * 24 * 3600
GRAMS_PER_KG = 1e3


class Embodied(msgspec.Struct, frozen=True, kw_only=True):
    """Emissions of making, shipping and disposing of one device, and how long it serves."""

    device: str
    kg_co2e: float
    lifetime_years: float
    year: int
    source: str
    doubt: str


def published_embodied(device: str) -> Embodied | None:
    """The published figure for a device by its name; None where there is none, since another's is not its own."""
    known = read_table("embodied.csv", Embodied)
    return next((entry for entry in known if entry.device.lower() in device.lower()), None)


def embodied_of(point: PointSummary, kg_co2e: float | None, lifetime_years: float | None) -> Embodied | None:
    """The user's own figure, else the published one for the GPU that did the work, else None.

    Raises:
        InputError: one of the user's two numbers without the other, or a number out of range.
    """
    if (kg_co2e is None) != (lifetime_years is None):
        raise InputError(
            "embodied carbon needs both its kilograms and its lifetime",
            got={"embodied_kg": kg_co2e, "lifetime_years": lifetime_years},
            remedy="give both embodied_kg= and lifetime_years=",
        )
    if kg_co2e is not None and lifetime_years is not None:
        return Embodied(
            device=point.hardware or "hardware",
            kg_co2e=checked("embodied_kg", kg_co2e),
            lifetime_years=checked("lifetime_years", lifetime_years, above=True),
            year=int(point.started_at[:4]),
            source="given by the user",
            doubt="not checked",
        )
    return _of_boards(point) if point.component == "gpu" else None


def _of_boards(point: PointSummary) -> Embodied | None:
    """The published figure, of all GPUs in use together; None where they differ."""
    one, names = published_embodied(point.hardware or ""), board_names(point.environment)
    if one is None or len(names) < 2:
        return one
    together = f"{len(names)} \N{MULTIPLICATION SIGN} {one.device}"
    all_alike = len(set(names)) == 1
    return msgspec.structs.replace(one, device=together, kg_co2e=len(names) * one.kg_co2e) if all_alike else None


def embodied_share_g(total_kg: float, lifetime_years: float, reserved_s: float, resource_share: float = 1.0) -> float:
    """Grams for ``reserved_s`` of a device: M = TE x TS x RS (SCI specification, ISO/IEC 21031:2024).

    Raises:
        InputError: a negative number, no lifetime, or a share of resources that is not in (0, 1].
    """
    share = checked("resource_share", resource_share, above=True)
    if share > 1:
        raise InputError("resource_share cannot exceed 1", got=resource_share, remedy="1 is the whole device")
    life_s = checked("lifetime_years", lifetime_years, above=True) * SECONDS_PER_YEAR
    return checked("embodied_kg", total_kg) * GRAMS_PER_KG * checked("seconds", reserved_s) / life_s * share
