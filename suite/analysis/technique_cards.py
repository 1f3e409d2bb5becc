"""The cards of the techniques of a run: what each says of itself, found by the name that its records give it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from suite.analysis.summary import PointSummary
from suite.errors import InputError
from suite.io.paths import CONF
from suite.plugins.cards import Card, read_card
from suite.plugins.conf_folders import techniques


def cards(points: Iterable[PointSummary]) -> dict[str, Card]:
    """Cards of the techniques of ``points``, by name; one whose source is not on this machine has none."""
    recorded: dict[str, str] = {}
    for point in points:
        for name, settings in (point.config.get("mitigation") or {}).items():
            recorded.setdefault(name, str(settings.get("_target_")))
    of_today = {name: str(settings["_target_"]) for name, settings in techniques([CONF]).items()}
    targets = recorded | {name: target for name, target in of_today.items() if name in recorded}
    found = {}
    for name, target in sorted(targets.items()):
        with contextlib.suppress(InputError):
            found[name] = read_card(target)
    return found
