"""Which settings each answer reads: one that would be ignored is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.errors import InputError

PLACE = {"grid", "grid_g_per_kwh", "datacentre", "pue", "wue_l_per_kwh", "water_offsite_l_per_kwh"}
EXPORT_OPTIONS = (
    "queries_per_day",
    "embodied_kg",
    "lifetime_years",
    "resource_share",
    "samples",
    "epochs",
    "training_type",
)
READ: Mapping[str, set[str]] = {
    "a scenario": PLACE
    | {"scenario", "energy", "variant", "wh_per_query", "run", "mitigation", "point_ids", "queries_per_day"}
    | {"price_per_kwh", "currency", "equivalence"},
    "training=": {"training", "training_kwh", "kwh_per_query", "queries_per_day", "use_from"},
    "export=": PLACE | {"export", "run", "mitigation", "point_id", "task", *EXPORT_OPTIONS},
}
"""The top names of the settings, by answer."""


def mode_of(settings: Mapping[str, Any]) -> str:
    """The answer that was asked for, a key of ``READ``."""
    if settings["export"] is not None:
        return "export="
    asked = settings["training"] is not None or settings["training_kwh"] is not None
    return "training=" if asked else "a scenario"


def refuse_unread(settings: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuses what the user set and the answer would ignore.

    Args:
        settings: all of them.
        given: the user's own; null is as good as not given.

    Raises:
        InputError: a setting that this answer does not read.
    """
    mode = mode_of(settings)
    for key, value in given.items():
        top = key.partition(".")[0]
        if value is None or top in READ[mode]:
            continue
        readers = " or ".join(name for name, read in READ.items() if top in read)
        raise InputError(f"{mode} does not read {key}", got=value, remedy=f"leave it out; it belongs to {readers}")
    needs = _needs(settings) if mode == "a scenario" else {}
    if mode == "training=":
        needs = {"use_from": (settings["queries_per_day"] is not None, "queries_per_day=")}
    for key, (met, need) in needs.items():
        if given.get(key) is not None and not met:
            raise InputError(f"{key} is read only with {need}", got=given[key], remedy="add that, or leave it out")


def _needs(settings: Mapping[str, Any]) -> dict[str, tuple[bool, str]]:
    """What a scenario reads only beside another setting: whether that stands, and its name."""
    treated = settings["mitigation"] not in (None, "none", "", [])
    from_run = treated or settings["energy"] != "published"
    return {
        "run": (treated, "mitigation= or export="),
        "queries_per_day": (treated, "mitigation=, training= or export=disclosure"),
        "point_ids": (from_run, "mitigation= or energy=runs/NAME"),
        "currency": (settings["price_per_kwh"] is not None, "price_per_kwh="),
    }
