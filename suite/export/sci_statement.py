"""Software Carbon Intensity (ISO/IEC 21031:2024) of every point of a run, with E, I and M and their sources."""

from __future__ import annotations

from collections.abc import Sequence

from suite.analysis.summary import PointSummary
from suite.carbon.quantity import to_yaml
from suite.footprint.exports.sci import sci_fields
from suite.footprint.location import Site


def sci_statement(
    points: Sequence[PointSummary],
    site: Site,
    embodied_kg: float | None = None,
    lifetime_years: float | None = None,
) -> str:
    """YAML. Where nobody knows M there is an operational part and no score.

    Raises:
        InputError: a number is out of range, or one of ``embodied_kg`` and ``lifetime_years`` is missing.
    """
    found = [{"point_id": point.point_id} | sci_fields(point, site, embodied_kg, lifetime_years) for point in points]
    return to_yaml("software_carbon_intensity", {"run": points[0].run, "statements": found})
