"""Which joules were measured and which estimated, component by component."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.report import sentences
from suite.report.model import Report, flatten

ORDER = 60
TITLE = "What is measured and what is estimated"


@dataclasses.dataclass(frozen=True)
class Source:
    """One way in which the energy of one component was got."""

    component: str
    method: str
    words: str
    basis: str
    points: int
    headline: int
    details: dict[str, Any]


def context(report: Report) -> dict[str, Any] | None:
    """Sources of energy figures, and the share of what is shown beside the headline."""
    sources = _sources(report)
    return {"sources": sources, "beside": _beside(report), "net": _net(report)} if sources else None


def _sources(report: Report) -> list[Source]:
    found: dict[tuple[str, str], list[int]] = {}
    details: dict[tuple[str, str], dict[str, Any]] = {}
    for point in report.points:
        for component, method in point.methods.items():
            counts = found.setdefault((component, method), [0, 0])
            counts[0] += 1
            counts[1] += point.component == component
            meter = point.environment.get("meter")
            components = meter.get("components") if isinstance(meter, dict) else None
            described = components.get(component) if isinstance(components, dict) else None
            if isinstance(described, dict):
                details[component, method] = {k: v for k, v in flatten(described).items() if k != "method"}
    return [
        Source(
            component=component,
            method=method,
            words=sentences.method_words(method),
            basis="measured" if method.startswith("measured:") else "estimated",
            points=counts[0],
            headline=counts[1],
            details=details.get((component, method), {}),
        )
        for (component, method), counts in sorted(found.items())
    ]


def _beside(report: Report) -> list[Any]:
    """Points with components beside the headline one."""
    return [
        (group, entry)
        for group in report.groups
        for entry in group.ok
        if len(entry.point.energy_per_query_by_component_j) > 1
    ]


def _net(report: Report) -> list[Any]:
    """Points whose idle power was measured."""
    return [(group, e) for group in report.groups for e in group.ok if e.point.net_energy_ratio is not None]
