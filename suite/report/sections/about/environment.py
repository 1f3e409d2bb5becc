"""The machine and the software; one table for each environment that the points ran in."""

from __future__ import annotations

from typing import Any

import msgspec

from suite.record.dotted_keys import flatten
from suite.report.view_model import Report
from suite.text.i18n import N_

MOST = 8
ORDER = 90
TITLE = N_("Environment")


def context(report: Report) -> dict[str, Any] | None:
    """Distinct environments with the number of points measured in each, the most frequent first.

    A skipped point may have ended before its meter was opened, which makes its environment no other one.
    """
    counts: dict[bytes, int] = {}
    by_text: dict[bytes, dict[str, Any]] = {}
    for point in [point for point in report.points if point.status != "skipped"] or report.points:
        environment = _without_readings(point.environment)
        key = msgspec.json.encode(environment, order="sorted")
        counts[key] = counts.get(key, 0) + 1
        by_text[key] = environment
    ranked = sorted(counts, key=lambda key: -counts[key])
    environments = [(flatten(_hardware_first(by_text[key])), counts[key]) for key in ranked if by_text[key]]
    if not environments:
        return None
    return {"environments": environments[:MOST], "more": max(0, len(environments) - MOST)}


def _without_readings(environment: dict[str, Any]) -> dict[str, Any]:
    """Without what was found at each point anew: other work, and what the meter found (see the provenance section)."""
    environment = {key: value for key, value in environment.items() if key != "foreign_load"}
    meter = environment.get("meter")
    if not isinstance(meter, dict):
        return environment
    return environment | {"meter": {key: value for key, value in meter.items() if key not in ("components", "truth")}}


def _hardware_first(environment: dict[str, Any]) -> dict[str, Any]:
    order = ("hardware", "driver", "meter", "platform", "python", "packages")
    return {key: environment[key] for key in order if key in environment} | environment
