"""Which techniques can run here: each one's requirements, as it states them, against this machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.machine import environment
from suite.plugins import conf_folders
from suite.plugins.cards import TEXTS, Card, read_card
from suite.plugins.requires import Requires
from suite.toolkit.requirements import Circumstances, null_parameters, unmet


def techniques(folders: Sequence[Path], cuda: dict[str, Any]) -> list[dict[str, Any]]:
    """Each technique of the conf ``folders``: what it says of itself, whether it runs here, and the reason why not.

    Raises:
        InputError: a technique's yaml cannot be read.
    """
    return [state(name, settings, cuda) for name, settings in conf_folders.techniques(folders).items()]


def state(name: str, settings: dict[str, Any], cuda: dict[str, Any]) -> dict[str, Any]:
    """One technique, by the settings of its yaml, on the devices of this machine."""
    target = str(settings["_target_"])
    try:
        card = read_card(target)
    except InputError as error:
        return {"name": name, "target": target, "runs": False, "reason": str(error), "note": "", "libraries": {}}
    reasons = {device: _reasons(card.requires, device, cuda) for device in _devices(cuda)}
    runs_on = [device for device, found in reasons.items() if not found]
    notes = [f"with {words}" for words in null_parameters(name, card.requires, settings)]
    better, why_not = next(iter(reasons.items()))
    if runs_on and why_not:
        notes.append(f"with device={runs_on[0]} (on {better}: {'; '.join(why_not)})")
    if card.requires.phase is not None:
        notes.append(f"{card.requires.phase} only")
    return {
        "name": name,
        "target": target,
        "runs": bool(runs_on),
        "reason": None if runs_on else "; ".join(why_not),
        "note": ", ".join(notes),
        "libraries": _libraries(card.requires),
        **_description(card),
    }


def _description(card: Card) -> dict[str, Any]:
    texts = {field: getattr(card, field) for field in ("title", *TEXTS)}
    return texts | {"requires": dataclasses.asdict(card.requires)}


def _devices(cuda: dict[str, Any]) -> list[str]:
    """The better one first."""
    return ["cuda", "cpu"] if cuda["usable"] else ["cpu"]


def _reasons(requires: Requires, device: str, cuda: dict[str, Any]) -> list[str]:
    """Why the technique cannot run on ``device``; the phase and the model are not decided yet."""
    capability = tuple(cuda["capability"]) if device == "cuda" else None
    found = Circumstances(device=device, compute_capability=capability, phase=None)
    reasons = unmet(requires, found)
    if requires.device == "cuda" and not cuda["usable"]:
        return [f"{text} ({cuda['reason']})" for text in reasons]
    return reasons


def _libraries(requires: Requires) -> dict[str, str]:
    """Versions of the technique's libraries, as far as they are installed."""
    versions = {name: environment.installed_version(name) for name in requires.packages.values()}
    return {name: version for name, version in versions.items() if version is not None}
