"""Nested settings as flat ones, whose keys are joined by dots as on the command line, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DEEPEST_LEVEL = 32
"""Levels that settings may be nested; a resolved configuration has six."""


def flatten(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested keys joined by dots; empty mappings vanish."""
    flat: dict[str, Any] = {}
    for key, value in mapping.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The way back from ``flatten``, but for the empty mappings that it dropped.

    Raises:
        ValueError: two keys contradict each other, or one is nested deeper than any configuration.
    """
    root: dict[str, Any] = {}
    for key, value in flat.items():
        *parents, last = key.split(".")
        if len(parents) >= DEEPEST_LEVEL:
            raise ValueError(f"a key of {len(parents) + 1} levels")
        level = root
        for parent in parents:
            level = level.setdefault(parent, {})
            if not isinstance(level, dict):
                raise ValueError(f"{key} lies below a value")
        if last in level:
            raise ValueError(f"{key} stands twice")
        level[last] = value
    return root


def common(mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Those entries, flat, that all of ``mappings`` share."""
    flat = [flatten(mapping) for mapping in mappings]
    return {k: v for k, v in flat[0].items() if all(k in one and one[k] == v for one in flat)} if flat else {}
