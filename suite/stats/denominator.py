"""Denominator: what the energies of both arms are divided by before they are compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from suite.record.schema import Denominator, Window


def as_compared(windows: Sequence[Window], denominator: Denominator) -> list[Window]:
    """``windows`` with the queries that their energies are compared by.

    By ``token`` a query of both arms is an answer as long as the baseline's are on average, so that the ratio of joules
    a query is that of joules a token of the answers, whatever lengths the two models answer at.

    Args:
        windows: of a point so far.
        denominator: of its record.

    Returns:
        The windows as they are by ``query``, and where tokens are not known in each or the baseline has none yet.
    """
    baseline = [window for window in windows if window.arm == "baseline"]
    if denominator == "query" or not baseline or not all(window.tokens for window in windows):
        return list(windows)
    written = math.fsum(window.tokens or 0 for window in baseline)
    per_answer = written / math.fsum(window.queries for window in baseline)
    return [msgspec.structs.replace(each, queries=(each.tokens or 0) / per_answer) for each in windows]
