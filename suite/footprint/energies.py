"""Energy of a query by task: published tables or the user's own numbers; and a technique's ratio."""

from __future__ import annotations

import msgspec

from suite.analysis.summary import PointSummary
from suite.carbon.arithmetic import ratioed
from suite.carbon.quantity import Figure, checked
from suite.carbon.tables import read_table
from suite.errors import InputError
from suite.footprint.run_baseline import UNIT
from suite.footprint.subject import tag_of, year_of
from suite.text.suggest import did_you_mean


class PublishedEnergy(msgspec.Struct, frozen=True, kw_only=True):
    """One published energy of a query, by task and variant (``mean``, ``median`` or a model on its hardware)."""

    task: str
    variant: str
    wh_per_query: float
    year: int
    source: str
    doubt: str

    @property
    def figure(self) -> Figure:
        """As a figure whose source says what it does not."""
        source = f"{self.variant}: {self.source}; {self.doubt}"
        return Figure(value=self.wh_per_query, unit=UNIT, tag="published", source=source, year=self.year)


def published_variants(task: str) -> list[PublishedEnergy]:
    """All that is published for a task.

    Raises:
        InputError: nothing is.
    """
    rows = read_table("published_energies.csv", PublishedEnergy)
    found = [row for row in rows if row.task == task]
    if not found:
        remedy = f"{did_you_mean(task, [row.task for row in rows])}give wh_per_query={{{task}: number}}"
        raise InputError("no energy is published for this task", got=task, remedy=remedy)
    return found


def is_published(task: str) -> bool:
    """Whether anybody has published an energy of a query of the task."""
    return any(row.task == task for row in read_table("published_energies.csv", PublishedEnergy))


def published_energy(task: str, variant: str) -> Figure:
    """One variant of a task; a task without that variant has its mean, which its source then says.

    Raises:
        InputError: nothing is published for the task, or nobody has such a variant.
    """
    known = {row.variant for row in read_table("published_energies.csv", PublishedEnergy)}
    if variant not in known:
        raise InputError("unknown published variant", got=variant, remedy=f"give one of {', '.join(sorted(known))}")
    rows = {row.variant: row for row in published_variants(task)}
    return rows.get(variant, rows["mean"]).figure


def own_energy(task: str, wh_per_query: object, year: int) -> Figure:
    """The user's own number.

    Raises:
        InputError: it is no finite number of 0 or more.
    """
    value = checked(f"wh_per_query of {task}", wh_per_query)
    return Figure(value=value, unit=UNIT, tag="estimated", source="given by the user, not checked", year=year)


def ratio_of(point: PointSummary) -> Figure:
    """Energy of a query with the technique over that without, paired, with its interval.

    Raises:
        InputError: no whole block was measured.
    """
    if point.energy_ratio is None:
        raise InputError("this point has no energy ratio", got=point.point_id, remedy="measure it again")
    return Figure(
        value=point.energy_ratio,
        low=point.energy_ratio_low,
        high=point.energy_ratio_high,
        unit="",
        tag=tag_of(point),
        source=f"{point.mitigation} on {point.model} ({point.hardware}), run {point.run}, point {point.point_id}, "
        f"95 % interval; verdict {point.claim}",
        year=year_of(point),
    )


def with_technique(energy: Figure, ratio: Figure) -> Figure:
    """Wh a query with the technique: another's energy times a paired ratio is modelled, whoever measured the two."""
    return ratioed(energy, ratio, f"{energy.tag} energy ({energy.source}) x {ratio.tag} ratio ({ratio.source})")
