"""From the user's choices to a footprint: energies chosen, a technique put in, both carried to the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from suite.analysis.summary import PointSummary
from suite.carbon.grid import Grid, own_grid
from suite.carbon.place import find
from suite.carbon.quantity import Figure
from suite.errors import InputError
from suite.footprint.datacentre import DataCentre, load_datacentre, site_of
from suite.footprint.energies import (
    baseline_energy,
    own_energy,
    points_for,
    published_energy,
    published_variants,
    ratio_of,
    run_points,
    with_technique,
)
from suite.footprint.impact import Impact, carbon_kg, facility_energy, impact_of
from suite.footprint.location import Site
from suite.footprint.repayment import Repaid, repaid
from suite.footprint.scenario import Part, Scenario, parts_of, shares, total
from suite.text.suggest import question

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
    chosen, said = _points(request, scenario)
    energies, notes = _energies(request, scenario, chosen, year)
    impact = _impact(request, parts_of(scenario, energies), site)
    technique, rate, without = request.technique, request.queries_per_day, None
    if technique:
        ratios = {task: ratio_of(point) for task, point in chosen.items()}
        notes += [_verdict_note(task, technique, chosen.get(task)) for task in energies]
        notes += _carried_note(energies, chosen, request)
        treated = energies | {task: with_technique(energies[task], ratio) for task, ratio in ratios.items()}
        parts = parts_of(scenario, treated, dict.fromkeys(ratios, technique))
        impact, without = _impact(request, parts, site), impact
    return Footprint(
        scenario=scenario,
        grid=grid,
        datacentre=datacentre,
        technique=technique,
        impact=impact,
        without=without,
        sensitivity=_sensitivity(scenario, energies, site),
        grid_is_the_scenario_s=request.grid is None and request.grid_g_per_kwh is None,
        repaid={task: repaid(point, rate) for task, point in chosen.items()} if technique else {},
        queries_per_day=rate,
        notes=[*notes, *said],
        as_of_year=year,
    )


def _verdict_note(task: str, technique: str, point: PointSummary | None) -> str:
    if point is None:
        return f"{task}: not measured with {technique}, taken as it was"
    interval = "" if point.energy_ratio_low is not None else ", and its ratio has no interval (fewer than two blocks)"
    return f"{task}: the run's verdict on {technique} is {point.claim}{interval}"


def _carried_note(energies: Mapping[str, Figure], chosen: Mapping[str, PointSummary], request: Request) -> list[str]:
    """What a ratio assumes where it meets energies that are not the run's own."""
    own = request.energy != PUBLISHED
    tasks = [task for task in energies if task in chosen and (not own or task in request.wh_per_query)]
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


def _points(request: Request, scenario: Scenario) -> tuple[dict[str, PointSummary], tuple[str, ...]]:
    """The run's point for each task that it holds, and what to know of the run's results.

    Both are empty where neither energy nor technique comes from a run.
    """
    technique = request.technique
    folder = request.run if request.energy == PUBLISHED else request.energy
    if technique is None and request.energy == PUBLISHED:
        return {}, ()
    if folder is None:
        remedy = "name the run that measured it, run=runs/NAME"
        raise InputError("a technique's saving comes from a run", got=f"mitigation={technique}", remedy=remedy)
    if request.run is not None and request.energy not in (PUBLISHED, request.run):
        raise InputError(
            "energy and technique come from two runs",
            got=(request.energy, request.run),
            remedy="give one run, as energy= or as run=",
        )
    results = run_points(Path(folder))
    points = results.points
    run_tasks = {task: scenario.run_tasks.get(task, task) for task in scenario.queries_per_unit}
    found = points_for(run_tasks, points, technique or NO_TECHNIQUE, [str(each) for each in request.point_ids])
    if not found:
        got = f"mitigation={technique or NO_TECHNIQUE} for {', '.join(scenario.queries_per_unit)}"
        remedy = f"{_other_order(technique, points)}{folder} has {_content(points)}"
        raise InputError("the run holds none of this", got=got, remedy=remedy)
    return found, results.notes


def _other_order(technique: str | None, points: Sequence[PointSummary]) -> str:
    """The same stack as the run has it, as a question that ends in a space; empty where it has none."""
    names = sorted((technique or "").split("+"))
    same = [point.mitigation for point in points if sorted(point.mitigation.split("+")) == names]
    return question(f"mitigation=[{stack.replace('+', ',')}]" for stack in same[:1] if stack != technique)


def _content(points: Sequence[PointSummary]) -> str:
    return "; ".join(
        f"{task}: {', '.join(dict.fromkeys(point.mitigation for point in points if point.task == task))}"
        for task in dict.fromkeys(point.task for point in points)
    )


def _energies(
    request: Request, scenario: Scenario, chosen: Mapping[str, PointSummary], year: int
) -> tuple[dict[str, Figure], list[str]]:
    """Wh a query of each task: the user's own, else the run's, else published."""
    unknown = sorted(set(request.wh_per_query) - set(scenario.queries_per_unit))
    if unknown:
        remedy = f"it has {', '.join(scenario.queries_per_unit)}"
        raise InputError("wh_per_query names tasks that the scenario has not", got=unknown, remedy=remedy)
    energies, notes = {}, []
    for task in scenario.queries_per_unit:
        if task in request.wh_per_query:
            energies[task] = own_energy(task, request.wh_per_query[task], year)
        elif request.energy != PUBLISHED and task in chosen:
            energies[task] = baseline_energy(chosen[task])
            notes.append(f"{task}: a query is one of {chosen[task].task} in the run, on the hardware that it names")
        else:
            energies[task] = published_energy(task, request.variant)
            if request.energy != PUBLISHED:
                notes.append(f"{task}: not in {request.energy}, its energy stays published")
    return energies, notes


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
