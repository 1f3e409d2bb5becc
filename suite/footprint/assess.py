"""From the user's choices to a footprint: energies chosen, a technique put in, both carried to the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from suite.analysis.summary import PointSummary
from suite.carbon.grid import Grid, own_grid
from suite.carbon.place import find
from suite.carbon.quantity import Figure
from suite.errors import InputError
from suite.footprint.beside import Beside, beside
from suite.footprint.datacentre import DataCentre, load_datacentre, site_of
from suite.footprint.energies import (
    is_published,
    own_energy,
    published_energy,
    published_variants,
    ratio_of,
    with_technique,
)
from suite.footprint.from_run import FromRun, from_run
from suite.footprint.impact import Impact, carbon_kg, facility_energy, impact_of
from suite.footprint.location import Site
from suite.footprint.repayment import Repaid, repaid
from suite.footprint.run_baseline import RunQuery, baseline_energy, run_query
from suite.footprint.scenario import Part, Scenario, parts_of, shares, total

PUBLISHED = "published"
NO_TECHNIQUE = "none"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the user chose; each field as conf/footprint.yaml explains it."""

    grid: str | None
    grid_g_per_kwh: float | None
    datacentre: str
    pue: float | None
    wue_l_per_kwh: float | None
    water_offsite_l_per_kwh: float | None
    energy: str
    variant: str
    wh_per_query: dict[str, float]
    run: str | None
    mitigation: str | list[str]
    point_ids: list[str | int]
    price_per_kwh: float | None
    currency: str
    queries_per_day: float | None
    equivalence: dict[str, str | None]

    @property
    def technique(self) -> str | None:
        """The stack's names joined by ``+``, as a run calls it; None for none."""
        names = self.mitigation if isinstance(self.mitigation, str) else "+".join(self.mitigation)
        return None if names in ("", NO_TECHNIQUE) else names


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """The same scenario with another published energy of one task, without any technique."""

    variant: str
    wh_per_query: Figure
    energy: Figure
    carbon: Figure
    share: float | None


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        scenario: what is done.
        grid: where.
        datacentre: in what.
        technique: put in; None for none.
        impact: with the technique, where there is one.
        without: the same without it; None where there is none.
        beside: the same with published energies; None where all are, or nothing is published of a task.
        run_queries: by task, what a query is where its energy is a run's.
        sensitivity: of the scenario to one task's published energy.
        grid_is_the_scenario_s: whether the user named no place, so that the scenario's own stands in.
        repaid: by task, when the technique has repaid what it cost once.
        queries_per_day: to state that in days; None where none were given.
        notes: what the figures do not say of themselves.
        as_of_year: today's, against which the figures' years say how old they are.
    """

    scenario: Scenario
    grid: Grid
    datacentre: DataCentre
    technique: str | None
    impact: Impact
    without: Impact | None
    beside: Beside | None
    run_queries: dict[str, RunQuery]
    sensitivity: list[Variant]
    grid_is_the_scenario_s: bool
    repaid: dict[str, Repaid]
    queries_per_day: float | None
    notes: list[str]
    as_of_year: int


def assess(request: Request, scenario: Scenario, year: int) -> Footprint:
    """The footprint of a scenario.

    Args:
        request: the choices.
        scenario: what is done.
        year: today's, which dates the user's own numbers.

    Raises:
        InputError: an unknown name, a number out of range, or a run that does not hold what is asked of it.
    """
    grid, datacentre, site = place_of(request, year, scenario.grid)
    found = _from_run(request, scenario)
    energies = _energies(request, scenario, found, year)
    queries = {task: run_query(points[0]) for task, points in found.baselines.items()}
    impact = _impact(request, parts_of(scenario, energies), site)
    notes = _origin_notes(request, energies, queries) + _unpublished_note(energies)
    technique, rate, without = request.technique, request.queries_per_day, None
    if technique:
        ratios = {task: ratio_of(point) for task, point in found.treated.items()}
        notes += [_verdict_note(task, technique, found.treated.get(task)) for task in energies]
        notes += _carried_note(found, request)
        treated = energies | {task: with_technique(energies[task], ratio) for task, ratio in ratios.items()}
        parts = parts_of(scenario, treated, dict.fromkeys(ratios, technique))
        impact, without = _impact(request, parts, site), impact
    published = _published(request, scenario, energies)
    return Footprint(
        scenario=scenario,
        grid=grid,
        datacentre=datacentre,
        technique=technique,
        impact=impact,
        without=without,
        beside=beside(impact, _impact(request, parts_of(scenario, published), site)) if published else None,
        run_queries=queries,
        sensitivity=_sensitivity(scenario, energies, site),
        grid_is_the_scenario_s=request.grid is None and request.grid_g_per_kwh is None,
        repaid={task: repaid(point, rate) for task, point in found.treated.items()},
        queries_per_day=rate,
        notes=[*notes, *found.notes],
        as_of_year=year,
    )


def _verdict_note(task: str, technique: str, point: PointSummary | None) -> str:
    if point is None:
        return f"{task}: not measured with {technique}, taken as it was"
    interval = "" if point.energy_ratio_low is not None else ", and its ratio has no interval (fewer than two blocks)"
    return f"{task}: the run's verdict on {technique} is {point.claim}{interval}"


def _carried_note(found: FromRun, request: Request) -> list[str]:
    """What a ratio assumes where it meets energies that are not the run's own."""
    chosen = found.treated
    tasks = [task for task in chosen if task not in found.baselines]
    if not tasks:
        return []
    points = [chosen[task] for task in tasks]
    bases = "/".join(dict.fromkeys(str(point.energy_basis) for point in points))
    models = " and ".join(dict.fromkeys(f"{point.model} ({point.hardware})" for point in points))
    given = "/".join(dict.fromkeys("given" if task in request.wh_per_query else "published" for task in tasks))
    return [
        f"ratio {bases} on {models}, applied to {given} energies of {', '.join(tasks)}: holds only if the share saved "
        "is the same there, which nobody has measured; the interval is the ratio's alone"
    ]


def place_of(request: Request, year: int, default_grid: str | None = None) -> tuple[Grid, DataCentre, Site]:
    """The grid, the data centre and both together.

    Args:
        request: the choices.
        year: today's.
        default_grid: where, if the user names no place.

    Raises:
        InputError: no place at all, an unknown name, or a number out of range.
    """
    own = request.grid_g_per_kwh
    name = default_grid if request.grid is None else request.grid
    if own is None and name is None:
        raise InputError("no place is named", got="no grid", remedy="name grid= or grid_g_per_kwh=")
    grid = find(str(name)) if own is None else own_grid(own, year)
    datacentre = load_datacentre(request.datacentre)
    site = site_of(
        grid,
        datacentre,
        year=year,
        pue=request.pue,
        wue_l_per_kwh=request.wue_l_per_kwh,
        offsite_l_per_kwh=request.water_offsite_l_per_kwh,
    )
    return grid, datacentre, site


def _impact(request: Request, parts: list[Part], site: Site) -> Impact:
    price, currency = request.price_per_kwh, request.currency
    return impact_of(parts, site, choices=request.equivalence, price_per_kwh=price, currency=currency)


def _from_run(request: Request, scenario: Scenario) -> FromRun:
    """What the run holds; nothing where neither energy nor technique comes from one."""
    technique, own = request.technique, request.energy != PUBLISHED
    folder = request.energy if own else request.run
    if technique is None and not own:
        return FromRun()
    if folder is None:
        remedy = "name the run that measured it, run=runs/NAME"
        raise InputError("a technique's saving comes from a run", got=f"mitigation={technique}", remedy=remedy)
    if request.run is not None and request.energy not in (PUBLISHED, request.run):
        raise InputError(
            "energy and technique come from two runs",
            got=(request.energy, request.run),
            remedy="give one run, as energy= or as run=",
        )
    tasks = {task: scenario.run_tasks.get(task, task) for task in scenario.queries_per_unit}
    return from_run(
        Path(folder),
        tasks,
        technique=technique,
        point_ids=[str(each) for each in request.point_ids],
        own=set(tasks) - set(request.wh_per_query) if own else set(),
    )


def _energies(request: Request, scenario: Scenario, found: FromRun, year: int) -> dict[str, Figure]:
    """Wh a query of each task: the user's own, else the run's, else published."""
    unknown = sorted(set(request.wh_per_query) - set(scenario.queries_per_unit))
    if unknown:
        remedy = f"it has {', '.join(scenario.queries_per_unit)}"
        raise InputError("wh_per_query names tasks that the scenario has not", got=unknown, remedy=remedy)
    energies = {}
    for task in scenario.queries_per_unit:
        if task in request.wh_per_query:
            energies[task] = own_energy(task, request.wh_per_query[task], year)
        elif task in found.baselines:
            energies[task] = baseline_energy(found.baselines[task])
        else:
            energies[task] = published_energy(task, request.variant)
    return energies


def _origin_notes(request: Request, energies: Mapping[str, Figure], queries: Mapping[str, RunQuery]) -> list[str]:
    """Which energies are the run's own, and what stands between them and the published ones."""
    if request.energy == PUBLISHED:
        return []
    difference = (
        f"own over published of {', '.join(queries)} holds another model, another definition of a query and another "
        "machine together: it is no saving"
    )
    stay = [task for task in energies if task not in queries and task not in request.wh_per_query]
    kept = [f"{task}: not in {request.energy}, its energy stays published" for task in stay]
    return [difference, *kept] if queries else kept


def _unpublished_note(tasks: Iterable[str]) -> list[str]:
    unknown = [task for task in tasks if not is_published(task)]
    return [f"nothing is published of {', '.join(unknown)}: no published use stands beside"] if unknown else []


def _published(request: Request, scenario: Scenario, energies: Mapping[str, Figure]) -> dict[str, Figure] | None:
    """Published Wh a query of each task; None where there is nothing else, or nothing is published of one."""
    tasks = scenario.queries_per_unit
    if all(figure.tag == "published" for figure in energies.values()) or not all(map(is_published, tasks)):
        return None
    return {task: published_energy(task, request.variant) for task in tasks}


def _sensitivity(scenario: Scenario, energies: Mapping[str, Figure], site: Site) -> list[Variant]:
    task = scenario.sensitivity
    if task is None:
        return []
    variants = []
    for published in published_variants(task):
        parts = parts_of(scenario, {**energies, task: published.figure})
        it_energy, by_task = total(parts), shares(parts)
        variants.append(
            Variant(
                variant=published.variant,
                wh_per_query=published.figure,
                energy=facility_energy(it_energy, site),
                carbon=carbon_kg(it_energy, site),
                share=by_task[task] if by_task else None,
            )
        )
    return variants
