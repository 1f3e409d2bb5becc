"""CodeCarbon, driven through tasks with every argument explicit.

CodeCarbon (https://github.com/mlco2/codecarbon) reads the NVML energy counter of a GPU and RAPL of a CPU
where they are readable. Without RAPL it estimates the CPU: CPU seconds of this process tree, as a share of
the machine's, times the TDP. Its RAM figure is a constant times the number of modules; it is switched off.

What this module guards against, each seen with version 3.3.2 (docs/method.md):
environment variables and config files that change figures (every argument is passed), network and files
(offline tracker, no output methods, empty token), a set-up inside the first task (a throw-away task),
a half-built tracker (the constructor swallows exceptions), all GPUs counted instead of one (an index is
passed, found by UUID), and a missing reading reported as 0 J.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import tempfile
import time
from typing import Any

from suite.core.meter import Meter, OpenMeter, Readings
from suite.errors import ImpossibleOutput, InputError
from suite.record import RecordWarning
from suite.units import kwh_to_joules, millijoules_to_joules

_CPU_METHODS = {"intel_rapl": "measured:rapl", "cpu_load": "estimated:cpu_time_x_tdp"}
_COUNTER_AGREEMENT = 0.005  # share by which CodeCarbon and the raw counter may differ
_COUNTER_TICK_S = 0.1  # the energy counter's period on the boards documented so far


class _Token:
    """An open window."""

    def __init__(self, name: str, counter_mj: int | None) -> None:
        self.name, self.counter_mj = name, counter_mj
        self.started_s = time.perf_counter()


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
        if self.tdp_w is not None and not 0 < self.tdp_w < math.inf:
            raise InputError("meter.tdp_w must be above 0 watts", got=self.tdp_w, remedy="give the CPU's TDP or null")

    def open(self, device: str) -> _OpenCodeCarbon:
        """Builds the tracker and runs a throw-away task."""
        return _OpenCodeCarbon(device, self.tdp_w)


class _OpenCodeCarbon(OpenMeter):
    """A tracker of its own, in machine mode where RAPL is readable, else in process mode."""

    def __init__(self, device: str, tdp_w: float | None) -> None:
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.core import cpu

        logging.getLogger("codecarbon").setLevel(logging.ERROR)
        rapl = bool(cpu.is_rapl_available())
        self._device, self._tdp_w = device, tdp_w
        self._gpu = _Gpu() if device == "cuda" else None
        self._folder = tempfile.TemporaryDirectory(prefix="codecarbon-")
        self._count = 0
        self._disagreement: RecordWarning | None = None
        self._tracker: Any = OfflineEmissionsTracker(
            **_arguments(
                gpu_ids=[self._gpu.index] if self._gpu else [],
                tracking_mode="machine" if rapl else "process",
                force_cpu_power=None if rapl else tdp_w,
                output_dir=self._folder.name,
            )
        )
        if not hasattr(self._tracker, "_tasks"):
            raise ImpossibleOutput("CodeCarbon's tracker was not built: it swallowed an error in its constructor")
        self._stop(self.start())  # the first task holds one-time set-up

    def close(self) -> None:
        """Drops the tracker's empty folder."""
        self._folder.cleanup()

    def start(self) -> _Token:
        """Opens a window."""
        self._count += 1
        name = f"window-{self._count}"
        self._tracker.start_task(name)
        if self._tracker._active_task != name:
            raise ImpossibleOutput(f"CodeCarbon did not start task {name}")
        return _Token(name, self._gpu.counter_mj() if self._gpu else None)

    def stop(self, token: Any) -> Readings:
        """Closes the window and compares a GPU reading with the raw counter."""
        readings, raw_j = self._stop(token)
        if raw_j is not None:
            self._compare_with_counter(readings.energy_j["gpu"], raw_j, readings.duration_s)
        return readings

    def _stop(self, token: _Token) -> tuple[Readings, float | None]:
        counter_mj = self._gpu.counter_mj() if self._gpu else None
        duration_s = time.perf_counter() - token.started_s
        data = self._tracker.stop_task(token.name)
        self._tracker._tasks.pop(token.name, None)  # thousands of windows must not pile up
        if data is None:
            raise ImpossibleOutput(f"CodeCarbon returned no data for task {token.name}")
        energy_j = {"cpu": kwh_to_joules(data.cpu_energy)}
        if self._gpu:
            energy_j["gpu"] = kwh_to_joules(data.gpu_energy)
        raw_j = None
        if token.counter_mj is not None and counter_mj is not None:
            raw_j = millijoules_to_joules(counter_mj - token.counter_mj)
        return Readings(duration_s=duration_s, energy_j=energy_j, method=self._methods()), raw_j

    def _cpu(self) -> Any:
        return next(part for part in self._tracker._hardware if type(part).__name__ == "CPU")

    def _methods(self) -> dict[str, str]:
        mode = self._cpu()._mode
        methods = {"cpu": _CPU_METHODS.get(mode, f"estimated:{mode}")}
        if self._gpu:
            counted = self._gpu.has_counter
            methods["gpu"] = "measured:nvml_energy_counter" if counted else "measured:nvml_power_samples"
        return methods

    def _compare_with_counter(self, codecarbon_j: float, raw_j: float, duration_s: float) -> None:
        allowed_j = max(_COUNTER_AGREEMENT, _COUNTER_TICK_S / duration_s) * abs(raw_j)
        if abs(codecarbon_j - raw_j) > allowed_j:
            self._disagreement = RecordWarning(
                code="counter_disagrees",
                message=f"CodeCarbon read {codecarbon_j:.3f} J where the GPU's own counter rose by {raw_j:.3f} J",
                remedy="check that no other process drives this GPU and that one GPU is visible",
            )

    def describe(self) -> dict[str, Any]:
        """Modes, scope and TDP per component, and CodeCarbon's tracking mode."""
        methods, cpu = self._methods(), self._cpu()
        components: dict[str, Any] = {"cpu": {"method": methods["cpu"], "scope": "machine", "model": cpu._model}}
        if methods["cpu"] != "measured:rapl":
            source = "conf (meter.tdp_w)" if self._tdp_w else "CodeCarbon's table, or 4 W a thread for an unknown CPU"
            components["cpu"] |= {"scope": "this process and its children", "tdp_w": cpu._tdp, "tdp_source": source}
        if self._gpu:
            where = {"index": self._gpu.index, "uuid": self._gpu.uuid}
            components["gpu"] = {"method": methods["gpu"], "scope": "board", **where}
        mode = self._tracker._tracking_mode
        return {"name": "codecarbon", "tracking_mode": mode, "components": components, "ram": "excluded"}

    def warnings(self) -> list[RecordWarning]:
        """A disagreement seen, and the estimate named where it is the headline."""
        found = [self._disagreement] if self._disagreement else []
        if self._device == "cpu" and self._methods()["cpu"].startswith("estimated"):
            found.append(
                RecordWarning(
                    code="cpu_energy_estimated",
                    message="CPU energy is an estimate (CPU time x TDP): it ranks techniques by CPU time, not by power",
                    remedy="run on bare metal with readable RAPL files (python -m suite.doctor says how), or on a GPU",
                )
            )
        return found


class _Gpu:
    """The one GPU that torch uses, found in NVML by its UUID (NVML numbers all boards, torch the visible ones)."""

    def __init__(self) -> None:
        import pynvml
        import torch

        pynvml.nvmlInit()
        self._nvml = pynvml
        wanted = str(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid)
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            uuid = pynvml.nvmlDeviceGetUUID(handle)
            if wanted in uuid:
                self.index, self.uuid, self._handle = index, uuid, handle
                break
        else:
            raise ImpossibleOutput(f"NVML knows no GPU with torch's UUID {wanted}; MIG slices have no energy counter")
        self.has_counter = self.counter_mj() is not None

    def counter_mj(self) -> int | None:
        """The board's energy counter in millijoules; None where the board has none."""
        try:
            return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))
        except self._nvml.NVMLError:
            return None


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
        "force_mode_cpu_load": False, "allow_multiple_runs": True, "rapl_include_dram": False,
        "rapl_prefer_psys": False, "metadata": None,
    }  # fmt: skip
    return fixed | chosen
