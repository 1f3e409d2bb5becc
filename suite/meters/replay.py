"""Replay: energy from a recorded trace of power, such as a wall meter's file.

The energy of a window is the exact integral of the trace, taken as straight lines between its samples. The trace
starts with the first window and is repeated when it ends. What is replayed was not drawn by the work that the
windows hold, unless the trace was recorded while the same run was going on; the record says ``replayed:``.
"""

from __future__ import annotations

import csv
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from suite.core.meter import Meter, OpenMeter, Readings, Ticker
from suite.core.workload import Loop
from suite.errors import ImpossibleOutput, InputError
from suite.machine.which_gpu import FIRST_BOARD
from suite.record.schema import Arm

METHOD = "replayed:power_trace"
_COLUMNS = ("time_s", "power_w")
_COMPONENTS = ("gpu", "cpu")
_MOST_BYTES = 64_000_000  # about two million samples; a longer trace is better thinned out first
_FORM = "give a CSV file with the columns time_s,power_w"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replay(Meter):
    """A trace in the meter's place.

    Attributes:
        file: CSV file with the columns ``time_s`` (rising) and ``power_w``; others are ignored. None where it is not
            yet named.
        component: ``gpu`` or ``cpu``: what the trace is the power of.
    """

    file: str | None
    component: str

    def __post_init__(self) -> None:
        """Checks the component, and the trace as a whole, so that a bad one ends a run before it begins."""
        if self.component not in _COMPONENTS:
            choices = " or ".join(_COMPONENTS)
            raise InputError("meter.component is unknown", got=self.component, remedy=f"give {choices}")
        if self.file is not None:
            read_trace(Path(self.file))

    def open(self, device: str, *, boards: Sequence[int] = FIRST_BOARD, pid: int | None = None) -> OpenReplay:
        """Reads the trace, which is that of the whole machine, whichever process and GPUs work.

        Raises:
            InputError: no file is named, or it holds no trace.
        """
        if self.file is None:
            raise InputError("meter=replay needs a trace", got=self.file, remedy="give meter.file=trace.csv")
        return OpenReplay(read_trace(Path(self.file)), self.component, Path(self.file).name)


class Trace:
    """Power over time in straight lines between samples, repeated for ever."""

    def __init__(self, times_s: list[float], powers_w: list[float]) -> None:
        """Takes at least two samples at rising times."""
        self._times_s = np.asarray(times_s) - times_s[0]
        self._powers_w = np.asarray(powers_w)
        pieces_j = np.diff(self._times_s) * (self._powers_w[1:] + self._powers_w[:-1]) / 2
        self._sums_j = np.concatenate([[0.0], np.cumsum(pieces_j)])
        self.length_s = float(self._times_s[-1])
        self.samples = len(times_s)

    def energy_j(self, moment_s: float) -> float:
        """Joules from the trace's start to ``moment_s`` after it, in seconds of at least 0."""
        rounds, rest_s = divmod(moment_s, self.length_s)
        index = int(np.searchsorted(self._times_s, rest_s, side="right")) - 1
        part_s = rest_s - self._times_s[index]
        power_w = np.interp(rest_s, self._times_s, self._powers_w)
        piece_j = part_s * (self._powers_w[index] + power_w) / 2
        return float(rounds * self._sums_j[-1] + self._sums_j[index] + piece_j)


class OpenReplay(OpenMeter):
    """A trace that runs from the first window on."""

    def __init__(self, trace: Trace, component: str, name: str, clock: Callable[[], float] = time.perf_counter) -> None:
        """``name`` is the trace's, for the record; ``clock`` gives seconds."""
        self._trace, self._component, self._name, self._clock = trace, component, name, clock
        self._first_s: float | None = None
        self._opened_s: float | None = None

    def watch(self, arm: Arm, loop: Loop, *, prefill: bool = False) -> Loop:
        """A trace does not see the work."""
        return loop

    def ticker(self, work: Callable[[], None], *, shared: Path | None = None) -> Ticker | None:
        """A trace has no steps."""
        return None

    def start(self, *, quiet: bool = False) -> float:
        """The moment, in seconds since the first window."""
        now_s = self._clock()
        if self._opened_s is not None:
            raise ImpossibleOutput("a window was opened inside another one")
        if self._first_s is None:
            self._first_s = now_s
        self._opened_s = now_s - self._first_s
        return self._opened_s

    def stop(self, token: Any) -> Readings:
        """The trace's integral since the window opened."""
        opened_s = self._opened_s
        if self._first_s is None or opened_s is None or token != opened_s:
            raise ImpossibleOutput("a window was closed that is not open")
        self._opened_s = None
        now_s = self._clock() - self._first_s
        energy_j = self._trace.energy_j(now_s) - self._trace.energy_j(opened_s)
        return Readings(
            duration_s=now_s - opened_s, energy_j={self._component: energy_j}, method={self._component: METHOD}
        )

    def describe(self) -> dict[str, Any]:
        """The trace's name, length and number of samples."""
        facts = {"file": self._name, "length_s": self._trace.length_s, "samples": self._trace.samples}
        part = {"method": METHOD, "scope": "whatever the trace was recorded from"}
        return {"name": "replay", "components": {self._component: part}, "trace": facts}

    def close(self) -> None:
        """Nothing is held open."""


def read_trace(file: Path) -> Trace:
    """The trace in a CSV file.

    Raises:
        InputError: there is no such file, it is too large, or it holds no trace.
    """
    try:
        size_bytes = file.stat().st_size
        if size_bytes > _MOST_BYTES:
            raise InputError(
                f"the trace is larger than {_MOST_BYTES} bytes", got=size_bytes, remedy="thin its samples out"
            )
        with file.open(newline="", encoding="utf-8") as lines:
            samples = _samples(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"the trace cannot be read ({error})", got=str(file), remedy=_FORM) from error
    if len(samples) < 2:
        raise InputError("a trace needs at least two samples", got=len(samples), remedy=_FORM)
    return Trace(*(list(column) for column in zip(*samples, strict=True)))


def _samples(rows: csv.DictReader[str]) -> list[tuple[float, float]]:
    missing = [name for name in _COLUMNS if name not in (rows.fieldnames or [])]
    if missing:
        raise InputError(f"the trace lacks {' and '.join(missing)}", got=rows.fieldnames, remedy=_FORM)
    samples: list[tuple[float, float]] = []
    for row in rows:
        at_s, power_w = (_number(row[name], name, rows.line_num) for name in _COLUMNS)
        if power_w < 0:
            raise InputError(f"line {rows.line_num}: power is below 0", got=power_w, remedy="give watts drawn")
        if samples and at_s <= samples[-1][0]:
            raise InputError(
                f"line {rows.line_num}: time does not rise", got=at_s, remedy="sort the samples, one a moment"
            )
        samples.append((at_s, power_w))
    return samples


def _number(text: str | None, name: str, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"line {line}: {name} is no finite number", got=text, remedy="give one, or leave the line out")
    return value
