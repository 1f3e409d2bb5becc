"""Whether a technique's requirements are met: asked by the doctor, and by a point before it loads its model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from suite.core.mitigation import Mitigation
from suite.errors import NotApplicable
from suite.plugins.requires import Requires, version
from suite.record.schema import Phase
from suite.toolkit import libraries


@dataclasses.dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What is known before a model is loaded. None is not decided yet, and fails no requirement.

    Attributes:
        device: ``cpu`` or ``cuda``.
        compute_capability: of the GPU, where the device is one.
        phase: ``inference`` or ``training``.
        model_class: the ``transformers`` auto class that loads the model.
    """

    device: str
    compute_capability: tuple[int, int] | None
    phase: Phase | None
    model_class: str | None


def unmet(requires: Requires, found: Circumstances) -> list[str]:
    """What ``requires`` asks for and ``found`` does not have, one phrase each.

    Packages are tried by importing them, which takes seconds, so only where all else is met.
    """
    reasons = requires.reasons
    phrases = _unmet(requires, found) or [("packages", text) for text in _missing_packages(requires)]
    return [f"{text}: {reasons[field]}" if field in reasons else text for field, text in phrases]


def null_parameters(name: str, requires: Requires, values: Mapping[str, Any]) -> list[str]:
    """What to write for each parameter of the technique ``name`` that must have a value and is null in ``values``."""
    return [f"mitigation.{name}.{key}=…" for key in requires.parameters if values.get(key) is None]


def check(techniques: Mapping[str, Mitigation], found: Circumstances) -> None:
    """Passes where the requirements of all ``techniques`` (by name) are met.

    Raises:
        NotApplicable: they are not; with every reason.
    """
    for name, technique in techniques.items():
        requires = technique.requires
        values = {key: getattr(technique, key) for key in requires.parameters}
        absent = [f"needs a value, give {words}" for words in null_parameters(name, requires, values)]
        phrases = absent or unmet(requires, found)
        if phrases:
            stacked = f"{name}: " if len(techniques) > 1 else ""
            raise NotApplicable(stacked + "; ".join(phrases))


def _unmet(requires: Requires, found: Circumstances) -> list[tuple[str, str]]:
    """Fields of ``requires`` that are not met, each with its phrase; everything but packages."""
    phrases = []
    if requires.device not in (None, found.device):
        phrases.append(("device", f"needs device={requires.device}, here it is {found.device}"))
    least, has = requires.compute_capability, found.compute_capability
    if least is not None and has is not None and has < least:
        phrases.append(
            ("compute_capability", f"needs compute capability {version(least)}, this GPU has {version(has)}")
        )
    if found.phase is not None and requires.phase not in (None, found.phase):
        phrases.append(("phase", f"is for {requires.phase} only, this is {found.phase}"))
    if found.model_class in requires.excluded_models:
        phrases.append(("excluded_models", f"cannot take a model of {found.model_class}"))
    return phrases


def _missing_packages(requires: Requires) -> list[str]:
    missing = []
    for module, distribution in requires.packages.items():
        try:
            libraries.load(module)
        except NotApplicable as error:
            missing.append(f"{error}; pip install {distribution}")
    return missing
