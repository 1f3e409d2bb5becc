"""The fields of a point's summary that are of requests as they were answered, where energies are compared by token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.analysis.point.energy import tokens_per_query
from suite.analysis.point.interval_fields import interval_fields
from suite.record.schema import Record, RecordWarning, Window
from suite.stats.paired import every_block_ratio, ratio_interval

_SAME_LENGTH = 0.05
"""Share by which the lengths of the arms' answers may differ before a reader is told."""


def request_fields(record: Record, windows: Sequence[Window], component: str | None) -> dict[str, Any]:
    """Tokens a request, and the ratio of joules a request; empty where energies are compared by query.

    Args:
        record: says what energies are compared by.
        windows: those of the record that the point's figures are made of, as they were measured.
        component: the headline's; None where there is none.
    """
    if record.denominator == "query":
        return {}
    lengths = {
        "tokens_per_request": tokens_per_query(windows, "candidate"),
        "baseline_tokens_per_request": tokens_per_query(windows, "baseline"),
    }
    if component is None:
        return lengths
    return {
        **lengths,
        **interval_fields("energy_per_request_ratio", ratio_interval(every_block_ratio(windows, component) or [])),
    }


def differing_lengths(fields: dict[str, Any]) -> list[RecordWarning]:
    """A warning where one model's answers are longer than the other's, from the fields of a point."""
    ours, theirs = fields.get("tokens_per_request"), fields.get("baseline_tokens_per_request")
    if ours is None or theirs is None or abs(ours / theirs - 1) <= _SAME_LENGTH:
        return []
    return [
        RecordWarning(
            code="answers_differ_in_length",
            message=f"the candidate's answers have {ours:.4g} tokens on average, the baseline's {theirs:.4g}: the "
            "verdict is on joules a token, and a request costs another share of the baseline's",
            remedy="look at joules a request as well (energy_per_request_ratio), or have both write as many tokens, "
            "endpoint.body={ignore_eos: true} where the servers know it",
        )
    ]
