"""Hydra's basic launcher: one point after another on this machine, each with Hydra's own record of its job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, open_dict

from suite.config.compose import composed_with_hydra


class _NoCallbacks:
    """Hydra tells whoever has registered when a job starts and ends; here nobody has."""

    def on_job_start(self, **_: Any) -> None:
        """A job starts."""

    def on_job_end(self, **_: Any) -> None:
        """A job has ended."""


def run(jobs: Sequence[Sequence[str]], task: Callable[[int], None]) -> None:
    """Calls ``task`` with the number of each job, in order, while Hydra keeps its files of the job.

    Args:
        jobs: the overrides of each; those of the first also say where Hydra keeps its files.
        task: what a job does. What it raises is raised here, and no other job is started.
    """
    raised: list[Exception] = []

    def task_function(_: DictConfig) -> None:
        try:
            task(int(HydraConfig.get().job.num))
        except Exception as error:
            raised.append(error)  # Hydra hands it back only after it has printed it
            raise

    launcher = _launcher(jobs[0], task_function)
    for number, overrides in enumerate(jobs):
        launcher.launch([list(overrides)], initial_job_idx=number)
        if raised:
            raise raised[0]


def _launcher(overrides: Sequence[str], task_function: Callable[[DictConfig], None]) -> Launcher:
    """The launcher as Hydra's basic sweeper would make it; experiments are lists of points, not only products."""
    config, loader = composed_with_hydra(overrides)
    with open_dict(config):
        config.hydra.mode = RunMode.MULTIRUN
    HydraConfig.instance().set_config(config)
    callbacks: Any = _NoCallbacks()
    context = HydraContext(config_loader=loader, callbacks=callbacks)
    return Plugins.instance().instantiate_launcher(context, task_function, config)
