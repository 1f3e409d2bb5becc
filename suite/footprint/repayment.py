"""After how many queries and days a technique has repaid the energy that it cost once."""

from __future__ import annotations

import dataclasses

from suite.analysis.point.break_even import Repayment, break_even_range, repayment
from suite.analysis.summary import PointSummary
from suite.carbon.quantity import significant
from suite.footprint.parity import Span
from suite.text.numbers import counted

OUTCOMES = {
    "at-once": "at once: it cost nothing",
    "never": "never: the technique costs energy",
    "unresolved": "not resolved: the saving may be none",
    "unknown": "not known: no one-off cost in the same energy was read, or the ratio has no interval",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repaid:
    """The break-even of one technique.

    Attributes:
        outcome: what may be said of it; a number of queries stands only beside ``repaid`` and ``unresolved``.
        queries: with a high end of None where the saving may be none ("not resolved").
        days: the same at the given queries a day; None where none were given.
        basis: how the energies were got.
    """

    outcome: Repayment
    queries: Span
    days: Span | None
    basis: str | None


def repaid(point: PointSummary, queries_per_day: float | None = None) -> Repaid:
    """When the technique of ``point`` has repaid distillation, retraining, calibration or compilation.

    Raises:
        InputError: ``queries_per_day`` is not above 0.
    """
    low, high = break_even_range(
        point.apply_energy_j, point.baseline_energy_per_query_j, point.energy_ratio_low, point.energy_ratio_high
    )
    queries = Span(value=point.break_even_queries, low=low, high=high)
    return Repaid(
        outcome=repayment(
            point.energy_ratio_low, point.energy_ratio_high, point.break_even_queries, point.instrument_floor
        ),
        queries=queries,
        days=None if queries_per_day is None else queries.in_days(queries_per_day),
        basis=point.energy_basis,
    )


def repaid_text(found: Repaid, queries_per_day: float | None = None) -> str:
    """What may be said of it in words; days where a rate was given."""
    if found.outcome != "repaid":
        return OUTCOMES[found.outcome]
    text = f"after {counted(_span_text(found.queries), 'query', 'queries')}"
    if found.days is not None and queries_per_day is not None:
        rate = counted(significant(queries_per_day), "query", "queries")
        text += f", {counted(_span_text(found.days), 'day', 'days')} at {rate} a day"
    return f"{text} (modelled from {found.basis} energies; the interval is that of the energy ratio)"


def _span_text(span: Span) -> str:
    ends = "" if span.low is None or span.high is None else f" [{significant(span.low)}, {significant(span.high)}]"
    return ("not known" if span.value is None else significant(span.value)) + ends
