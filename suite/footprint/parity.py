"""After how many queries use has taken as much energy as training, and on which day."""

from __future__ import annotations

import dataclasses
import datetime

from suite.analysis.point.break_even import queries_to_cover
from suite.carbon.quantity import checked
from suite.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Span:
    """A number of queries or days with the ends of its interval, where it has one.

    Attributes:
        value: None where nothing adds up, however long.
        low: the fewest; None where there is no interval.
        high: the most; None where there is no interval, or it has no end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def in_days(self, queries_per_day: float) -> Span:
        """Queries as days.

        Raises:
            InputError: no query is made.
        """
        rate = checked("queries_per_day, the queries a day,", queries_per_day, above=True)
        ends = (None if end is None else end / rate for end in (self.value, self.low, self.high))
        return Span(**dict(zip(("value", "low", "high"), ends, strict=True)))


def parity(
    once_kwh: float, kwh_per_query: float, *, query_low_kwh: float | None = None, query_high_kwh: float | None = None
) -> Span:
    """Queries after which use overtakes the energy spent once, by the interval of the energy per query.

    Raises:
        InputError: a negative energy, a query that takes none, or ends that do not hold the energy per query.
    """
    once = checked("the energy spent once, in kWh,", once_kwh)
    query = checked("the energy per query, in kWh,", kwh_per_query, above=True)
    low = None if query_low_kwh is None else checked("its low end, in kWh,", query_low_kwh)
    high = None if query_high_kwh is None else checked("its high end, in kWh,", query_high_kwh)
    if (low is not None and low > query) or (high is not None and high < query):
        raise InputError("the interval must hold the energy per query", got=(low, query, high), remedy="correct it")
    # A dearer query overtakes sooner; one that may take nothing may never do so, and its end stays open.
    return Span(value=queries_to_cover(once, query), low=queries_to_cover(once, high), high=queries_to_cover(once, low))


def queries_per_day(users: float, queries_per_user: float) -> float:
    """All queries of a day.

    Raises:
        InputError: a negative number.
    """
    return checked("users", users) * checked("queries per user and day", queries_per_user)


def day_reached(start: datetime.date, days: float | None) -> datetime.date | None:
    """The day on which ``days`` of use since the start of ``start`` are full.

    Returns:
        None where that is never, or beyond the calendar (year 9999).

    Raises:
        InputError: a negative number of days.
    """
    if days is None:
        return None
    try:
        return start + datetime.timedelta(days=checked("days", days))
    except OverflowError:
        return None
