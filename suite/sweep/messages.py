"""What a point's process and the process that started it tell each other, as JSON over a pipe."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec

from suite.errors import InputError
from suite.measure.block_limits import UNLIMITED, Limits
from suite.record.schema import Record

FORK_UNUSABLE = "fork_unusable"
"""Kind of a death before anything was begun: CUDA was touched in the process that this one was forked from."""
STOP = b"stop"
"""To the child: end where a block ends, with what was measured."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What a point's process is given: plain data only.

    Attributes:
        config: the point's resolved configuration.
        labels: what the point calls its task, model and workload.
        log: the file for all that the process prints.
        timeout_s: how long it may take.
        limits: what a budget leaves for it.
    """

    config: dict[str, Any]
    labels: dict[str, str]
    log: Path
    timeout_s: float
    limits: Limits = UNLIMITED


class Stage(msgspec.Struct, tag=True):
    """The point has come to a stage. ``left_s``: how long it takes from here, at least and at most, once known."""

    text: str
    left_s: tuple[float, float] | None = None


class Progress(msgspec.Struct, tag=True):
    """The point has come to know more: ``Findings``, which are read only if no record comes."""

    found: msgspec.Raw


class Finished(msgspec.Struct, tag=True):
    """The last message of a point that came to its end, well or not."""

    record: Record


class GoodInput(msgspec.Struct, tag=True):
    """The only message of a process that looked at models and data, and found nothing wrong."""


class BadInput(msgspec.Struct, tag=True):
    """The last message of a process that found a point's model, data or parameters wrong."""

    what: str
    got: Any
    remedy: str

    @classmethod
    def of(cls, error: InputError) -> BadInput:
        """The message of ``error``; a value that JSON does not know is told as text."""
        return cls(error.what, msgspec.to_builtins(error.got, enc_hook=repr), error.remedy)

    @property
    def error(self) -> InputError:
        """The error that the message tells of."""
        return InputError(self.what, got=self.got, remedy=self.remedy)


class Died(msgspec.Struct, tag=True):
    """The last message of a point whose end could not be recorded: an error's class name and text."""

    kind: str
    message: str


Message = Stage | Progress | Finished | BadInput | Died
Look = GoodInput | BadInput

_MESSAGES, _LOOKS = msgspec.json.Decoder(Message), msgspec.json.Decoder(Look)


def encoded(message: Message | Look) -> bytes:
    """``message`` as JSON.

    Raises:
        TypeError: it holds what JSON does not know.
    """
    return msgspec.json.encode(message)


def decoded(content: bytes) -> Message:
    """The message that ``encoded`` made ``content`` of.

    Raises:
        msgspec.DecodeError: it is none.
    """
    message: Message = _MESSAGES.decode(content)
    return message


def decoded_look(content: bytes) -> Look:
    """What a process that looked at inputs told.

    Raises:
        msgspec.DecodeError: it is nothing of the kind.
    """
    found: Look = _LOOKS.decode(content)
    return found
