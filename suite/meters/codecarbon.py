"""CodeCarbon, driven through tasks with every argument explicit.

CodeCarbon (https://github.com/mlco2/codecarbon) reads the NVML energy counter of a GPU and RAPL of a CPU
where they are readable. Without RAPL it estimates the CPU: CPU seconds of this process tree, as a share of
the machine's, times the TDP. Its RAM figure is a constant times the number of modules; it is switched off.

What this module guards against, each seen with version 3.3.2 (docs/method.md):
environment variables and config files that change figures (every argument is passed), network and files
(offline tracker, no output methods, empty token), a set-up inside the first task (a throw-away task),
a half-built tracker (the constructor swallows exceptions), all GPUs counted instead of those in use (their numbers
are passed, found by UUID, and checked; work on a CPU reads no GPU), a missing reading reported as 0 J, packages of the
CPU that are left out (suite/machine/rapl.py), and a thread that wakes once a second and over-reads the CPU time of
longer windows (it does not run).

Beside CodeCarbon, each GPU's own counter, power, clocks and temperature are read for the record's ``conditions``.
"""

from __future__ import annotations

import dataclasses
import math
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from suite.core import checks
from suite.core.meter import Meter, OpenMeter, Readings, Ticker
from suite.core.workload import Loop
from suite.errors import ImpossibleOutput, InputError
from suite.machine.codecarbon_tracker import (
    check_cpu,
    count,
    cpu_method,
    cpu_of,
    cpu_part,
    cpu_s_by_process,
    ended_children_s,
    gpu_parts,
    is_rapl,
    process_of,
    read_packages,
    restrain,
    tracker_of,
    watts_a_core,
)
from suite.machine.nvml.background import Background, Threads
from suite.machine.nvml.board import Board
from suite.machine.nvml.board_window import BoardWindow, whole_sum
from suite.machine.nvml.counter_probe import Counter, keep_counter, kept_counter, probe_counters
from suite.machine.nvml.step_watch import StepWatch, StepWatches
from suite.machine.rapl import ReadPackages, check_samples
from suite.machine.which_gpu import FIRST_BOARD, uuids_at_work
from suite.record.schema import Arm
from suite.units import kwh_to_joules

_COUNTED, _SAMPLED = "measured:nvml_energy_counter", "measured:nvml_power_samples"
_LONGEST_TICK_S = 1.0  # no counter steps more seldom; a shorter window may truly see no step
_STILL_TICKS = 3  # where the tick is known, a counter that does not rise for so many stands still
_EMPTY_WINDOWS = 64  # where CPU time steps by 10 ms the mean of so many is good to less than one
_MOST_TDP_W = 10_000.0  # no machine's processors draw more


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeCarbon(Meter):
    """The meter of record.

    Attributes:
        tdp_w: thermal design power of the whole CPU in watts for the estimate, or None to let CodeCarbon
            look the model up. Not used where RAPL is readable.
    """

    tdp_w: float | None

    def __post_init__(self) -> None:
        """Checks the TDP."""
        if self.tdp_w is None:
            return
        checks.positive("meter.tdp_w", self.tdp_w)
        if self.tdp_w > _MOST_TDP_W:
            remedy = "give the CPU's TDP or null"
            raise InputError(f"meter.tdp_w must be at most {_MOST_TDP_W:g} watts", got=self.tdp_w, remedy=remedy)

    def open(self, device: str, *, boards: Sequence[int] = FIRST_BOARD, pid: int | None = None) -> OpenMeter:
        """Builds the tracker and runs a throw-away task.

        Raises:
            InputError: a GPU in use cannot be read: MIG, or no NVML; or no process has the number ``pid``.
            ImpossibleOutput: CodeCarbon was not built, or reads other GPUs.
        """
        used = [Board.by_uuid(uuid) for uuid in uuids_at_work(boards)] if device == "cuda" else []
        return _OpenCodeCarbon(used, self.tdp_w, Threads(), pid)

    def open_on(self, boards: Sequence[Board], *, background: Background) -> OpenMeter:
        """As ``open``, for work on boards that are known already, watched in the ``background``."""
        return _OpenCodeCarbon(boards, self.tdp_w, background)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Token:
    """An open window; ``seen`` is None for work on a CPU. ``ended_children_s``: CPU time of children before it."""

    name: str
    seen: BoardWindow | None
    started_s: float
    ended_children_s: float


class _OpenCodeCarbon(OpenMeter):
    """A tracker of its own, in machine mode where RAPL is readable, else in process mode."""

    _window: ClassVar[threading.Lock] = threading.Lock()  # one at a time: the CPU time of a process is one

    def __init__(
        self, boards: Sequence[Board], tdp_w: float | None, background: Background, pid: int | None = None
    ) -> None:
        self._boards, self._background = boards, background
        self._worker = process_of(pid)
        self._folder = tempfile.TemporaryDirectory(prefix="codecarbon-")
        self._count = 0
        self._token: _Token | None = None
        self._counters: Sequence[Counter] = ()
        self._steps: Sequence[StepWatch] = ()
        self._watched_s, self._watch_cpu_s = 0.0, 0.0
        self._own_j, self._cpu_s_at_start = 0.0, dict[int, float]()
        self._packages: ReadPackages | None = None
        try:
            self._tracker = tracker_of(boards, tdp_w, self._folder.name)
            self._stop(self.start(quiet=True))  # the first task holds one-time set-up
            check_cpu(self._tracker)
            restrain(self._tracker, boards)
            count(self._tracker, self._worker)
            self._own_j = self._calibrate()
            self._packages = read_packages(self._tracker)
            self._cpu = cpu_part(self._tracker, tdp_w, self._packages)
            if self._own_j:
                self._cpu["taken_off_each_window_j"] = self._own_j
        except BaseException:  # whatever it was, an interruption too: nothing may stay open
            self.close()
            raise

    def watch(self, arm: Arm, loop: Loop, *, prefill: bool = False) -> Loop:
        """Work is seen by itself."""
        return loop

    def ticker(self, work: Callable[[], None], *, shared: Path | None = None) -> Ticker | None:
        """Probes the boards' energy counters for one and a half to five seconds. A CPU's steps are too fast to matter.

        Counters without lag are watched step by step from then on.
        """
        if not self._boards or not self._have_counters:
            return None
        self._unwatch()
        files = [shared / f"counter-{board.uuid}.json" if shared else None for board in self._boards]
        self._steps = [StepWatch(board, self._background) for board in self._boards]
        kept = [counter for file in files if (counter := kept_counter(file))]
        is_known = len(kept) == len(files)
        self._counters = kept if is_known else probe_counters(self._steps, work, self._background)
        are_prompt = bool(self._counters) and all(counter.is_prompt for counter in self._counters)
        if not are_prompt:
            self._unwatch()
        for watch, counter in zip(self._steps, self._counters, strict=False):
            watch.rest_w = counter.rest_w
        for counter, file in zip(self._counters, files, strict=False):
            keep_counter(counter, file)
        return self._ticker() if self._counters else None

    def _ticker(self) -> Ticker:
        return Ticker(
            period_s=max(counter.period_s for counter in self._counters),
            read=self._counter_mj if len(self._boards) == 1 else None,
            lag_s=self._lag_s(),
            interpolation=StepWatches(self._steps) if self._steps else None,
        )

    def _lag_s(self) -> float | None:
        """The longest of the boards' lags; None where one is not known."""
        lags_s = [counter.lag_s for counter in self._counters if counter.lag_s is not None]
        return max(lags_s, default=None) if len(lags_s) == len(self._counters) else None

    @property
    def _have_counters(self) -> bool:
        return all(board.has_counter for board in self._boards)

    @property
    def _is_gpu_read(self) -> bool:
        """Whether all boards in use are read in one way: a sum without one of them is nobody's energy."""
        return bool(self._boards) and len({board.has_counter for board in self._boards}) == 1

    def _unwatch(self) -> None:
        for watch in self._steps:
            watch.pause()
        self._steps = ()

    def _counter_mj(self) -> int:
        counted = whole_sum([board.energy_mj() for board in self._boards])
        if counted is None:
            raise ImpossibleOutput("a GPU's energy counter could be read at first and cannot be read any more")
        return int(counted)

    def start(self, *, quiet: bool = False) -> _Token:
        """Opens a window. A quiet one is not watched: looking at an idle board may wake it.

        Raises:
            ImpossibleOutput: another window is open, of this meter or of another one in the process.
        """
        if not self._window.acquire(blocking=False):
            raise ImpossibleOutput("a window was opened while another one is open: windows do not nest or overlap")
        try:
            return self._start(quiet)
        except BaseException:  # an interruption too may not leave the lock of windows held
            if self._token is None:
                self._window.release()
            self._release()
            raise

    def _start(self, quiet: bool) -> _Token:
        self._count += 1
        began_s = time.perf_counter()
        seen = BoardWindow(self._boards, quiet=quiet, steps=self._steps) if self._boards else None
        name = f"window-{self._count}"
        ended_s = ended_children_s(self._worker)
        self._token = _Token(name=name, seen=seen, started_s=time.perf_counter(), ended_children_s=ended_s)
        self._tracker.start_task(name)
        if self._tracker._active_task != name:
            raise ImpossibleOutput(f"CodeCarbon did not start task {name}")
        self._cpu_s_at_start = cpu_s_by_process(self._tracker)
        if seen:
            seen.work_begins()
        self._rested(began_s)
        return self._token

    def stop(self, token: Any) -> Readings:
        """Closes the window. One that is shorter than the counter's step may read 0 J of GPU energy.

        Raises:
            ImpossibleOutput: the window is not open, or a counter stands still, runs backwards or gives no number.
        """
        readings = self._stop(token)
        self._check(readings)
        return readings

    def _stop(self, token: _Token) -> Readings:
        if token is not self._token:
            raise ImpossibleOutput("a window was closed that is not open")
        if token.seen:
            token.seen.end()
        ended_s = time.perf_counter()
        data = self._tracker.stop_task(token.name)
        self._rested(ended_s)
        self._tracker._tasks.pop(token.name, None)  # thousands of windows must not pile up
        conditions = token.seen.conditions() if token.seen else None
        counters_j = token.seen.counters_j if token.seen else []
        self._release()
        if data is None:
            raise ImpossibleOutput(f"CodeCarbon returned no data for task {token.name}")
        if is_rapl(self._tracker):
            check_samples(cpu_of(self._tracker)._intel_interface)
        cpu_j = kwh_to_joules(data.cpu_energy)
        if self._tracker._tracking_mode == "process":
            cpu_j += self._missed_j(token)
        energy_j = {"cpu": max(0.0, cpu_j - self._own_j)}
        if self._is_gpu_read:
            energy_j["gpu"] = kwh_to_joules(data.gpu_energy)
        known_j = [each_j for each_j in counters_j if each_j is not None]
        return Readings(
            duration_s=ended_s - token.started_s,
            energy_j=energy_j,
            method=self._methods(),
            board_energy_j=known_j if len(known_j) == len(self._boards) else (),
            conditions=conditions,
        )

    def _rested(self, began_s: float) -> None:
        """Opening and closing a window takes milliseconds in which the boards have no work."""
        ended_s = time.perf_counter()
        for watch in self._steps:
            watch.rested(began_s, ended_s)

    def _missed_j(self, token: _Token) -> float:
        """Of processes that started or ended inside the window: CodeCarbon sees those alone that live throughout."""
        before, after = self._cpu_s_at_start, cpu_s_by_process(self._tracker)
        ended_s = ended_children_s(self._worker) - token.ended_children_s  # their whole lives, so less what came before
        ended_s -= math.fsum(cpu_s for number, cpu_s in before.items() if number not in after)
        started_s = math.fsum(cpu_s for number, cpu_s in after.items() if number not in before)
        return max(0.0, ended_s + started_s) * watts_a_core(self._tracker)

    def _calibrate(self) -> float:
        """Joules that an empty window is charged: the tracker's own look at the process table, in process mode.

        In machine mode, what the machine draws between the tracker's reading of RAPL and the work, and after it. Beside
        a GPU the CPU is no headline, and a window takes ten times as long to open. Another process looks at no table.
        """
        if self._boards or (self._worker.pid != os.getpid() and not is_rapl(self._tracker)):
            return 0.0
        read = [self._stop(self.start(quiet=True)).energy_j["cpu"] for _ in range(_EMPTY_WINDOWS)]
        return math.fsum(read) / len(read)

    def _release(self) -> None:
        """Ends the open window, if there is one, whatever came of it."""
        token, self._token = self._token, None
        if token is None:
            return
        self._tracker._scheduler_monitor_power.stop()  # a window that was left open leaves it running
        if token.seen:
            token.seen.abandon()
            self._watch_cpu_s += token.seen.watch_cpu_s
            self._watched_s += token.seen.watched_s
        self._window.release()

    def _check(self, readings: Readings) -> None:
        """A broken instrument is found here, not in the figures."""
        if self._packages:
            self._packages.check(readings.duration_s)
        if self._boards and self._have_counters:
            self._check_counters(readings)
        read = list(readings.energy_j.items()) + [("gpu", energy_j) for energy_j in readings.board_energy_j]
        for component, energy_j in read:
            still = energy_j == 0 and readings.duration_s > self._patience_s and component in self._measured()
            if still or not 0 <= energy_j < math.inf:
                raise ImpossibleOutput(
                    f"{component} energy was read as {energy_j} J in {readings.duration_s:.3f} s: its counter is broken"
                )

    @property
    def _patience_s(self) -> float:
        """A counter that does not rise for longer stands still."""
        return _STILL_TICKS * max((each.period_s for each in self._counters), default=_LONGEST_TICK_S / _STILL_TICKS)

    def _check_counters(self, readings: Readings) -> None:
        if not self._steps and not readings.board_energy_j:
            self._counter_mj()
            raise ImpossibleOutput("a GPU's energy counter gave no answer for a moment")
        for counted_j in readings.board_energy_j:
            if counted_j < 0:
                raise ImpossibleOutput(f"a GPU's energy counter ran backwards by {-counted_j:.3f} J")
        devices = gpu_parts(self._tracker)[0].devices.devices
        if any(devices[board.index]._use_power_fallback for board in self._boards):
            raise ImpossibleOutput("CodeCarbon could not read a GPU's energy counter and sampled power instead")

    def _measured(self) -> list[str]:
        return [name for name, method in self._methods().items() if method.startswith("measured:")]

    def _methods(self) -> dict[str, str]:
        methods = {"cpu": cpu_method(self._tracker)}
        if self._is_gpu_read:
            methods["gpu"] = _COUNTED if self._have_counters else _SAMPLED
        return methods

    def describe(self) -> dict[str, Any]:
        """Method and scope by component, TDP and its source, the boards in use and their counters."""
        components = {"cpu": self._cpu}
        if self._is_gpu_read:
            components["gpu"] = self._gpu_part()
        mode = self._tracker._tracking_mode
        boards = {str(board.index): {"uuid": board.uuid, "name": board.name} for board in self._boards}
        facts = {"name": "codecarbon", "tracking_mode": mode, "components": components, "ram": "excluded"}
        return facts | ({"boards": boards} if boards else {})

    def _gpu_part(self) -> dict[str, Any]:
        periods_s = [counter.period_s for counter in self._counters]
        return {
            "method": self._methods()["gpu"],
            "scope": self._boards[0].scope,
            "energy_counter": self._have_counters,
            "period_s": max(periods_s, default=None),
            "lag_s": self._lag_s(),
            "power_limit_w": whole_sum([board.power_limit_w for board in self._boards]),
            "watch_cpu_share": self._watch_cpu_share(),
        }

    def _watch_cpu_share(self) -> float | None:
        if self._steps:
            return math.fsum(watch.cpu_share for watch in self._steps)
        return self._watch_cpu_s / self._watched_s if self._watched_s else None

    def close(self) -> None:
        """Ends a window that was left open and the watch of the counter, and drops the tracker's empty folder."""
        self._release()
        self._unwatch()
        self._folder.cleanup()
