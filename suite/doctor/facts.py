"""What the doctor finds out. Each function asks one thing and returns plain data, ready for JSON."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.checkpoints import hub
from suite.checkpoints.weights_hash import state_of
from suite.doctor.task_facts import tasks
from suite.doctor.technique_needs import techniques
from suite.doctor.technique_tasks import matrix
from suite.errors import ImpossibleOutput, InputError
from suite.io.redaction import redacted
from suite.machine import environment
from suite.machine.rapl import POWERCAP, packages, unreadable
from suite.plugins.conf_folders import conf_folders
from suite.text.numbers import counted

Facts = dict[str, Any]


def gather(root: Path, search_path: Sequence[str] = ()) -> Facts:
    """Everything, for the checkout at ``root``.

    Args:
        root: holds ``models/`` and ``conf/``.
        search_path: entries of ``hydra.searchpath``, for techniques outside of this suite.

    Raises:
        InputError: the search path leads nowhere, or a technique's yaml cannot be read.
    """
    import pynvml

    folders = conf_folders(search_path)  # what may be wrong comes before what takes long
    cuda = cuda_support()
    device = "cuda" if cuda["usable"] else "cpu"
    return {
        "hardware": environment.hardware(device),
        "platform": platform.platform(),
        "driver": environment.driver(),
        "cuda": cuda,
        "gpus": gpus(pynvml),
        "meters": meters(device, rapl(POWERCAP)),
        "techniques": techniques(folders, cuda),
        "tasks": tasks(search_path),
        "technique_tasks": matrix(search_path),
        "hub": hub_state(),
        "models": embedded_models(root / "models", root / "conf" / "model"),
        "disk": disk([root, cache_folder()]),
        "python": platform.python_version(),
        "packages": environment.packages(),
        "git_revision": environment.git_revision(),
    }


def cuda_support() -> Facts:
    """Can torch use CUDA, with which compute capability, and if not, why."""
    import torch

    if torch.cuda.is_available():
        return {"usable": True, "reason": None, "capability": list(torch.cuda.get_device_capability())}
    built = torch.version.cuda is not None
    reason = "no usable NVIDIA GPU and driver" if built else "this torch is built without CUDA"
    return {"usable": False, "reason": reason, "capability": None}


def gpus(nvml: Any) -> list[Facts]:
    """Every board that NVML knows, and who else computes on it.

    Args:
        nvml: the ``pynvml`` module.
    """
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return []  # no driver, no board
    try:
        return [_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount())]
    finally:
        nvml.nvmlShutdown()


def _gpu(nvml: Any, index: int) -> Facts:
    board = nvml.nvmlDeviceGetHandleByIndex(index)

    def ask(question: Any, *words: Any) -> Any:
        try:
            return question(board, *words)
        except nvml.NVMLError:
            return None

    memory, limit = ask(nvml.nvmlDeviceGetMemoryInfo), ask(nvml.nvmlDeviceGetEnforcedPowerLimit)
    capability = ask(nvml.nvmlDeviceGetCudaComputeCapability)
    others = [process for process in ask(nvml.nvmlDeviceGetComputeRunningProcesses) or [] if process.pid != os.getpid()]
    return {
        "index": index,
        "name": ask(nvml.nvmlDeviceGetName),
        "uuid": ask(nvml.nvmlDeviceGetUUID),
        "driver": nvml.nvmlSystemGetDriverVersion(),
        "capability": list(capability) if capability else None,
        "memory_bytes": memory.total if memory else None,
        "memory_used_bytes": memory.used if memory else None,
        "power_limit_w": limit / 1000 if limit is not None else None,
        "energy_counter": ask(nvml.nvmlDeviceGetTotalEnergyConsumption) is not None,
        "other_processes": [{"pid": process.pid, "memory_bytes": process.usedGpuMemory} for process in others],
    }


def rapl(powercap: Path) -> Facts:
    """Can the CPU's energy counters be read? ``state`` is ``readable``, ``unreadable`` or ``absent``."""
    found, closed = packages(powercap), unreadable(powercap)
    if not found:
        return {
            "state": "absent",
            "reason": "the system has no RAPL counters, as is usual in virtual machines and containers",
            "remedy": "measure on bare metal (on AMD with Linux 5.8 or newer), or on a GPU",
        }
    if closed:
        return {
            "state": "unreadable",
            "reason": f"{len(closed)} of {len(found)} RAPL counters ({', '.join(closed)} in {powercap}) may be read by "
            "root only (since CVE-2020-8694), and some of the processors' energy is no figure",
            "remedy": f"sudo chmod a+r {powercap}/intel-rapl*:*/energy_uj (until the next boot)",
        }
    return {
        "state": "readable",
        "reason": f"{counted(str(len(found)), 'RAPL counter', 'RAPL counters')} in {powercap}",
        "remedy": None,
    }


def meters(device: str, counters: Facts) -> list[Facts]:
    """Which component is measured and which is estimated, as the suite's own meter says once it is open."""
    from suite.meters.codecarbon import CodeCarbon

    try:
        meter = CodeCarbon(tdp_w=None).open(device)
    except (ImpossibleOutput, InputError) as error:
        return [{"component": device, "method": None, "measured": False, "reason": str(error), "remedy": None}]
    try:
        components = meter.describe()["components"]
    finally:
        meter.close()
    found = [_cpu_meter(components["cpu"], counters)]
    if "gpu" in components:
        found.insert(0, _gpu_meter(components["gpu"]))
    reason = "nothing on the machine measures it; the meter's constant would be a guess"
    return [*found, {"component": "ram", "method": None, "measured": False, "reason": reason, "remedy": None}]


def _cpu_meter(component: Facts, counters: Facts) -> Facts:
    measured = component["method"].startswith("measured:")
    reason, remedy = counters["reason"], counters["remedy"]
    if not measured:
        reason += f"; so CPU time x TDP, {component['tdp_w']:g} W from {component['tdp_source']}"
    return {
        "component": "cpu",
        "method": component["method"],
        "measured": measured,
        "reason": reason,
        "remedy": None if measured else remedy,
    }


def _gpu_meter(component: Facts) -> Facts:
    counted = component["method"] == "measured:nvml_energy_counter"
    return {
        "component": "gpu",
        "method": component["method"],
        "measured": True,
        "reason": "the board's energy counter" if counted else "no energy counter: power is sampled ten times a second",
        "remedy": None if counted else "use windows of 2 s or more, or a board of the Volta generation or newer",
    }


def hub_state() -> Facts:
    """Does the model hub answer, and where is it?"""
    from huggingface_hub import constants

    with hub.quiet():
        reason = hub.reachable()
    return {"endpoint": redacted(constants.ENDPOINT), "reachable": reason is None, "reason": reason}


def embedded_models(folder: Path, conf: Path) -> list[Facts]:
    """State of each model that conf keeps in the checkout: ``ok``, ``missing``, ``damaged`` or ``no hash``."""
    from omegaconf import OmegaConf

    found = []
    for file in sorted(conf.glob("*.yaml")):
        path = OmegaConf.select(OmegaConf.load(file), "path")
        if isinstance(path, str) and path.startswith(f"{folder.name}/"):
            found.append({"name": file.stem, "path": path, "state": state_of(folder.parent / path)})
    return found


def cache_folder() -> Path:
    """Where models of the hub are kept."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def disk(folders: list[Path]) -> list[Facts]:
    """Free bytes where each folder is, or would be."""
    found = []
    for folder in folders:
        present = next(parent for parent in (folder, *folder.parents) if parent.exists())
        found.append({"folder": str(folder), "free_bytes": shutil.disk_usage(present).free})
    return found
