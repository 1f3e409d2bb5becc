"""A one-page disclosure of one point in Markdown: figures, method, boundary, hardware, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from suite.analysis.summary import PointSummary
from suite.carbon.quantity import Figure, significant
from suite.footprint.location import Site
from suite.footprint.repayment import repaid, repaid_text
from suite.footprint.subject import boundary, energy_of, query_of, year_of
from suite.text.numbers import counted, whole

QUERIES = 1000


def disclosure(point: PointSummary, site: Site, *, queries_per_day: float | None = None) -> str:
    """The page.

    Args:
        point: an ok point with energy.
        site: grid and data centre to state carbon and water for.
        queries_per_day: of the use at hand, to state when the technique has repaid itself.

    Raises:
        InputError: the point has no energy, or a number is out of range.
    """
    figures = _figures(point, site)
    lines = [
        f"# Energy disclosure: {point.mitigation} on {point.task}",
        "",
        f"{point.model}, {point.phase}, workload {point.workload}, batch size "
        f"{point.batch_size or 'not seen'} (baseline {point.baseline_batch_size}), {point.dtype}, {point.device}. "
        f"Run {point.run}, point {point.point_id}, {point.started_at[:10]}.",
        "",
        "## Figures",
        "",
        "| figure | value | tag | year | source |",
        "|---|---|---|---|---|",
        *(_row(name, figure) for name, figure in figures.items()),
        "",
        *_items(_findings(point, site, queries_per_day)),
        *_section("Boundary", boundary(point, site)),
        *_section("What is not measured", _not_measured(figures)),
        *_section("Method", _method(point)),
        *_section("Hardware and versions", _provenance(point)),
        *_section("Warnings", [f"{warning.message} ({warning.remedy})" for warning in point.warnings]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _figures(point: PointSummary, site: Site) -> dict[str, Figure]:
    """Every figure of the page by its name; what is not known is absent."""
    energy, query = energy_of(point), query_of(point)
    thousand_j = energy.value * QUERIES
    figures = {f"energy per {query}": energy}
    if point.baseline_energy_per_query_j is not None:
        figures[f"energy per {query} of the paired baseline"] = msgspec.structs.replace(
            energy, value=point.baseline_energy_per_query_j
        )
    if point.energy_ratio is not None:
        figures["energy ratio to the baseline"] = Figure(
            value=point.energy_ratio, low=point.energy_ratio_low, high=point.energy_ratio_high, unit="",
            tag=energy.tag, source="geometric mean of the blocks, 95 % interval (Student t)", year=energy.year,
        )  # fmt: skip
    figures[f"carbon of {QUERIES:,} {_plural(query)}"] = site.carbon(thousand_j, energy.tag)
    for place, water in site.water(thousand_j, energy.tag).items():
        figures[f"water {place} of {QUERIES:,} {_plural(query)}"] = water
    if point.apply_energy_j is not None:
        figures["one-off energy of the technique"] = msgspec.structs.replace(
            energy, value=point.apply_energy_j, unit="J"
        )
    figures["carbon intensity"] = site.intensity
    return figures | ({"PUE": site.pue} if site.pue else {})


def _plural(query: str) -> str:
    return "queries" if query == "query" else f"{query}s"


def _row(name: str, figure: Figure) -> str:
    value = f"{_with_ends(figure.value, figure.low, figure.high)} {figure.unit}".rstrip()
    cells = (name, value, figure.tag, str(figure.year), figure.source)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _with_ends(value: float | None, low: float | None, high: float | None) -> str:
    ends = "" if low is None or high is None else f" [{significant(low)}, {significant(high)}]"
    return ("not known" if value is None else significant(value)) + ends


def _findings(point: PointSummary, site: Site, queries_per_day: float | None) -> Iterable[str]:
    yield f"Verdict: {point.claim}. {_accuracy(point)}"
    if point.mitigations:
        yield f"Repaid: {repaid_text(repaid(point, queries_per_day), queries_per_day)}."
    for name, factor in (("on site", site.onsite_l_per_kwh), ("off site", site.offsite_l_per_kwh)):
        if factor is None:
            yield f"Water {name}: not stated, no figure for this place was given."
    yield "Embodied carbon of the hardware: not in these figures (see the SCI export)."


def _accuracy(point: PointSummary) -> str:
    if point.score is None or point.baseline_score is None or point.score_delta is None:
        return "Accuracy was not measured."
    ends = (point.score_delta_low, point.score_delta_high)
    interval = "" if None in ends else f" [{', '.join(f'{end:+.4f}' for end in ends if end is not None)}]"
    return (
        f"Score ({point.metric}, measured {year_of(point)}): {point.score:.4f}, baseline {point.baseline_score:.4f}, "
        f"on {counted(whole(point.scored_items), 'item', 'items')}; "
        f"difference {point.score_delta:+.4f}{interval}, above 0 is better."
    )


def _not_measured(figures: Mapping[str, Figure]) -> list[str]:
    by_tag: dict[str, list[str]] = {}
    for name, figure in figures.items():
        by_tag.setdefault(figure.tag, []).append(name)
    return [f"{tag.capitalize()}: {', '.join(names)}." for tag, names in by_tag.items() if tag != "measured"]


def _method(point: PointSummary) -> list[str]:
    protocol = point.config.get("protocol")
    name = protocol.get("name") if isinstance(protocol, dict) else None
    blocks = counted(whole(len(point.block_energy_ratios)), "paired block", "paired blocks")
    converged = "converged" if point.converged else "not converged"
    return [
        f"{point.component}: {point.method} ({point.energy_basis}).",
        f"{blocks} of both arms in turn ({converged}, {point.pairing}), "
        f"protocol {name or 'not recorded'}, {counted(whole(point.queries), 'query', 'queries')} of the technique.",
    ]


def _provenance(point: PointSummary) -> list[str]:
    environment = point.environment
    packages = environment.get("packages", {})
    driver = environment.get("driver", {})
    return [
        f"Hardware: {point.hardware or 'not recorded'}.",
        f"Code: git revision {environment.get('git_revision') or 'not recorded'}.",
        f"Packages: {_pairs(packages)}.",
        f"Python {environment.get('python', 'not recorded')}; {environment.get('platform', 'platform not recorded')}.",
        *([f"Driver: {_pairs(driver)}."] if driver else []),
    ]


def _pairs(named: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in named.items()) or "not recorded"


def _items(texts: Iterable[str]) -> list[str]:
    return [f"- {text}" for text in texts]


def _section(title: str, texts: Iterable[str]) -> list[str]:
    items = _items(texts)
    return ["", f"## {title}", "", *items] if items else []
