"""What a technique requires of the machine and of the point, as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, get_args

from suite.errors import InputError
from suite.record.schema import Phase

Device = Literal["cpu", "cuda"]
Reads = Literal["text", "image", "sound", "noise"]
"""What a query of a task gives its model."""


_GENERATES = {None: "", True: "a task that generates token by token", False: "a task that generates no tokens"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Requires:
    """What must hold for a technique to be applicable; what is left out is not required.

    Written with literals only, since it is also read from the source file (``suite.plugins.cards``). What depends on
    the model, on other techniques or on a parameter's value is checked in ``apply`` instead; ``suits`` says so.

    Attributes:
        packages: import name of each library, with the name that ``pip install`` takes.
        device: ``cpu`` or ``cuda``, for a technique that works on one of them only.
        one_device: whether it cannot take a model that is spread over several GPUs.
        compute_capability: the least one, where it runs on an NVIDIA GPU.
        phase: ``inference`` or ``training``, for a technique that makes sense in one of them only.
        parameters: fields of the technique that must not be null.
        excluded_models: ``transformers`` auto classes whose models it cannot take, as ``Task.auto_class`` names them.
        models: the same the other way round: the only auto classes whose models it can take.
        generates: True for tasks whose answers are generated token by token alone, False for all others alone.
        reads: what a query of the task must give the model, as ``Task.reads`` says it.
        class_logits: whether it needs the task's logits of classes or tokens (``Task.class_logits``).
        logits_alone: whether the task must read nothing but ``logits`` of the model's answer (``Task.logits_alone``).
        prompted: whether the task must ask by a prompt what a model with a head could be asked (``Task.prompted``).
        trained: whether it needs a model with trained weights, not random ones.
        suits: which models and data it suits, in words: what only ``apply`` can tell, once the model is loaded.
        reasons: field of this class to why it is required, or what to do instead; shown with the refusal.

    Raises:
        InputError: a value is none of these.
    """

    packages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    device: Device | None = None
    one_device: bool = False
    compute_capability: tuple[int, int] | None = None
    phase: Phase | None = None
    parameters: tuple[str, ...] = ()
    excluded_models: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    generates: bool | None = None
    reads: Reads | None = None
    class_logits: bool = False
    logits_alone: bool = False
    prompted: bool = False
    trained: bool = False
    suits: str = ""
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        _one_of("device", self.device, get_args(Device))
        _one_of("phase", self.phase, get_args(Phase))
        _one_of("reads", self.reads, get_args(Reads))
        if self.compute_capability is not None and not _is_version(self.compute_capability):
            raise InputError(
                "requires.compute_capability must be two whole numbers", got=self.compute_capability, remedy="as (8, 0)"
            )
        for field in ("parameters", "excluded_models", "models"):
            if isinstance(getattr(self, field), str):
                raise InputError(f"requires.{field} must be a tuple", got=getattr(self, field), remedy="end it with ,)")
        unasked = [field for field in self.reasons if not self._asks(field)]
        if unasked:
            remedy = "give a reason for each field that is set, by the field's name"
            raise InputError("requires.reasons explains what is not required", got=unasked, remedy=remedy)

    def _asks(self, field: str) -> bool:
        return bool(getattr(self, field, None)) or (field == "generates" and self.generates is False)

    def in_words(self, *, explained: bool = False) -> str:
        """All requirements as one phrase, with their ``reasons`` in brackets where it is ``explained``."""
        words = {
            "packages": _packages(list(dict.fromkeys(self.packages.values()))),
            "device": f"device={self.device}" if self.device else "",
            "one_device": "a model on one device" if self.one_device else "",
            "compute_capability": _least(self.compute_capability) if self.compute_capability else "",
            "phase": f"{self.phase} only" if self.phase else "",
            "parameters": f"a value for {', '.join(self.parameters)}" if self.parameters else "",
            "excluded_models": f"no {', '.join(self.excluded_models)}" if self.excluded_models else "",
            "models": " or ".join(self.models),
            "generates": _GENERATES[self.generates],
            "reads": f"queries of {self.reads}" if self.reads else "",
            "class_logits": "logits of classes or tokens" if self.class_logits else "",
            "logits_alone": "models that answer by logits alone" if self.logits_alone else "",
            "prompted": "a task that asks by a prompt" if self.prompted else "",
            "trained": "trained weights" if self.trained else "",
            "suits": self.suits,
        }
        phrases = [
            f"{text} ({self.reasons[field]})" if explained and field in self.reasons else text
            for field, text in words.items()
            if text
        ]
        return "; ".join(phrases) or "nothing beyond torch"


def version(numbers: tuple[int, ...]) -> str:
    """A compute capability as NVIDIA writes it, e.g. ``8.0``."""
    return ".".join(map(str, numbers))


def _packages(names: list[str]) -> str:
    return f"package{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else ""


def _least(capability: tuple[int, int]) -> str:
    return f"compute capability {version(capability)} or newer where the device is a GPU"


def _one_of(field: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise InputError(f"requires.{field} is unknown", got=value, remedy=f"use {' or '.join(known)}, or leave it out")


def _is_version(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(number, int) for number in value)
