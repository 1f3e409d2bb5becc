"""Whether a technique's requirements are met: asked by the doctor, and by a point before it loads its model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from suite.core.mitigation import Mitigation
from suite.core.task import Task
from suite.errors import NotApplicable
from suite.plugins.requires import Reads, Requires, version
from suite.record.schema import Phase
from suite.toolkit import libraries


@dataclasses.dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What is known before a model is loaded. None is not decided yet, and fails no requirement.

    Attributes:
        device: ``cpu`` or ``cuda``.
        compute_capability: of the GPU, where the device is one.
        phase: ``inference`` or ``training``.
        is_spread: whether the model is spread over several GPUs.
        trained: whether the model has trained weights.
        model_class: the ``transformers`` auto class that loads the model.
        generates: whether the task's answers are generated token by token.
        reads: what a query of the task gives the model.
        class_logits: whether the task has logits of classes or tokens.
        logits_alone: whether the task reads nothing but ``logits`` of the model's answer.
        prompted: whether the task asks by a prompt what a model with a head could be asked.
    """

    device: str
    compute_capability: tuple[int, int] | None
    phase: Phase | None
    is_spread: bool = False
    trained: bool | None = None
    model_class: str | None = None
    generates: bool | None = None
    reads: Reads | None = None
    class_logits: bool | None = None
    logits_alone: bool | None = None
    prompted: bool | None = None


def of_task(task: Task | type[Task]) -> dict[str, Any]:
    """The fields of ``Circumstances`` that a task's class decides."""
    fields = ("generates", "reads", "class_logits", "logits_alone", "prompted")
    return {"model_class": task.auto_class, **{field: getattr(task, field) for field in fields}}


def unmet(requires: Requires, found: Circumstances) -> list[str]:
    """What ``requires`` asks for and ``found`` does not have, one phrase each.

    Packages are tried by importing them, which takes seconds, so only where all else is met.
    """
    phrases = _unmet_by_machine(requires, found) + unmet_by_task(requires, found)
    phrases = phrases or [("packages", text) for text in _missing_packages(requires)]
    return [explained(requires, field, text) for field, text in phrases]


def explained(requires: Requires, field: str, text: str) -> str:
    """The phrase ``text`` on ``field``, with the technique's reason for it where it gives one."""
    return f"{text}: {requires.reasons[field]}" if field in requires.reasons else text


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


def unmet_by_task(requires: Requires, found: Circumstances) -> list[tuple[str, str]]:
    """Fields of ``requires`` that the task and its model's weights do not meet, each with its phrase."""
    phrases = []
    if found.generates is not None and requires.generates not in (None, found.generates):
        kind, this = ("token by token", "does not") if requires.generates else ("no tokens", "does")
        phrases.append(("generates", f"is for tasks that generate {kind}, which this one {this}"))
    if found.model_class is not None and requires.models and found.model_class not in requires.models:
        phrases.append(("models", f"takes models of {' or '.join(requires.models)} only"))
    if found.model_class in requires.excluded_models:
        phrases.append(("excluded_models", f"cannot take a model of {found.model_class}"))
    if found.reads is not None and requires.reads not in (None, found.reads):
        phrases.append(("reads", f"needs queries of {requires.reads}, not of {found.reads}"))
    if requires.class_logits and found.class_logits is False:
        phrases.append(("class_logits", "needs logits of classes or tokens, which this task has not"))
    if requires.logits_alone and found.logits_alone is False:
        phrases.append(("logits_alone", "needs models that answer by logits alone, which this task's do not"))
    if requires.prompted and found.prompted is False:
        phrases.append(("prompted", "needs a task that asks by a prompt, this one asks a model that is made for it"))
    if requires.trained and found.trained is False:
        phrases.append(("trained", "needs trained weights, the model's are random"))
    return phrases


def _unmet_by_machine(requires: Requires, found: Circumstances) -> list[tuple[str, str]]:
    phrases = []
    if requires.device not in (None, found.device):
        phrases.append(("device", f"needs device={requires.device}, here it is {found.device}"))
    if requires.one_device and found.is_spread:
        phrases.append(("one_device", "needs a model on one device, here it is spread over several GPUs (device_map)"))
    least, has = requires.compute_capability, found.compute_capability
    if least is not None and has is not None and has < least:
        phrases.append(
            ("compute_capability", f"needs compute capability {version(least)}, this GPU has {version(has)}")
        )
    if found.phase is not None and requires.phase not in (None, found.phase):
        phrases.append(("phase", f"is for {requires.phase} only, this is {found.phase}"))
    return phrases


def _missing_packages(requires: Requires) -> list[str]:
    missing = []
    for module, distribution in requires.packages.items():
        try:
            libraries.load(module)
        except NotApplicable as error:
            missing.append(f"{error}; pip install {distribution}")
    return missing
