"""Streams in which queries come again, as users ask what others have asked before.

Source: requests to web caches follow a Zipf law, Breslau et al. 1999, doi:10.1109/INFCOM.1999.749260.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from suite.core import checks
from suite.core.task import Example
from suite.errors import InputError

_LARGEST_EXPONENT = 10.0  # beyond it every repeat is of the first query


def check_repeats(repeat_share: float, zipf_exponent: float) -> None:
    """Raises InputError unless the share lies in [0, 1) and the exponent from 0 to 10."""
    checks.closed_share("workload.repeat_share", repeat_share)
    if repeat_share == 1:
        raise InputError("workload.repeat_share must be below 1", got=repeat_share, remedy="give for example 0.5")
    is_number = isinstance(zipf_exponent, int | float) and not isinstance(zipf_exponent, bool)
    if not is_number or not 0 <= zipf_exponent <= _LARGEST_EXPONENT:
        remedy = "give for example 1.0"
        raise InputError(
            f"workload.zipf_exponent must be from 0 to {_LARGEST_EXPONENT:g}", got=zipf_exponent, remedy=remedy
        )


def with_repeats(examples: Sequence[Example], *, repeat_share: float, zipf_exponent: float, seed: int) -> list[Example]:
    """As many queries as ``examples``, of which a share asks what was asked before.

    Args:
        examples: what is asked, in order; those that repeats leave no place for are not asked.
        repeat_share: of the queries, in [0, 1), to the nearest whole query; the first is never one.
        zipf_exponent: the k-th query that was new is repeated with a weight of k to the power of minus this.
        seed: draws which places repeat, and what.
    """
    drawn, count = random.Random(seed), len(examples)
    repeats = min(round(repeat_share * count), max(0, count - 1))
    places = set(drawn.sample(range(1, count), repeats)) if repeats else set()
    weights = [rank**-zipf_exponent for rank in range(1, count + 1)]
    asked: list[Example] = []
    stream: list[Example] = []
    for place in range(count):
        if place in places:
            stream += drawn.choices(asked, weights[: len(asked)])
        else:
            asked.append(examples[len(asked)])
            stream.append(asked[-1])
    return stream
