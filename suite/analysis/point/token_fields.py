"""The fields of a point's summary that hold energy by token: of all tokens, of prefill and of decoding."""

from __future__ import annotations

from typing import Any

from suite.analysis.point.interval_fields import interval_fields
from suite.record.schema import Record
from suite.stats.prefill_decode import ARMS, prefill_decode

_PREFIX = {"baseline": "baseline_", "candidate": ""}


def token_fields(record: Record, component: str, energy_per_query_j: float | None) -> dict[str, Any]:
    """Joules of ``component`` by token; None, or absent, where tokens or prefill were not measured.

    Args:
        record: with the windows.
        component: the headline's.
        energy_per_query_j: of the candidate.
    """
    found = prefill_decode(record.windows, record.prefill_windows, component)
    fields: dict[str, Any] = {
        "prompt_tokens_per_query": record.prompt_tokens_per_query,
        "energy_per_total_token_j": _per_total_token(record, energy_per_query_j),
    }
    if found is None:
        return fields
    for arm in ARMS:
        fields |= interval_fields(f"{_PREFIX[arm]}prefill_energy_per_query_j", found.prefill_j.get(arm))
        fields |= interval_fields(f"{_PREFIX[arm]}decode_energy_per_token_j", found.decode_j.get(arm))
    fields |= interval_fields("prefill_energy_ratio", found.prefill_ratio)
    return fields | interval_fields("decode_energy_ratio", found.decode_ratio)


def _per_total_token(record: Record, energy_per_query_j: float | None) -> float | None:
    """Joules a token of prompt and answer together, of the candidate."""
    chosen = [window for window in record.windows if window.arm == "candidate"]
    made = [window.tokens for window in chosen if window.tokens is not None]
    if energy_per_query_j is None or record.prompt_tokens_per_query is None or not made or len(made) < len(chosen):
        return None
    answer = sum(made) / sum(window.queries for window in chosen)
    return energy_per_query_j / (record.prompt_tokens_per_query + answer)
