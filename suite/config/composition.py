"""Every point's configuration before anything is built of it: no library of weight is imported for that."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any

from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.config.overrides import search_path_of
from suite.config.targets import check_targets
from suite.config.texts import check_texts
from suite.errors import InputError
from suite.io.redaction import known_secrets, refuse_secrets

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Composition:
    """One point's configuration, composed and looked through, of which nothing is built yet.

    Attributes:
        overrides: as given.
        config: resolved, without the sweep's own settings.
        labels: names of what was chosen.
        own: the sweep's own settings, see ``PlannedPoint``.
    """

    overrides: list[str]
    config: dict[str, Any]
    labels: dict[str, str]
    own: dict[str, Any]


def compositions(points: Sequence[list[str]]) -> Iterator[Composition]:
    """Every point's configuration, one after another; what can be told wrong of it without building anything is.

    Raises:
        InputError: a point's configuration is wrong.
    """
    secrets = known_secrets()
    for overrides in points:
        yield _composition(overrides, secrets)


def _composition(overrides: list[str], secrets: list[str]) -> Composition:
    config = resolved(composed(overrides))
    search_path = search_path_of(overrides)
    if search_path:
        config["searchpath"] = search_path
    check_targets(config, search_path)
    check_texts(config)
    refuse_secrets(config, secrets)
    own = {key: str(config.pop(key)) for key in ("retry", "lock")}
    budget = config.pop("budget")
    budget_s(budget)
    if own["lock"] not in ("error", "wait", "none"):
        raise InputError("lock must be error, wait or none", got=own["lock"], remedy="choose one")
    return Composition(
        overrides=overrides, config=config, labels=labels(config, overrides), own={**own, "budget": budget}
    )


def budget_s(text: object) -> float | None:
    """Seconds of a budget written as ``90s``, ``10m`` or ``1h``; None where there is none.

    Raises:
        InputError: it is none of these.
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", str(text))
    if found is None or not float(found.group(1)) > 0:
        raise InputError("budget is a time", got=text, remedy="write it as 90s, 10m or 1h")
    return float(found.group(1)) * _UNITS_S[found.group(2)]
