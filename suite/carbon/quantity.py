"""A number with all that may be asked of it: unit, how it was got, from where and of which year."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import yaml

from suite.errors import InputError

Tag = Literal["measured", "estimated", "modelled", "published"]
"""Read from a counter; estimated by a rule from what was read; computed from other figures; taken from a source."""


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One number that a reader sees. ``low`` and ``high`` are its interval, where it has one."""

    value: float
    unit: str
    tag: Tag
    source: str
    year: int
    low: float | None = None
    high: float | None = None


def checked(name: str, value: object, *, least: float = 0.0, above: bool = False, remedy: str = "correct it") -> float:
    """``value`` as a float that is finite and no smaller than ``least`` (``above``: larger than it).

    Raises:
        InputError: it is no number, not finite, or too small.
    """
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number < least or (above and number == least):
        wanted = f"above {least:g}" if above else f"of {least:g} or more"
        raise InputError(f"{name} must be a finite number {wanted}", got=value, remedy=remedy)
    return number


def significant(value: float) -> str:
    """Three significant digits; an exponent only for what is very small: ``1,230,000``, ``0.0123``, ``1.2e-07``."""
    rounded = float(f"{value:.2e}")
    return f"{rounded:,.15g}" if rounded == 0 or 1e-4 <= abs(rounded) < 1e15 else f"{rounded:g}"


def to_yaml(title: str, fields: Mapping[str, Any]) -> str:
    """Figures and texts under one title, in their order."""
    named = {title: msgspec.to_builtins(dict(fields))}
    return yaml.safe_dump(named, sort_keys=False, allow_unicode=True, width=120)
