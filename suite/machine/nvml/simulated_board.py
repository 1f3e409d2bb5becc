"""A simulated NVML with a known truth, which stands in for the installed ``pynvml`` module.

Programs that read boards through ``pynvml``, CodeCarbon among them, run on it unchanged: while it is installed every
function of the module is answered here, and the exceptions are the module's own. Power over time is exact, so what
a window truly used is known; the counter shows it the way real ones do: in steps, late, scaled and rounded.
"""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, SimpleNamespace
from typing import Any, Literal
from unittest import mock

from suite.errors import InputError

Fault = Literal["still", "backwards", "nan", "error", "crash", "no_counter"]
_BASE_MJ = 1_000_000_000_000  # what the counter has seen before anyone looks; leaves room to run backwards


class PowerTrace:
    """Power over time as exact steps: it holds each value until the next one is set."""

    def __init__(self, watts: float) -> None:
        """Starts with ``watts``, which hold for all time before the first step."""
        self._times_s, self._watts, self._sums_j = [0.0], [watts], [0.0]

    def set_power(self, watts: float, at_s: float) -> None:
        """Draws ``watts`` from ``at_s`` on.

        Raises:
            InputError: ``at_s`` is before the last step, which would rewrite what was read already.
        """
        if at_s < self._times_s[-1]:
            raise InputError("power is set in order of time", got=at_s, remedy=f"give {self._times_s[-1]} s or later")
        sum_j = self._until_j(at_s)
        self._watts.append(watts)
        self._sums_j.append(sum_j)
        self._times_s.append(at_s)  # last: another thread that reads finds the other two there

    def power_w(self, at_s: float) -> float:
        """Power at a moment, in watts."""
        return self._watts[self._step(at_s)]

    def energy_j(self, from_s: float, to_s: float) -> float:
        """Joules drawn between two moments, exactly."""
        return self._until_j(to_s) - self._until_j(from_s)

    def mean_power_w(self, from_s: float, to_s: float) -> float:
        """Mean power between two moments, in watts."""
        return self.energy_j(from_s, to_s) / (to_s - from_s)

    def _step(self, at_s: float) -> int:
        return max(0, bisect.bisect_right(self._times_s, at_s) - 1)

    def _until_j(self, at_s: float) -> float:
        step = self._step(at_s)
        return self._sums_j[step] + self._watts[step] * (at_s - self._times_s[step])


@dataclasses.dataclass(kw_only=True, eq=False)
class SimulatedBoard:
    """A board. Not frozen: a test breaks it, or heats it, while it runs.

    Attributes:
        trace: its true power.
        uuid: as NVML writes it, with ``GPU-`` in front.
        name: the product's.
        clock: seconds; ``trace`` is in the same time.
        tick_s: the energy counter changes this often.
        phase_s: a moment at which it changes.
        lag_s: it shows what was used up to so long before it changed.
        gain: every reading of energy or power over the truth.
        resolution_mj: it counts in so many millijoules.
        reading_s: so long a reading of the counter takes, 3 ms on an H100; it shows what was there at its start.
        wait: lets so many seconds pass.
        power_average_s: the power reading is the mean of so many seconds; 0 is the moment's.
        has_instant_power: whether the moment's power can be read beside it.
        power_limit_w: enforced limit. Setting another changes what is read, not what the trace draws.
        default_power_limit_w: the product's own.
        least_power_limit_w: lowest that can be set; the product's own is the highest.
        may_set_power_limit: whether this process has the right to.
        temperature_c: of the chip.
        sm_clock_mhz: clock of the multiprocessors.
        clocks_event_reasons: NVML's bit mask of why clocks are held back.
        pids: processes with a compute context.
        mig: whether the board is cut into MIG slices; None on boards that cannot be.
        memory_bytes: its own memory.
        free_bytes: as much of it as nobody uses.
        fault: what is broken. ``still``: the counter shows one value for ever. ``backwards``: it falls. ``nan``: it is
            no number. ``error``: no energy or power can be read. ``crash``: neither, with an exception that is not
            NVML's. ``no_counter``: the board has none.
    """

    trace: PowerTrace
    uuid: str = "GPU-00000000-0000-4000-8000-000000000000"
    name: str = "simulated GPU"
    clock: Callable[[], float] = time.perf_counter
    tick_s: float = 0.1
    phase_s: float = 0.0
    lag_s: float = 0.0
    gain: float = 1.0
    resolution_mj: int = 1
    reading_s: float = 0.0
    wait: Callable[[float], None] = time.sleep
    power_average_s: float = 0.0
    has_instant_power: bool = True
    power_limit_w: float = 400.0
    default_power_limit_w: float = 400.0
    least_power_limit_w: float = 100.0
    may_set_power_limit: bool = True
    temperature_c: int = 40
    sm_clock_mhz: int = 1500
    clocks_event_reasons: int = 0
    pids: Sequence[int] = ()
    mig: bool | None = None
    memory_bytes: int = 80 * 2**30
    free_bytes: int = 80 * 2**30
    fault: Fault | None = None

    def counter_mj(self) -> float:
        """What the energy counter shows now, in millijoules."""
        if self.fault == "still":
            return _BASE_MJ
        if self.fault == "nan":
            return math.nan
        now_s = self.clock()
        shown_s = now_s - (now_s - self.phase_s) % self.tick_s - self.lag_s
        used_mj = 1e3 * self.gain * self.trace.energy_j(0.0, shown_s)
        rounded_mj = math.floor(used_mj / self.resolution_mj) * self.resolution_mj
        return _BASE_MJ + (-rounded_mj if self.fault == "backwards" else rounded_mj)

    def power_mw(self, average_s: float) -> int:
        """What the power reading shows now, in milliwatts: the mean of the last ``average_s`` seconds."""
        now_s = self.clock()
        power_w = self.trace.mean_power_w(now_s - average_s, now_s) if average_s else self.trace.power_w(now_s)
        return round(1e3 * self.gain * power_w)


class SimulatedNvml:
    """The boards of a machine, as NVML numbers them."""

    def __init__(self, boards: Sequence[SimulatedBoard]) -> None:
        self.boards = list(boards)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Puts this in the place of the real NVML, for ``pynvml`` and for CodeCarbon, until the block ends."""
        import pynvml
        from codecarbon.core import gpu, gpu_nvidia, hardware_cache

        found = {"pynvml": pynvml, "PYNVML_AVAILABLE": True, "is_nvidia_system": lambda: True}
        with (
            mock.patch.multiple(pynvml, **self._functions(pynvml)),
            mock.patch.multiple(gpu_nvidia, **found),
            mock.patch.multiple(gpu, **found),
            mock.patch.dict(hardware_cache._plans, clear=True),  # what it found before on this machine
        ):
            yield

    def _functions(self, nvml: Any) -> dict[str, Any]:
        """Every function of ``pynvml``; those that are not simulated are not supported."""

        def unsupported(*arguments: Any, **options: Any) -> Any:
            raise nvml.NVMLError_NotSupported

        names = [
            name for name in vars(nvml) if name.startswith("nvml") and isinstance(getattr(nvml, name), FunctionType)
        ]
        known = self._machine(nvml) | _board_facts(nvml) | _board_readings(nvml) | _board_limits(nvml)
        return dict.fromkeys(names, unsupported) | known

    def _machine(self, nvml: Any) -> dict[str, Any]:
        def by_index(index: int) -> SimulatedBoard:
            if not 0 <= index < len(self.boards):
                raise nvml.NVMLError_InvalidArgument
            return self.boards[index]

        def by_uuid(uuid: str | bytes) -> SimulatedBoard:
            text = uuid.decode() if isinstance(uuid, bytes) else uuid
            for board in self.boards:
                if board.uuid == text:
                    return board
            raise nvml.NVMLError_NotFound

        return {
            "nvmlInit": lambda: None,
            "nvmlShutdown": lambda: None,
            "nvmlSystemGetDriverVersion": lambda: "simulated",
            "nvmlDeviceGetCount": lambda: len(self.boards),
            "nvmlDeviceGetHandleByIndex": by_index,
            "nvmlDeviceGetHandleByUUID": by_uuid,
            "nvmlDeviceGetIndex": self.boards.index,
        }


def _board_facts(nvml: Any) -> dict[str, Any]:
    """What a board is, and its state."""

    def mig_mode(board: SimulatedBoard) -> list[int]:
        if board.mig is None:
            raise nvml.NVMLError_NotSupported
        return [int(board.mig)] * 2

    def processes(board: SimulatedBoard) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in board.pids]

    def memory(board: SimulatedBoard) -> Any:
        return nvml.c_nvmlMemory_t(board.memory_bytes, board.free_bytes, board.memory_bytes - board.free_bytes)

    return {
        "nvmlDeviceGetUUID": lambda board: board.uuid,
        "nvmlDeviceGetName": lambda board: board.name,
        "nvmlDeviceGetMemoryInfo": memory,
        "nvmlDeviceGetComputeMode": lambda board: nvml.NVML_COMPUTEMODE_DEFAULT,
        "nvmlDeviceGetUtilizationRates": lambda board: nvml.c_nvmlUtilization_t(0, 0),
        "nvmlDeviceGetTemperature": lambda board, sensor: board.temperature_c,
        "nvmlDeviceGetClockInfo": lambda board, kind: board.sm_clock_mhz,
        "nvmlDeviceGetCurrentClocksEventReasons": lambda board: board.clocks_event_reasons,
        "nvmlDeviceGetComputeRunningProcesses": processes,
        "nvmlDeviceGetGraphicsRunningProcesses": lambda board: [],
        "nvmlDeviceGetMigMode": mig_mode,
    }


def _board_readings(nvml: Any) -> dict[str, Any]:
    """Energy and power, unless they are broken."""

    def check(board: SimulatedBoard) -> None:
        if board.fault == "error":
            raise nvml.NVMLError_GpuIsLost
        if board.fault == "crash":
            raise OSError("the driver's device file is gone")

    def energy(board: SimulatedBoard) -> float:
        check(board)
        if board.fault == "no_counter":
            raise nvml.NVMLError_NotSupported
        shown_mj = board.counter_mj()
        if board.reading_s:
            board.wait(board.reading_s)
        return shown_mj

    def power(board: SimulatedBoard) -> int:
        check(board)
        return board.power_mw(board.power_average_s)

    def fields(board: SimulatedBoard, ids: Sequence[int | tuple[int, int]]) -> list[Any]:
        check(board)
        return [_field(nvml, board, *(each if isinstance(each, tuple) else (each, 0))) for each in ids]

    return {
        "nvmlDeviceGetTotalEnergyConsumption": energy,
        "nvmlDeviceGetPowerUsage": power,
        "nvmlDeviceGetFieldValues": fields,
    }


def _board_limits(nvml: Any) -> dict[str, Any]:
    """Power limits, in milliwatts."""

    def set_limit(board: SimulatedBoard, limit_mw: int) -> None:
        if not board.may_set_power_limit:
            raise nvml.NVMLError_NoPermission
        if not board.least_power_limit_w <= limit_mw / 1e3 <= board.default_power_limit_w:
            raise nvml.NVMLError_InvalidArgument
        board.power_limit_w = limit_mw / 1e3

    def constraints(board: SimulatedBoard) -> list[int]:
        return [round(1e3 * board.least_power_limit_w), round(1e3 * board.default_power_limit_w)]

    return {
        "nvmlDeviceGetEnforcedPowerLimit": lambda board: round(1e3 * board.power_limit_w),
        "nvmlDeviceGetPowerManagementLimit": lambda board: round(1e3 * board.power_limit_w),
        "nvmlDeviceGetPowerManagementDefaultLimit": lambda board: round(1e3 * board.default_power_limit_w),
        "nvmlDeviceGetPowerManagementLimitConstraints": constraints,
        "nvmlDeviceSetPowerManagementLimit": set_limit,
    }


def _field(nvml: Any, board: SimulatedBoard, field: int, scope: int) -> Any:
    value = nvml.c_nvmlFieldValue_t()
    value.fieldId, value.scopeId = field, scope
    if field == nvml.NVML_FI_DEV_POWER_INSTANT and scope == nvml.NVML_POWER_SCOPE_GPU and board.has_instant_power:
        value.nvmlReturn = nvml.NVML_SUCCESS
        value.value.uiVal = board.power_mw(0.0)
    else:
        value.nvmlReturn = nvml.NVML_ERROR_NOT_SUPPORTED
    return value
