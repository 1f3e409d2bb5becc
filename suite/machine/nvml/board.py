"""Board: the one GPU that the work runs on, read through NVML."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable
from typing import Any

from suite.errors import InputError, NotApplicable

_REASONS = {  # NVML's bits, in words; a board that idles holds its clocks back too, and is left out
    "SwPowerCap": "power limit reached",
    "SwThermalSlowdown": "too hot (driver)",
    "HwThermalSlowdown": "too hot (hardware)",
    "HwPowerBrakeSlowdown": "power brake of the machine",
    "HwSlowdown": "hardware slowdown",
    "SyncBoost": "clocks tied to another board's",
    "ApplicationsClocksSetting": "clocks set by the user",
    "DisplayClockSetting": "clocks set for a display",
}
_MODULE_NAMES = ("GH200", "GB200", "GB300")  # one package with the CPU


@dataclasses.dataclass(frozen=True, kw_only=True)
class State:
    """A moment of a board. None: it cannot be read there.

    Attributes:
        temperature_c: of the chip.
        sm_clock_mhz: clock of the multiprocessors.
        throttle_reasons: why the clocks are held back, in words.
    """

    temperature_c: float | None
    sm_clock_mhz: float | None
    throttle_reasons: list[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PowerLimits:
    """Power limits of a board in watts: the one in force, the product's own, and the least and most that can be set."""

    now_w: float
    default_w: float
    least_w: float
    most_w: float


class Board:
    """A board, and what it shows now. What it cannot show is None.

    Attributes:
        index: among all boards of the machine, as NVML numbers them.
        uuid: as NVML writes it.
        name: the product's.
        has_counter: whether its energy counter can be read.
    """

    def __init__(self, nvml: Any, handle: Any, index: int) -> None:
        """``nvml`` is the ``pynvml`` module, ``handle`` its handle of the board."""
        self._nvml, self._handle, self.index = nvml, handle, index
        self.uuid, self.name = (_text(ask(handle)) for ask in (nvml.nvmlDeviceGetUUID, nvml.nvmlDeviceGetName))
        self.has_counter = self.energy_mj() is not None
        self._has_instant_power = self._instant_power_w() is not None

    @classmethod
    def by_uuid(cls, uuid: str) -> Board:
        """The board with this UUID, with or without ``GPU-`` in front.

        Raises:
            InputError: NVML knows no such board, or it is cut into MIG slices, whose energy cannot be told apart.
        """
        import pynvml

        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise InputError(f"NVML does not start ({error})", got=uuid, remedy="install NVIDIA's driver") from error
        bare = uuid.removeprefix("GPU-").lower()
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            if _text(pynvml.nvmlDeviceGetUUID(handle)).removeprefix("GPU-").lower() == bare:
                return cls(pynvml, handle, index)._whole()
        raise InputError(
            "NVML knows no board with this UUID",
            got=uuid,
            remedy="use a whole GPU (a MIG slice has no energy counter of its own) that nvidia-smi -L lists",
        )

    def _whole(self) -> Board:
        mode = self._ask("nvmlDeviceGetMigMode")
        if mode and mode[0]:
            raise InputError(
                "the GPU is cut into MIG slices, and its energy counter covers all of them",
                got=self.uuid,
                remedy="use a GPU that is not cut",
            )
        return self

    @property
    def scope(self) -> str:
        """What the energy counter covers: the ``board``, or the ``module`` where GPU and CPU are one package."""
        return "module" if any(name in self.name for name in _MODULE_NAMES) else "board"

    @property
    def power_limit_w(self) -> float | None:
        """The limit that is enforced at this moment."""
        limit_mw = self._ask("nvmlDeviceGetEnforcedPowerLimit")
        return None if limit_mw is None else limit_mw / 1e3

    def power_limits(self) -> PowerLimits | None:
        """What can be set; None where the board does not tell."""
        now_mw = self._ask("nvmlDeviceGetPowerManagementLimit")
        default_mw = self._ask("nvmlDeviceGetPowerManagementDefaultLimit")
        range_mw = self._ask("nvmlDeviceGetPowerManagementLimitConstraints")
        if now_mw is None or default_mw is None or range_mw is None:
            return None
        least_mw, most_mw = range_mw
        return PowerLimits(now_w=now_mw / 1e3, default_w=default_mw / 1e3, least_w=least_mw / 1e3, most_w=most_mw / 1e3)

    def set_power_limit(self, limit_w: float) -> None:
        """Sets the limit, for everybody on this machine, until it is set again or the driver is loaded anew.

        Raises:
            NotApplicable: the driver refuses, in its words.
        """
        try:
            self._nvml.nvmlDeviceSetPowerManagementLimit(self._handle, round(1e3 * limit_w))
        except self._nvml.NVMLError_NoPermission as error:
            raise NotApplicable(f"setting the board's power limit needs root ({error}): run as root") from error
        except self._nvml.NVMLError as error:
            raise NotApplicable(f"the driver does not set a power limit of {limit_w:g} W here ({error})") from error

    def energy_mj(self) -> int | None:
        """The energy counter, in millijoules since the driver was loaded."""
        counted = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if counted is None or not math.isfinite(counted) else int(counted)

    def power_w(self) -> float | None:
        """Power in watts: the moment's where the board shows it, else its own running mean."""
        if self._has_instant_power:
            return self._instant_power_w()
        usage_mw = self._ask("nvmlDeviceGetPowerUsage")
        return None if usage_mw is None else usage_mw / 1e3

    def _instant_power_w(self) -> float | None:
        field = self._nvml.NVML_FI_DEV_POWER_INSTANT
        values = self._ask("nvmlDeviceGetFieldValues", [field])
        if not values or values[0].nvmlReturn != self._nvml.NVML_SUCCESS:
            return None
        return float(values[0].value.uiVal / 1e3)

    def state(self) -> State:
        """Temperature, clock and throttling at this moment."""
        temperature_c = self._ask("nvmlDeviceGetTemperature", self._nvml.NVML_TEMPERATURE_GPU)
        clock_mhz = self._ask("nvmlDeviceGetClockInfo", self._nvml.NVML_CLOCK_SM)
        return State(
            temperature_c=None if temperature_c is None else float(temperature_c),
            sm_clock_mhz=None if clock_mhz is None else float(clock_mhz),
            throttle_reasons=self._throttle_reasons(),
        )

    def _throttle_reasons(self) -> list[str]:
        mask = self._ask("nvmlDeviceGetCurrentClocksEventReasons")
        if mask is None:  # drivers before 535 know the older name alone
            mask = self._ask("nvmlDeviceGetCurrentClocksThrottleReasons") or 0
        return [words for name, words in _REASONS.items() if mask & getattr(self._nvml, f"nvmlClocksEventReason{name}")]

    def foreign_processes(self) -> int | None:
        """How many processes that are not ours have a context on the board.

        A container shows its own process numbers while NVML shows the machine's, or none. So where none of ours is on
        the board, though it works for us, nothing can be told: None.
        """
        lists = [self._ask(f"nvmlDeviceGet{kind}RunningProcesses") for kind in ("Compute", "Graphics")]
        numbers = {process.pid for some in lists for process in some or ()}
        ours = {number for number in numbers if _is_ours(number)}
        return len(numbers - ours) if ours else None

    def _ask(self, function: str, *arguments: Any) -> Any:
        """The answer of one of NVML's functions about this board; None where it has none."""
        ask: Callable[..., Any] = getattr(self._nvml, function)
        try:
            return ask(self._handle, *arguments)
        except (self._nvml.NVMLError, OSError):
            return None


def _is_ours(process: int) -> bool:
    """Whether a process is this one, one that started it, or one that it started."""
    own = os.getpid()
    return process == own or own in _ancestors(process) or process in _ancestors(own)


def _ancestors(process: int) -> set[int]:
    import psutil

    try:
        return {each.pid for each in psutil.Process(process).parents()}
    except psutil.Error:
        return set()


def _text(value: str | bytes) -> str:
    """Older NVML bindings give bytes."""
    return value.decode() if isinstance(value, bytes) else value
