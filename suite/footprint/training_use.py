"""A training beside its use, figure by figure: energies, implied intensity, parity in queries, days and date."""

from __future__ import annotations

import datetime

import msgspec

from suite.carbon.quantity import Figure, checked
from suite.errors import InputError
from suite.footprint.parity import Span, day_reached, parity
from suite.footprint.training_case import TrainingCase


def training_of(case: TrainingCase) -> dict[str, Figure]:
    """What a source says of a training, and the carbon intensity that its figures stand for."""
    energy = Figure(value=case.energy_kwh, unit="kWh", tag="published", source=case.source, year=case.year)
    figures = {"training": energy}
    if case.t_co2e is not None:
        figures["training_carbon"] = msgspec.structs.replace(energy, value=case.t_co2e, unit="t CO2e")
    if case.implied_g_co2e_per_kwh is not None:
        figures["implied_intensity"] = msgspec.structs.replace(
            energy,
            value=case.implied_g_co2e_per_kwh,
            unit="g CO2e/kWh",
            tag="modelled",
            source=f"carbon over energy, both of {case.source}",
        )
    return figures


def own_figure(name: str, value: float, unit: str, year: int) -> Figure:
    """The user's own number.

    Raises:
        InputError: it is not a finite number above 0.
    """
    number = checked(name, value, above=True)
    return Figure(value=number, unit=unit, tag="estimated", source="given by the user, not checked", year=year)


def query_of_case(case: TrainingCase) -> Figure:
    """The energy of one query of the trained model, as its source has it.

    Raises:
        InputError: the source gives none.
    """
    if case.kwh_per_query is None:
        raise InputError(
            "no energy per query is published for this training",
            got=case.model,
            remedy="give your own energy per query in kWh, kwh_per_query=0.0001",
        )
    return Figure(value=case.kwh_per_query, unit="kWh per query", tag="published", source=case.source, year=case.year)


def parity_figures(
    training: Figure, query: Figure, *, queries_per_day: float | None = None, start: datetime.date | None = None
) -> dict[str, Figure | str]:
    """After how many queries, and on which day, use has taken as much as training.

    Args:
        training: kWh, once.
        query: kWh of one query, with its interval if it has one.
        queries_per_day: to state days; None leaves them out.
        start: the first day of use, to state the date.

    Raises:
        InputError: a number out of range.
    """
    queries = parity(training.value, query.value, query_low_kwh=query.low, query_high_kwh=query.high)
    sources = "; ".join(dict.fromkeys([training.source, query.source]))
    source = f"{training.tag} training over {query.tag} energy per query ({sources})"
    fields: dict[str, Figure | str] = {"parity": _figure(queries, "queries", source, query.year)}
    if queries_per_day is None:
        return fields
    days = queries.in_days(queries_per_day)
    fields["parity_days"] = _figure(days, "days", f"parity at {queries_per_day:,.12g} queries a day", query.year)
    if start is not None:
        reached = day_reached(start, days.value)
        fields["parity_date"] = reached.isoformat() if reached else "beyond the year 9999"
    return fields


def _figure(span: Span, unit: str, source: str, year: int) -> Figure:
    assert span.value is not None  # a query takes energy, so it adds up
    return Figure(value=span.value, low=span.low, high=span.high, unit=unit, tag="modelled", source=source, year=year)
