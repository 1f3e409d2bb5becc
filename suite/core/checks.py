"""Checks of a component's fields, for ``__post_init__``. Each raises InputError with one clear sentence."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from suite.core.recipe import Recipe
from suite.errors import InputError
from suite.stats.latency_gates import PERCENTILES


def open_share(name: str, value: float) -> None:
    """``value`` lies in (0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise InputError(f"{name} must lie between 0 and 1, both excluded", got=value, remedy="give for example 0.5")


def closed_share(name: str, value: float) -> None:
    """``value`` lies in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"{name} must lie between 0 and 1", got=value, remedy="give for example 0.5")


def positive(name: str, value: float) -> None:
    """``value`` is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InputError(f"{name} must be a number above 0", got=value, remedy="give for example 1.0")


def not_negative(name: str, value: float) -> None:
    """``value`` is a finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InputError(f"{name} must be a number of at least 0", got=value, remedy="give for example 1.0")


def checkpoint_path(name: str, value: str | None) -> None:
    """``value`` is None, or names something: a directory or a hub id."""
    if value is not None and not str(value).strip():
        raise InputError(f"{name} is empty", got=value, remedy="give a directory or a hub id")


LONGEST_S = 86_400.0
"""No span of time in a measurement is longer than a day."""


def seconds(name: str, value: float) -> None:
    """``value`` is a span of time from 0 to ``LONGEST_S``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_S:
        raise InputError(f"{name} must be from 0 to {LONGEST_S:g} seconds", got=value, remedy="give for example 1.0")


LARGEST_COUNT = 2**31 - 1
"""What the libraries below take for a seed, a batch or a number of threads without an error of their own."""


def count(name: str, value: int, least: int) -> None:
    """``value`` is a whole number from ``least`` to ``LARGEST_COUNT``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(
            f"{name} must be a whole number of at least {least}", got=value, remedy=f"give {least} or more"
        )
    if value > LARGEST_COUNT:
        got = str(value) if value.bit_length() < 128 else "a number of 128 bits or more"
        raise InputError(f"{name} must be at most {LARGEST_COUNT}", got=got, remedy="give less")


def flag(name: str, value: bool) -> None:
    """``value`` is true or false."""
    if not isinstance(value, bool):
        raise InputError(f"{name} must be true or false", got=value, remedy="give true or false")


def latency_gate(name: str, values: Mapping[str, float | None]) -> None:
    """``values`` has a number of seconds above 0, or None for no gate, for each percentile."""
    if not isinstance(values, Mapping) or set(values) != set(PERCENTILES):
        raise InputError(f"{name} must have each percentile", got=values, remedy=f"give {', '.join(PERCENTILES)}")
    for percentile, limit_s in values.items():
        if limit_s is not None:
            positive(f"{name}.{percentile}", limit_s)


def recipe(name: str, values: Mapping[str, Any]) -> Recipe:
    """The training recipe that ``values`` spell out by field; 0 steps mean: do not train."""
    fields = {field.name for field in dataclasses.fields(Recipe)}
    if not isinstance(values, Mapping) or set(values) != fields:
        raise InputError(f"{name} must have a recipe's fields", got=values, remedy=f"give {', '.join(sorted(fields))}")
    made = Recipe(**values)
    count(f"{name}.steps", made.steps, least=0)
    count(f"{name}.batch_size", made.batch_size, least=1)
    positive(f"{name}.learning_rate", made.learning_rate)
    positive(f"{name}.clip_norm", made.clip_norm)
    closed_share(f"{name}.warmup_share", made.warmup_share)
    closed_share(f"{name}.weight_decay", made.weight_decay)
    return made
