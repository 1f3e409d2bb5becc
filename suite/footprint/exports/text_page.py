"""A footprint as lines of text: each figure with its tag, its year and the number of its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from suite.carbon.quantity import Figure, significant
from suite.footprint.assess import Footprint, Variant
from suite.footprint.beside import Beside
from suite.footprint.impact import Impact
from suite.footprint.repayment import repaid_text
from suite.footprint.scenario import Part
from suite.text.numbers import counted

NAMES = {
    "it_energy": "energy of the hardware",
    "energy": "energy of the data centre",
    "carbon": "carbon",
    "water_onsite": "water on site",
    "water_offsite": "water off site",
    "water": "water, both",
    "cost": "cost",
}
EXACT = {"queries": ",.0f", "g CO2e/kWh": ",.1f"}
"""A count is shown whole, an intensity with one decimal."""
SMALLEST_SHARE = 0.001
"""A smaller one rounds to nothing, or nearly."""
Rows = Sequence[Sequence[str]]


def page(footprint: Footprint) -> str:
    """The whole answer."""
    impact, grid = footprint.impact, footprint.grid
    figures = impact.named()
    if impact.energy is impact.it_energy:
        figures = {"energy": impact.energy} | {name: each for name, each in figures.items() if name != "it_energy"}
    theirs = footprint.beside.published.parts if footprint.beside else []
    listed = [*figures.values(), *(part.wh_per_query for part in [*impact.parts, *theirs])]
    listed += impact.equivalences.values()
    sources = list(dict.fromkeys(figure.source for figure in listed))
    scenario = footprint.scenario
    blocks = [
        [
            f"{scenario.title}: {significant(scenario.units)} x {scenario.unit} ({scenario.source})",
            f"grid: {grid.place}, {significant(grid.g_co2e_per_kwh)} g CO2e/kWh, location-based, {grid.tag}, "
            f"{grid.year}, {_age(grid.year, footprint.as_of_year)} ({grid.source}){_whose_grid(footprint)}",
            f"data centre: {footprint.datacentre.operator} ({footprint.datacentre.doubt})",
            *_saving(footprint),
        ],
        _figures(figures, footprint, sources) + _unknown(impact),
        _by_task(footprint, sources),
        _equivalences(impact, sources),
        _repaid(footprint),
        _sensitivity(footprint),
        ["notes", *(f"  {note}" for note in footprint.notes)] if footprint.notes else [],
        ["sources", *(f"  [{number}] {source}" for number, source in enumerate(sources, 1))],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def figures_page(figures: Mapping[str, Figure | str], names: Mapping[str, str], notes: Sequence[str]) -> str:
    """Figures and texts, each figure with its tag, year and source.

    Args:
        figures: by name.
        names: as printed, where they differ.
        notes: what the figures do not say of themselves.
    """
    sources = list(dict.fromkeys(each.source for each in figures.values() if isinstance(each, Figure)))
    rows = [
        [
            names.get(name, name.replace("_", " ")),
            *(cells(each, sources) if isinstance(each, Figure) else (each, "", "", "")),
        ]
        for name, each in figures.items()
    ]
    said = ["", "notes", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join([*table(rows), *said, "", *(f"[{number}] {source}" for number, source in enumerate(sources, 1))])


def cells(figure: Figure, sources: Sequence[str]) -> list[str]:
    """Value with interval and unit, tag, year, number of the source."""
    return [with_ends(figure), figure.tag, str(figure.year), f"[{sources.index(figure.source) + 1}]"]


def with_ends(figure: Figure) -> str:
    """``190 [187, 193] kWh``; without an interval ``190 kWh``."""
    ends = (
        "" if figure.low is None or figure.high is None else f" [{significant(figure.low)}, {significant(figure.high)}]"
    )
    exact = EXACT.get(figure.unit)
    value = significant(figure.value) if exact is None else f"{figure.value:{exact}}"
    return f"{value}{ends} {figure.unit}".rstrip()


def table(rows: Rows) -> list[str]:
    """Rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _figures(figures: Mapping[str, Figure], footprint: Footprint, sources: Sequence[str]) -> list[str]:
    """One's own, and where there are published ones beside these, under a head."""
    rows = [[_name(name, footprint.impact), *cells(figure, sources)] for name, figure in figures.items()]
    found = footprint.beside
    if found is None:
        return table(rows)
    ratio = "" if found.ratio is None else with_ends(found.ratio)
    published = found.published.named()
    head = ["", "own energies", "kind", "year", "source", "published energies", "own over published"]
    return table([head, *([*row, with_ends(published[name]), ratio] for row, name in zip(rows, figures, strict=True))])


def _by_task(footprint: Footprint, sources: Sequence[str]) -> list[str]:
    """A line each; under it what a query is, where its energy is a run's."""
    impact, found = footprint.impact, footprint.beside
    rows = [_part(part, impact, sources) for part in impact.parts]
    if found is None:
        lines = ["by task", *table(rows)]
    else:
        head = ["by task", "share", "own energy", "queries", "own energy of one", "kind", "year", "source"]
        head += ["published energy", "published energy of one", "source", "own over published"]
        published = zip(rows, found.published.parts, strict=True)
        rows = [[*row, *_published_part(part, found, sources)] for row, part in published]
        lines = [line.removeprefix("  ") if number == 0 else line for number, line in enumerate(table([head, *rows]))]
    for number, part in reversed(list(enumerate(impact.parts, start=1))):
        if part.task in footprint.run_queries:
            query = footprint.run_queries[part.task].words
            lines.insert(number + 1, f"    its query: {query}; says nothing of the models behind the published energy")
    return lines


def _published_part(part: Part, found: Beside, sources: Sequence[str]) -> list[str]:
    each, _, _, source = cells(part.wh_per_query, sources)
    return [with_ends(part.energy), each, source, _own_over_published(part, found)]


def _own_over_published(part: Part, found: Beside) -> str:
    """The ratio, or why there is none."""
    if part.queries is None:
        return "same in both"
    if part.task in found.stay_published:
        return "stays published"
    ratio = found.task_ratios[part.task]
    return "" if ratio is None else significant(ratio)


def _name(name: str, impact: Impact) -> str:
    return "energy" if name == "energy" and impact.energy is impact.it_energy else NAMES[name]


def _age(year: int, as_of_year: int) -> str:
    age = as_of_year - year
    return f"{age} years old" if age > 1 else "of this year or the last"


def _saving(footprint: Footprint) -> list[str]:
    if footprint.without is None:
        return []
    with_it, without = footprint.impact, footprint.without
    what = f"with {footprint.technique}: {with_ends(with_it.energy)} instead of {with_ends(without.energy)}"
    return [f"{what}, {with_ends(with_it.carbon)} instead of {with_ends(without.carbon)}"]


def _unknown(impact: Impact) -> list[str]:
    """What is not known is said, since it is not 0."""
    missing = [NAMES[name] for name in ("water_onsite", "water_offsite") if getattr(impact, name) is None]
    remedies = "give datacentre= or wue_l_per_kwh=, and water_offsite_l_per_kwh="
    return [f"  {' and '.join(missing)}: not known here ({remedies})"] if missing else []


def _part(part: Part, impact: Impact, sources: Sequence[str]) -> list[str]:
    share = _share(impact.shares[part.task]) if impact.shares else ""
    count = "" if part.queries is None else counted(significant(part.queries), "query", "queries")
    name = part.task.replace("_", " ") + (f" with {part.technique}" if part.technique else "")
    return [name, share, with_ends(part.energy), count, *cells(part.wh_per_query, sources)]


def _share(share: float) -> str:
    """Of 0 to 1; what is above 0 is never shown as 0."""
    return "< 0.1 %" if 0 < share < SMALLEST_SHARE else f"{100 * share:.1f} %"


def _equivalences(impact: Impact, sources: Sequence[str]) -> list[str]:
    rows = [["as much as", *cells(figure, sources)] for figure in impact.equivalences.values()]
    return table(rows) if rows else []


def _whose_grid(footprint: Footprint) -> str:
    return "; the scenario's own, as no grid= was given" if footprint.grid_is_the_scenario_s else ""


def _repaid(footprint: Footprint) -> list[str]:
    """When the technique has repaid what it cost once, by task; on the run's own energies."""
    rate = footprint.queries_per_day
    rows = [[task.replace("_", " "), repaid_text(found, rate)] for task, found in footprint.repaid.items()]
    return [f"{footprint.technique} repaid, on the run's own hardware and energies", *table(rows)] if rows else []


def _sensitivity(footprint: Footprint) -> list[str]:
    task = footprint.scenario.sensitivity
    if task is None or not footprint.sensitivity:
        return []
    head = ["published energy of one", "Wh", "energy", "carbon", "its share", "year"]
    rows = [head, *(_variant(each) for each in footprint.sensitivity)]
    without = ", without the technique" if footprint.technique else ""
    return [f"if {task.replace('_', ' ')} took what others publish{without} (modelled)", *table(rows)]


def _variant(each: Variant) -> list[str]:
    share = "" if each.share is None else _share(each.share)
    wh = significant(each.wh_per_query.value)
    return [each.variant, wh, with_ends(each.energy), with_ends(each.carbon), share, str(each.wh_per_query.year)]
