"""CodeCarbon's tracker: built with every argument explicit, kept to what a meter asks of it, and what it reads.

Its own names are private and may change with its version; all that is relied on is checked where it is built.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from suite.errors import ImpossibleOutput, InputError
from suite.machine import rapl
from suite.machine.nvml.board import Board

MEASURED = "measured:rapl"
_CPU_METHODS = {"intel_rapl": MEASURED, "cpu_load": "estimated:cpu_time_x_tdp"}
_SAMPLE_S = 0.1  # between two readings of power on a board without an energy counter
_USED = ("_tasks", "_hardware", "_active_task", "_scheduler_monitor_power", "_tracking_mode")
_USED_OF_RAPL = ("_rapl_files", "_mirrored_candidates")


class _NeverRuns:
    """In the place of CodeCarbon's thread that wakes once a second.

    It samples the CPU, and weighs each sample by a time that ends later than the one it was taken over. While a
    window's own work holds the interpreter that difference is large: 2.1 s of CPU time were read as 2.9 s.
    """

    def start(self) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""


def tracker_of(boards: Sequence[Board], tdp_w: float | None, folder: str) -> Any:
    """A tracker that is whole: of all of the CPU's packages by RAPL, or else of this process's CPU time.

    Raises:
        ImpossibleOutput: it is half-built.
        InputError: it is of a version without what this module relies on, or cannot do without RAPL here.
    """
    import codecarbon
    from codecarbon.core import cpu

    logging.getLogger("codecarbon").setLevel(logging.ERROR)
    closed = rapl.unreadable(rapl.POWERCAP)
    some = bool(cpu.is_rapl_available())  # at least one package
    whole = some and bool(rapl.packages(rapl.POWERCAP)) and not closed
    tracker = codecarbon.OfflineEmissionsTracker(
        **_arguments(
            gpu_ids=[board.index for board in boards],
            tracking_mode="machine" if whole else "process",
            force_cpu_power=None if whole else tdp_w,
            force_mode_cpu_load=some and not whole,
            output_dir=folder,
        )
    )
    if not hasattr(tracker, "_tasks"):
        raise ImpossibleOutput("CodeCarbon's tracker was not built: it swallowed an error in its constructor")
    _require(tracker, _USED, "tracker")
    return tracker


def check_cpu(tracker: Any) -> None:
    """Refuses a tracker that reads some of the packages, or the whole platform, for the CPU.

    To be called once its first window has set it up.

    Raises:
        InputError: it does, since it knows no power of this CPU; or is of a version without what is relied on.
    """
    if not is_rapl(tracker):
        return
    _require(cpu_of(tracker)._intel_interface, _USED_OF_RAPL, "reader of RAPL")
    if tracker._tracking_mode != "machine":
        raise InputError(
            "not all of the processor's energy counters can be read, and its power is not known for an estimate",
            got=rapl.unreadable(rapl.POWERCAP),
            remedy="give meter.tdp_w, or let them be read: python -m suite.doctor says how",
        )


def is_rapl(tracker: Any) -> bool:
    """Whether the CPU is read from RAPL."""
    return cpu_method(tracker) == MEASURED


def read_packages(tracker: Any) -> rapl.ReadPackages | None:
    """The packages that the tracker reads; None where it estimates."""
    if not is_rapl(tracker):
        return None
    return rapl.ReadPackages(cpu_of(tracker)._intel_interface, rapl.POWERCAP)


def _require(part: Any, names: tuple[str, ...], what: str) -> None:
    missing = [name for name in names if not hasattr(part, name)]
    if missing:
        raise InputError(
            f"CodeCarbon's {what} has no {', '.join(missing)}",
            got=importlib.metadata.version("codecarbon"),
            remedy="install the version that constraints.txt names",
        )


class _Counted(psutil.Process):
    """A process as CodeCarbon asks of it twice a window, by a finer clock and a faster look than psutil's."""

    def cpu_times(self) -> Any:
        """As psutil's, whose steps are 10 ms, but for the process itself: all of its time stands under ``user``."""
        times = super().cpu_times()
        own_s = _cpu_s(self.pid)
        return times if own_s is None else times._replace(user=own_s, system=0.0)

    def children(self, recursive: bool = False) -> list[psutil.Process]:
        """As psutil's, which reads the whole table of processes even where there are none."""
        return super().children(recursive) if _may_have_children(self.pid) else []


def _cpu_s(pid: int) -> float | None:
    """CPU time of all threads of a process by its own clock (clock_getcpuclockid(3)); None where there is none."""
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except (AttributeError, OSError):  # not Linux
        return None


def _may_have_children(pid: int) -> bool:
    """Whether a thread of the process has children; True where the kernel does not say."""
    threads = Path(f"/proc/{pid}/task")
    try:
        return any((thread / "children").read_bytes() for thread in threads.iterdir())
    except OSError:  # another system, a kernel without that file, or a thread that has just ended
        return True


def process_of(pid: int | None) -> psutil.Process:
    """The process whose CPU time is counted with its children's: this one, or that of the number ``pid``.

    Raises:
        InputError: there is none, or it is not ours to look at.
    """
    try:
        process = _Counted(pid)
        process.cpu_times()
    except (psutil.NoSuchProcess, psutil.AccessDenied) as error:
        remedy = "give the number of a process of this user that runs on this machine"
        raise InputError(
            f"no CPU time can be read of this process ({type(error).__name__})", got=pid, remedy=remedy
        ) from None
    return process


def count(tracker: Any, process: psutil.Process) -> None:
    """Has the tracker estimate from the CPU time of ``process`` and its children."""
    cpu_of(tracker)._process = process


def ended_children_s(process: psutil.Process) -> float:
    """CPU time of all children of ``process`` that have ended and were waited for.

    Raises:
        ImpossibleOutput: it has ended itself.
    """
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess as error:
        raise ImpossibleOutput(f"process {process.pid}, whose CPU time is counted, has ended") from error
    return float(times.children_user + times.children_system)


def cpu_s_by_process(tracker: Any) -> dict[int, float]:
    """CPU time of the process that is counted and its children by their numbers, as the tracker saw it last."""
    return dict(getattr(cpu_of(tracker), "_last_cpu_times", {}))


def watts_a_core(tracker: Any) -> float:
    """What the estimate charges a busy core."""
    cpu = cpu_of(tracker)
    return float(cpu._tdp / cpu._cpu_count)


def gpu_parts(tracker: Any) -> list[Any]:
    """What reads the GPUs."""
    return [part for part in tracker._hardware if type(part).__name__ == "GPU"]


def restrain(tracker: Any, boards: Sequence[Board]) -> None:
    """Leaves the GPUs in use to the tracker, or none, and stops its thread.

    An empty list of GPUs means all of them to the second tracker of a process, so the list alone is not enough.

    Raises:
        InputError: CodeCarbon finds no GPU.
        ImpossibleOutput: it reads others.
    """
    from codecarbon.external.scheduler import PeriodicScheduler

    gpus = gpu_parts(tracker)
    tracker._scheduler_monitor_power = _NeverRuns()
    if not boards:
        tracker._hardware = [part for part in tracker._hardware if part not in gpus]
        return
    if not gpus:
        uuids = ", ".join(board.uuid for board in boards)
        raise InputError("CodeCarbon finds no GPU", got=uuids, remedy="put nvidia-smi on the PATH: it looks there")
    tracker._hardware.sort(key=lambda part: part not in gpus)  # read first: windows wait for its counter, not the CPU's
    read, used = sorted(gpus[0]._get_gpu_ids()), sorted(board.index for board in boards)
    if read != used:
        raise ImpossibleOutput(f"CodeCarbon reads the GPUs {read} where the work runs on {used}")
    for board in boards:
        if gpus[0].devices.devices[board.index]._has_counter != board.has_counter:
            raise ImpossibleOutput(f"the energy counter of GPU {board.index} gives no usable number")
    if not any(board.has_counter for board in boards):
        tracker._scheduler_monitor_power = PeriodicScheduler(interval=_SAMPLE_S, function=gpus[0].monitor_power)


def cpu_of(tracker: Any) -> Any:
    """What reads the CPU.

    Raises:
        ImpossibleOutput: nothing does.
    """
    cpus = [part for part in tracker._hardware if hasattr(part, "_mode")]
    if not cpus:
        raise ImpossibleOutput("CodeCarbon reads no CPU on this machine")
    return cpus[0]


def cpu_method(tracker: Any) -> str:
    """How the CPU's energy comes about, as the record names it."""
    mode = cpu_of(tracker)._mode
    return _CPU_METHODS.get(mode, f"estimated:{mode}")


def cpu_part(tracker: Any, tdp_w: float | None, packages: rapl.ReadPackages | None) -> dict[str, Any]:
    """What the CPU's figure is, for the record."""
    cpu = cpu_of(tracker)
    facts: dict[str, Any] = {"method": cpu_method(tracker), "scope": "machine", "model": cpu._model}
    if packages:
        facts |= {"domains": packages.names, "domains_not_read": rapl.other_domains(rapl.POWERCAP)}
        return facts | ({"mirrors": packages.mirrors} if packages.mirrors else {})
    if facts["method"].startswith("measured:"):
        return facts
    own = cpu._process.pid == os.getpid()
    scope = f"{'this process' if own else 'the server'} and its children"
    facts |= {"scope": scope, "tdp_w": cpu._tdp, "tdp_source": "conf (meter.tdp_w)" if tdp_w else _tdp_source()}
    closed = rapl.unreadable(rapl.POWERCAP)
    return facts | ({"unreadable_domains": closed} if closed else {})


def _tdp_source() -> str:
    """Where CodeCarbon has the TDP from. It says so in its log alone."""
    from codecarbon.core import cpu, hardware_cache

    found = hardware_cache.get_cached_tdp(cpu)
    if found.tdp is None:
        return "CodeCarbon's constant for a CPU that it cannot name"
    if found._get_cpu_power_from_registry(found.model):
        return "CodeCarbon's table of CPUs"
    return "4 W a thread, CodeCarbon's guess for a CPU that is not in its table"


def _arguments(**chosen: Any) -> dict[str, Any]:
    """Every argument of the tracker, so that neither its environment nor its config files change a figure."""
    fixed: dict[str, Any] = {
        "country_iso_code": "USA", "region": None, "cloud_provider": None, "cloud_region": None,
        "country_2letter_iso_code": None, "project_name": "suite", "measure_power_secs": 3600,
        "api_call_interval": -1, "api_endpoint": None, "api_key": None, "output_file": "none.csv",
        "output_methods": [], "logging_logger": None, "prometheus_url": None, "output_handlers": [],
        "emissions_endpoint": None, "experiment_id": None, "experiment_name": None,
        "electricitymaps_api_token": "", "log_level": "error", "on_csv_write": "append", "logger_preamble": "",
        "force_ram_power": 0, "pue": 1.0, "wue": 0.0, "force_carbon_intensity_g_co2e_kwh": None,
        "allow_multiple_runs": True, "rapl_include_dram": False,
        "rapl_prefer_psys": False, "metadata": None,
    }  # fmt: skip
    return fixed | chosen
