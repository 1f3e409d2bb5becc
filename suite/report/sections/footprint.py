"""What the energy means at the reader's own volume, place and data centre, and what each technique changes of it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import yaml

from suite.analysis.summary import PointSummary
from suite.carbon.grid import Grid
from suite.carbon.place import all_places, find
from suite.carbon.quantity import Figure
from suite.footprint.datacentre import DataCentre, all_datacentres, load_datacentre, site_of
from suite.footprint.energies import published_energy, ratio_of, with_technique
from suite.footprint.from_run import says_what_a_query_takes
from suite.footprint.impact import Impact, impact_of
from suite.footprint.location import Site
from suite.footprint.run_baseline import RunQuery, baseline_energy, default_baselines, run_query
from suite.footprint.scenario import OTHER, Scenario, parts_of, scenario_file, scenario_from, total
from suite.footprint.subject import year_of
from suite.footprint.water import offsite_water
from suite.report.prose.instruments import method_words
from suite.report.view_model import Entry, Group, Report
from suite.text import labels
from suite.text import numbers as text
from suite.text.i18n import N_, _

ORDER = 55
TITLE = N_("What it means: kWh, CO₂e, water")
UNITS = (N_("reports"),)
"""What a published use counts, in the plural."""
PUBLISHED_USE, PUBLISHED_PLACE, NO_DATACENTRE = "reports_1000", "lombardy", "none"
DAILY_QUERIES = 100_000
DAYS_PER_YEAR = 365
MOST_USES = 24
"""So many baselines of the run can be chosen."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Technique:
    """A technique of this run that can be put into one task of a use."""

    label: str
    task: str
    ratio: Figure
    verdict: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Use:
    """A use of models with the energies it starts from and the techniques that fit it.

    Attributes:
        title: as printed.
        detail: which model, workload and settings; or what is done.
        unit: what is counted: queries a day, reports.
        count: of them, by default.
        times: how many times over until the result: 365 days, or once.
        period: what the result is for.
        scenario: the same for ``count`` and ``times``.
        energies: Wh of each task's query.
        grid: whose electricity, by default.
        techniques: of this run.
        leading: the technique that saves the most without losing accuracy; None where there is none.
        queries: by task, what a query is where its energy is this run's and stands in for a published one.
        ambiguous: tasks that stay published since several models or machines of this report fit.
        ratio: energy over that of the published use; None where it is no use of published counts with own energies.
    """

    title: str
    detail: str
    unit: str
    count: int
    times: int
    period: str
    scenario: Scenario
    energies: dict[str, Figure]
    grid: Grid
    techniques: tuple[Technique, ...]
    leading: Technique | None
    queries: dict[str, RunQuery] = dataclasses.field(default_factory=dict)
    ambiguous: tuple[str, ...] = ()
    ratio: float | None = None

    @property
    def energy_tag(self) -> str:
        """How the energies were got; together they are modelled where that differs."""
        tags = {figure.tag for figure in self.energies.values()}
        return tags.pop() if len(tags) == 1 else "modelled"

    @property
    def energy_year(self) -> int:
        """Of the oldest energy."""
        return min(figure.year for figure in self.energies.values())

    @property
    def sources(self) -> list[str]:
        """Of the energies, each once; by task where they are of two kinds."""
        named = [f"{labels.words(task)}: {each.source}" for task, each in self.energies.items()]
        return named if self.queries else list(dict.fromkeys(each.source for each in self.energies.values()))

    @property
    def parts(self) -> list[dict[str, float | str]]:
        """Wh of each part a unit counted; for the page's script."""
        found: list[dict[str, float | str]] = [
            {"task": task, "wh": queries * self.scenario.units / (self.count * self.times) * self.energies[task].value}
            for task, queries in self.scenario.queries_per_unit.items()
        ]
        rest = self.scenario.other_wh_per_unit
        return [*found, {"task": OTHER, "wh": rest}] if rest else found

    @property
    def technique_groups(self) -> list[tuple[Figure, list[Technique]]]:
        """Techniques of one task whose ratios were got in one way, with the first of these ratios."""
        groups: dict[tuple[str, str, int], list[Technique]] = {}
        for each in self.techniques:
            groups.setdefault((each.task, each.ratio.tag, each.ratio.year), []).append(each)
        return [(members[0].ratio, members) for members in groups.values()]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """A grid with the water that its electricity takes."""

    grid: Grid
    water: Figure | None


def context(report: Report) -> dict[str, Any]:
    """Uses, places, data centres, and the table for the default values."""
    published, places = _published_use(report), _places()
    uses = [*_run_uses(report), *_own_uses(report, published), published]
    waters = {_water_source(each.water) for _, _, members in places for each in members if each.water}
    return {
        "uses": uses,
        "rows": [(use, _lines(use)) for use in uses],
        "places": places,
        "water_sources": sorted(waters),
        "water_source": _water_source,
        "datacentre_note": datacentre_note,
        "datacentres": sorted(all_datacentres(), key=lambda each: (each.name != NO_DATACENTRE, each.operator)),
        "no_datacentre": NO_DATACENTRE,
        "published_place": PUBLISHED_PLACE,
        "start": uses[0],
    }


def _lines(use: Use) -> list[tuple[Technique | None, Impact]]:
    """What the use takes without a technique and with the one that leads, no data centre counted."""
    site = site_of(use.grid, load_datacentre(NO_DATACENTRE), year=use.grid.year)
    return [(each, _impact(use, each, site)) for each in dict.fromkeys((None, use.leading))]


def _impact(use: Use, technique: Technique | None, site: Site) -> Impact:
    energies = dict(use.energies)
    if technique:
        energies[technique.task] = with_technique(energies[technique.task], technique.ratio)
    return impact_of(parts_of(use.scenario, energies), site, choices={})


def _published_use(report: Report) -> Use:
    scenario = scenario_from(PUBLISHED_USE, yaml.safe_load(scenario_file(PUBLISHED_USE).read_text("utf-8")))
    techniques = [
        technique
        for task in scenario.queries_per_unit
        for group in _inference_groups(report)[:MOST_USES]
        if labels.key_of(group.task) == scenario.run_tasks.get(task, task)
        for technique in _techniques(_real(group), task, group.title)
    ]
    return Use(
        title=_("published use case"),
        detail=scenario.title,
        unit=_(scenario.unit + "s"),
        count=round(scenario.units),
        times=1,
        period=_("in all"),
        scenario=scenario,
        energies={task: published_energy(task, "mean") for task in scenario.queries_per_unit},
        grid=find(PUBLISHED_PLACE),
        techniques=tuple(techniques),
        leading=_leading(techniques),
    )


def _own_uses(report: Report, published: Use) -> list[Use]:
    """The published use case with the energies of this report, where it has one of its tasks; at most one."""
    points = [point for point in report.points if says_what_a_query_takes(point)]
    run_tasks = published.scenario.run_tasks
    choices = {task: default_baselines(points, run_tasks.get(task, task) or "") for task in published.energies}
    chosen = {task: found[0] for task, found in choices.items() if len(found) == 1}
    return [_own_use(published, chosen, choices)] if chosen else []


def _own_use(
    published: Use,
    chosen: Mapping[str, Sequence[PointSummary]],
    choices: Mapping[str, Sequence[Sequence[PointSummary]]],
) -> Use:
    queries = {task: run_query(points[0]) for task, points in chosen.items()}
    own = dataclasses.replace(
        published,
        title=_("published use case, with this run's energies"),
        energies=published.energies | {task: _own_energy(points) for task, points in chosen.items()},
        techniques=(),
        leading=None,
        queries=queries,
        ambiguous=tuple(task for task, found in choices.items() if len(found) > 1),
    )
    (ours, theirs) = (total(parts_of(use.scenario, use.energies)).value for use in (own, published))
    return dataclasses.replace(own, ratio=ours / theirs if theirs else None)


def _own_energy(points: Sequence[PointSummary]) -> Figure:
    """Wh a query of this run's baseline; its source starts with what the query is."""
    query, energy = run_query(points[0]), _baseline(points)
    words = _(
        "{query}; by {model}, {parameters} parameters, batch {batch}: this says nothing of the models behind the "
        "published energy"
    ).format(
        query=query.query or _("a query that the record does not define"),
        model=query.model,
        parameters=text.NOTHING if query.parameters is None else text.significant(query.parameters),
        batch=text.whole(query.batch_size),
    )
    return msgspec.structs.replace(energy, source=f"{words}; {energy.source}")


def _inference_groups(report: Report) -> list[Group]:
    return [group for group in report.groups if not group.is_training]


def _run_uses(report: Report) -> list[Use]:
    groups = [(group, real) for group in _inference_groups(report) if (real := _real(group))]
    return [_run_use(group, real, report.grid) for group, real in groups[:MOST_USES]]


def _run_use(group: Group, real: Sequence[Entry], grid: Grid) -> Use:
    techniques = _techniques(real, group.task, "")
    return Use(
        title=_("this run: {task}").format(task=group.name),
        detail=group.title,
        unit=_("queries a day"),
        count=DAILY_QUERIES,
        times=DAYS_PER_YEAR,
        period=_("a year"),
        scenario=Scenario(
            name=group.task,
            title=group.title,
            unit="day",
            units=DAYS_PER_YEAR,
            queries_per_unit={group.task: DAILY_QUERIES},
            other_wh_per_unit=0.0,
            run_tasks={},
            sensitivity=None,
            year=year_of(real[0].point),
            source=_("an illustration; put in your own number"),
        ),
        energies={group.task: _baseline([entry.point for entry in real])},
        grid=grid,
        techniques=tuple(techniques),
        leading=_leading(techniques),
    )


def _real(group: Group) -> list[Entry]:
    """Points with energy of this world, got in one way: measured and estimated joules are never put together."""
    real = [entry for entry in group.ok if says_what_a_query_takes(entry.point)]
    return [entry for entry in real if entry.point.energy_basis == real[0].point.energy_basis]


def _baseline(points: Sequence[PointSummary]) -> Figure:
    """Wh a query of the baseline that all points share, the mean over them: as the table of tasks has it."""
    first = points[0]
    return msgspec.structs.replace(
        baseline_energy(points),
        source=_("this run's baseline on {hardware}, {component} alone: {method}").format(
            hardware=first.hardware or _("unnamed hardware"),
            component=(first.component or "").upper(),
            method=method_words(first.method or ""),
        ),
    )


def _techniques(entries: Sequence[Entry], task: str, beside: str) -> list[Technique]:
    return [
        Technique(
            label=f"{entry.label} ({beside})" if beside else entry.label,
            task=task,
            ratio=ratio_of(entry.point),
            verdict=entry.point.claim,
        )
        for entry in entries
        if entry.point.mitigation != "none" and entry.point.energy_ratio is not None
    ]


def _leading(techniques: Sequence[Technique]) -> Technique | None:
    saving = [technique for technique in techniques if technique.verdict == "saves"]
    return min(saving, key=lambda technique: technique.ratio.value, default=None)


def _places() -> list[tuple[str, str, list[Place]]]:
    """Source, tag and places, so that each source is written once."""
    grids = sorted(all_places(), key=lambda grid: (grid.source, grid.tag, grid.place))
    return [
        (source, tag, [Place(grid=grid, water=offsite_water(grid)) for grid in members])
        for (source, tag), members in itertools.groupby(grids, key=lambda grid: (grid.source, grid.tag))
    ]


def _water_source(water: Figure) -> str:
    """The source without the place that it is about: many places share it."""
    return f"{water.source.partition(': ')[2]} ({water.year})"


def datacentre_note(datacentre: DataCentre) -> str:
    """Years and sources of what an operator publishes."""
    factors = {"PUE": datacentre.pue, "WUE": datacentre.wue_l_per_kwh}
    known = [f"{name} {each.year}: {each.source}" for name, each in factors.items() if each]
    return "; ".join([*known, datacentre.doubt])
