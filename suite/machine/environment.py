"""What a record says of the machine and the software it was measured with."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import torch

from suite.errors import InputError
from suite.io.paths import CHECKOUT, CONF
from suite.machine.openmp import wait_policy
from suite.machine.which_gpu import name_before_work
from suite.plugins.cards import read_card
from suite.plugins.conf_folders import techniques
from suite.plugins.requires import Requires

CORE_PACKAGES = (
    "torch", "transformers", "accelerate", "optimum", "codecarbon", "hydra-core", "numpy", "scikit-learn", "babel",
)  # fmt: skip
"""Those behind every point. What techniques bring along stands in their ``requires``."""


def describe(device: str, used: Iterable[Requires] = ()) -> dict[str, Any]:
    """Hardware, driver, packages and revision.

    Args:
        device: ``cpu`` or ``cuda``: which of them does the work.
        used: requirements of the techniques that are used, which may be of another package than this suite.
    """
    return {
        "hardware": hardware(device),
        "driver": driver(),
        "packages": packages(used),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "openmp_wait_policy": wait_policy(),
        "git_revision": git_revision(),
    }


def hardware(device: str) -> dict[str, Any]:
    """Names and sizes; ``name`` is what groups results: the GPU where it did the work, else the CPU."""
    cpu = cpu_model()
    gpu = name_before_work() if torch.cuda.is_available() else None
    return {
        "name": gpu if device == "cuda" and gpu else f"{cpu}, {os.cpu_count()} logical CPUs",
        "cpu": cpu,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpu": gpu,
        "gpu_count": torch.cuda.device_count(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


@functools.cache
def cpu_model() -> str:
    """The processor's marketing name as the kernel has it, else what the platform says."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def driver() -> dict[str, str]:
    """Versions of the NVIDIA driver and CUDA; empty without a GPU."""
    if not torch.cuda.is_available():
        return {}
    import pynvml

    pynvml.nvmlInit()
    return {"nvidia": pynvml.nvmlSystemGetDriverVersion(), "cuda": str(torch.version.cuda)}


def packages(used: Iterable[Requires] = ()) -> dict[str, str]:
    """Versions of the packages that can change a figure; one that is not installed is absent.

    They are those of the core, of every technique of this suite, and of the techniques that are ``used``.
    """
    versions = {name: installed_version(name) for name in (*needed_packages(used), *_packages_of_techniques())}
    return {name: version for name, version in versions.items() if version is not None}


def needed_packages(used: Iterable[Requires]) -> tuple[str, ...]:
    """Names of the packages that the figures of a point with the techniques ``used`` depend on."""
    return (*CORE_PACKAGES, *(name for requires in used for name in requires.packages.values()))


@functools.cache
def installed_version(name: str) -> str | None:
    """Version of the distribution ``name`` on this machine; None where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _packages_of_techniques() -> tuple[str, ...]:
    found: dict[str, None] = {}
    for settings in techniques([CONF]).values():
        with contextlib.suppress(InputError):  # a technique that cannot be read cannot be used either
            found |= dict.fromkeys(read_card(str(settings["_target_"])).requires.packages.values())
    return tuple(found)


@functools.cache
def git_revision() -> str | None:
    """The checkout's commit, with ``+changes`` where tracked files differ from it; None outside a checkout.

    A package that is installed below somebody's own repository is no checkout of this project.
    """
    folder = CHECKOUT
    if not (folder / ".git").exists():
        return None
    try:
        revision = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return revision + ("+changes" if changed else "")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603
