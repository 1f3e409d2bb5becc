"""A use of models: how many queries of each task a unit of it takes, such as a report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from suite.carbon.arithmetic import scaled, summed
from suite.carbon.quantity import Figure, checked
from suite.carbon.setting_errors import wrong_kind
from suite.errors import InputError
from suite.io.paths import CONF
from suite.text.suggest import one_of

SCENARIO_FOLDER = CONF / "scenario"
WH_PER_KWH = 1e3
OTHER = "other"


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done, and how often.

    Attributes:
        name: of its yaml.
        title: what is done, as printed.
        unit: of what, in the singular.
        units: how many.
        queries_per_unit: by task.
        other_wh_per_unit: energy beside these tasks, Wh a unit of the hardware.
        run_tasks: the task of a run of ours that stands for a task here, by default that of the same name; None where
            no run of ours can.
        sensitivity: the task whose published variants are tabled beside the result; None for no table.
        grid: where, when the user names no place; None where the user must.
        year: of the scenario.
        source: of its numbers.
    """

    name: str
    title: str
    unit: str
    units: float
    queries_per_unit: dict[str, float]
    other_wh_per_unit: float
    run_tasks: dict[str, str | None]
    sensitivity: str | None
    grid: str | None = None
    year: int
    source: str

    def __post_init__(self) -> None:
        checked("scenario.units", self.units, above=True)
        checked("scenario.other_wh_per_unit", self.other_wh_per_unit)
        for task, count in self.queries_per_unit.items():
            checked(f"scenario.queries_per_unit.{task}", count)
        if OTHER in self.queries_per_unit:
            raise InputError(
                "a task cannot be called other", got=OTHER, remedy="use other_wh_per_unit, or name the task"
            )
        unknown = sorted(({self.sensitivity} | set(self.run_tasks)) - {None} - set(self.queries_per_unit), key=str)
        if unknown:
            remedy = f"name one of {', '.join(self.queries_per_unit)}"
            raise InputError("run_tasks and sensitivity name tasks of the scenario", got=unknown, remedy=remedy)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One task's share of a scenario.

    Attributes:
        task: of the scenario, or ``other``.
        queries: in all; None for what is no task.
        wh_per_query: Wh a query, or a unit of the scenario for ``other``.
        energy: kWh of the hardware.
        technique: put into this task; None where it runs as it did.
    """

    task: str
    queries: float | None
    wh_per_query: Figure
    energy: Figure
    technique: str | None = None


def scenario_from(name: str, content: Mapping[str, Any]) -> Scenario:
    """A scenario from the content of its yaml.

    Raises:
        InputError: a field is missing, unknown, of the wrong kind or out of range.
    """
    try:
        return msgspec.convert({"name": name, **content}, Scenario)
    except msgspec.ValidationError as error:
        raise wrong_kind(error, content, f"scenario {name} cannot be used", prefix="scenario.") from error


def scenario_file(name: str, folder: Path = SCENARIO_FOLDER) -> Path:
    """Where a scenario stands.

    Raises:
        InputError: there is none of that name.
    """
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise InputError("unknown scenario", got=name, remedy=one_of(name, known))
    return folder / f"{name}.yaml"


def parts_of(
    scenario: Scenario, wh_per_query: Mapping[str, Figure], techniques: Mapping[str, str] | None = None
) -> list[Part]:
    """Energy of each task, in the scenario's order, then of the rest.

    Args:
        scenario: what is done.
        wh_per_query: of every task of the scenario.
        techniques: by task, where one was put in.
    """
    parts = [
        Part(
            task=task,
            queries=scenario.units * count,
            wh_per_query=wh_per_query[task],
            energy=_energy(wh_per_query[task], scenario.units * count, f"queries of {task}"),
            technique=(techniques or {}).get(task),
        )
        for task, count in scenario.queries_per_unit.items()
    ]
    if scenario.other_wh_per_unit:
        rest = Figure(
            value=scenario.other_wh_per_unit,
            unit=f"Wh per {scenario.unit}",
            tag="modelled",
            source=scenario.source,
            year=scenario.year,
        )
        energy = _energy(rest, scenario.units, f"times {scenario.unit}")
        parts.append(Part(task=OTHER, queries=None, wh_per_query=rest, energy=energy))
    return parts


def _energy(each: Figure, count: float, what: str) -> Figure:
    source = f"{count:,.12g} {what} x {each.tag} energy of each"
    return scaled(each, count / WH_PER_KWH, unit="kWh", tag="modelled", source=source)


def total(parts: list[Part]) -> Figure:
    """KWh of the hardware, all parts together.

    Raises:
        InputError: the scenario does nothing.
    """
    if not parts:
        raise InputError("the scenario has no task", got={}, remedy="give scenario.queries_per_unit={task: number}")
    return summed([part.energy for part in parts], "sum over the scenario's tasks")


def shares(parts: list[Part]) -> dict[str, float] | None:
    """Each part's share of the energy, from 0 to 1; None where there is no energy to share."""
    whole = math.fsum(part.energy.value for part in parts)
    return {part.task: part.energy.value / whole for part in parts} if whole else None
