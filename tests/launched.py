"""Work that tests hand to launchers; importable on the node."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path


def answer(how: str) -> tuple[str, str | None]:
    """Returns, or ends as ``how`` says."""
    if how == "raise":
        raise RuntimeError("the node has no such library")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "cancel":
        array, task = os.environ["SLURM_ARRAY_JOB_ID"], os.environ["SLURM_ARRAY_TASK_ID"]
        subprocess.run(["scancel", f"{array}_{task}"], check=True)
        time.sleep(600)  # goes on after SIGTERM, as a busy library would
    return how, os.environ.get("CUDA_VISIBLE_DEVICES")


def meet(folder: Path) -> str:
    """Waits until the work of another worker is here too; returns the GPU that this one sees."""
    mine = os.environ["CUDA_VISIBLE_DEVICES"]
    (folder / mine).touch()
    while len(list(folder.iterdir())) < 2:
        pass
    return mine


def threads(_: object) -> str | None:
    """What decides the number of threads of the work's libraries."""
    return os.environ.get("OMP_NUM_THREADS")
