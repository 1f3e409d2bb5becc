"""Which launcher a sweep asks for (``hydra/launcher=NAME``), its settings, and why some are refused."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from suite.config.compose import composed_with_hydra
from suite.config.overrides import parse
from suite.errors import InputError

BASIC = "basic"
GPUS = "gpus"
PACKAGES = {"submitit_slurm": "slurm", "ray": "ray"}
"""Launchers that reach other machines, and the optional dependencies that each needs."""

_MODULES = {
    "submitit_slurm": ("submitit", "hydra_plugins.hydra_submitit_launcher"),
    "ray": ("ray",),
}
_SPOILING = ("joblib", "submitit_local")


def launcher_of(points: Sequence[Sequence[str]]) -> str:
    """The launcher that the points' overrides name, ready to be used; ``basic`` where they name none.

    Raises:
        InputError: it is unknown, not installed, or would run points side by side on one device; or there are several.
    """
    names = sorted({_named(overrides) for overrides in points}) or [BASIC]
    if len(names) > 1:
        raise InputError("a sweep has one launcher", got=names, remedy="give one hydra/launcher=")
    name = names[0]
    if name in _SPOILING:
        raise InputError(
            "this launcher runs points side by side on one device, where each would be charged for the energy and"
            " slowed by the load of the others",
            got=f"hydra/launcher={name}",
            remedy=f"leave it out, or take {GPUS} for several GPUs, submitit_slurm or ray for a cluster",
        )
    if name not in (BASIC, GPUS, *PACKAGES):
        known = ", ".join((BASIC, GPUS, *PACKAGES))
        raise InputError("unknown launcher", got=f"hydra/launcher={name}", remedy=f"choose one of {known}")
    absent = [module for module in _MODULES.get(name, ()) if not _installed(module)]
    if absent:
        remedy = f".venv/bin/pip install --constraint constraints.txt --editable '.[{PACKAGES[name]}]'"
        raise InputError(f"this launcher needs {' and '.join(absent)}", got=f"hydra/launcher={name}", remedy=remedy)
    return name


def settings_of(overrides: Sequence[str]) -> dict[str, Any]:
    """The launcher's own settings, ``hydra.launcher.*``, resolved; for overrides that have been composed before."""
    config, _ = composed_with_hydra(overrides)
    settings = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    assert isinstance(settings, dict)
    return {str(key): value for key, value in settings.items() if key != "_target_"}


def sets(overrides: Sequence[str], key: str) -> bool:
    """Whether the overrides themselves give ``key`` a value."""
    return any(override.get_key_element().lstrip("+") == key for override in parse(overrides))


def _named(overrides: Sequence[str]) -> str:
    names = [
        str(override.value())
        for override in parse(overrides)
        if override.get_key_element().lstrip("+") == "hydra/launcher"
    ]
    return names[-1] if names else BASIC


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is absent
        return False
