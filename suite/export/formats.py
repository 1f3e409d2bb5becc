"""The forms that a run can be exported to, by the name that ``--to=`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from suite.analysis.summary import PointSummary
from suite.errors import InputError
from suite.export.ai_energy_score import gpu_wh_csv
from suite.export.codecarbon_csv import emissions_csv
from suite.export.hub_card import hub_card
from suite.export.prometheus_text import prometheus_text
from suite.export.sci_for_ai import sci_for_ai
from suite.export.sci_statement import sci_statement
from suite.footprint.location import Site

WITH_EMBODIED: Mapping[str, Callable[..., str]] = {"sci": sci_statement, "sci_for_ai": sci_for_ai}
"""Those that state embodied carbon as well: they take ``embodied_kg`` and ``lifetime_years``."""
TEXTS: Mapping[str, Callable[[Sequence[PointSummary], Site], str]] = {
    "ai_energy_score": gpu_wh_csv,
    "codecarbon": emissions_csv,
    "hub_card": lambda points, site: hub_card(only(points), site),
    "prometheus": prometheus_text,
    **WITH_EMBODIED,
}
"""Each makes a text of the points and the place where they are used."""


def only(points: Sequence[PointSummary]) -> PointSummary:
    """The one point.

    Raises:
        InputError: there are several.
    """
    if len(points) > 1:
        choices = ", ".join(f"{point.point_id} ({point.mitigation} on {point.task})" for point in points)
        raise InputError(f"{len(points)} points fit, one is needed", got="--to=hub-card", remedy=f"--point: {choices}")
    return points[0]
