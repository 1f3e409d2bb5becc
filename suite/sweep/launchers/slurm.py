"""Slurm: each point a job of its own, submitted through submitit as elements of a job array.

submitit asks Slurm's accounting database how jobs fare, which many clusters do not run. Whether a job has ended is
asked of the queue here, and that every cluster has.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.sweep.launchers.outcome import Lost, Work

ARRAY_JOBS = 1000  # jobs of an array: Slurm allows fewer than MaxArraySize, 1001 where it is not configured
POLL_S = 5.0
GRACE_S = 20.0  # between the end of a job and its answer being seen on a shared file system
ENDED = (
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "REVOKED", "TIMEOUT",
)  # fmt: skip
"""States that a job does not leave (squeue(1), JOB STATE CODES). A preempted one is queued again."""
GONE = "gone from the queue"

_GPU_REQUESTS = ("gpus_per_node", "gpus_per_task", "gres")
_EVERY_QUEUE = (
    "nodes", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "timeout_min", "name",
    "stderr_to_stdout",
)  # fmt: skip
"""Settings that submitit knows for every queue; it wants the others called ``slurm_…``."""


def run(work: Work, arguments: Sequence[Any], settings: dict[str, Any]) -> Generator[tuple[int, Any], None, None]:
    """Submits a job a point and yields their answers as they end; leaving early cancels what is left.

    Args:
        work: done on the node.
        arguments: one a point.
        settings: of ``hydra/launcher=submitit_slurm``, completed by ``with_node_alone``.

    Raises:
        InputError: Slurm is not here or refuses the jobs.
    """
    jobs: dict[int, Any] = {}
    try:
        for first in range(0, len(arguments), ARRAY_JOBS):
            submitted = _submitted(work, arguments[first : first + ARRAY_JOBS], settings)
            jobs |= dict(enumerate(submitted, start=first))
        yield from _as_they_end(jobs)
    finally:
        _cancel([job.job_id for job in jobs.values()])


def with_node_alone(settings: dict[str, Any], device: str) -> dict[str, Any]:
    """``settings`` so that nothing else runs where a point is measured.

    On a CPU the job gets its node for itself, unless ``additional_parameters.exclusive`` says otherwise; on CUDA it
    asks for one GPU, unless the settings ask for GPUs.
    """
    more = dict(settings["additional_parameters"])
    changed: dict[str, Any] = {}
    if device == "cpu":
        more.setdefault("exclusive", True)
    elif not any(settings[name] for name in _GPU_REQUESTS):
        changed["gpus_per_node"] = 1
    changed["additional_parameters"] = {name: value for name, value in more.items() if value is not False}
    return settings | changed


def _submitted(work: Work, arguments: Sequence[Any], settings: dict[str, Any]) -> list[Any]:
    import submitit
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    if shutil.which("sbatch") is None:
        raise InputError("Slurm is not here", got="no sbatch on PATH", remedy="submit from a login node of the cluster")
    own = {name: value for name, value in settings.items() if name not in ("submitit_folder", "max_num_timeout")}
    executor = submitit.AutoExecutor(
        folder=Path(settings["submitit_folder"]).absolute(),
        cluster="slurm",
        slurm_max_num_timeout=settings["max_num_timeout"],
    )
    executor.update_parameters(
        **{name if name in _EVERY_QUEUE else f"slurm_{name}": value for name, value in own.items() if value is not None}
    )
    try:
        return list(executor.map_array(work, arguments))
    except (FailedJobError, FailedSubmissionError) as error:
        said = " ".join(str(error).split())[-300:]
        raise InputError(f"Slurm refuses the jobs ({said})", got=own, remedy="change hydra.launcher.*") from error


def _as_they_end(jobs: dict[int, Any]) -> Generator[tuple[int, Any], None, None]:
    """Yields the answer of each job that has ended, and takes the job out of ``jobs``."""
    ended: dict[int, tuple[float, str]] = {}
    while jobs:
        states = queue_states()
        for number, job in list(jobs.items()):
            if _has_answer(job):
                answer = _answer(job)
            elif states is None or states.get(job.job_id, GONE) not in (*ENDED, GONE):
                continue
            else:
                since_s, state = ended.setdefault(number, (time.monotonic(), states.get(job.job_id, GONE)))
                if time.monotonic() - since_s < GRACE_S:
                    continue
                answer = _lost(job.job_id, state, job.paths.stderr)
            del jobs[number]
            yield number, answer
        time.sleep(POLL_S if jobs else 0)


def queue_states() -> dict[str, str] | None:
    """State of each of my jobs that Slurm still knows, by job id (``12_3`` in an array); None if it does not answer."""
    command = [shutil.which("squeue") or "squeue", "--me", "--array", "--noheader", "--states=all", "--format=%i %T"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return dict(line.split(maxsplit=1) for line in listed.splitlines())


def _has_answer(job: Any) -> bool:
    with contextlib.suppress(OSError):  # touching the folder makes a network file system look again
        job.paths.folder.chmod(job.paths.folder.stat().st_mode)
    return bool(job.paths.result_pickle.exists())


def _answer(job: Any) -> Any:
    from submitit.core.utils import FailedJobError, UncompletedJobError

    try:
        return job.result()
    except (FailedJobError, UncompletedJobError) as error:
        trace = str(error).split("-" * 22)
        last = trace[1].strip().splitlines()[-1] if len(trace) > 1 else str(error)
        # submitit's own words where Slurm's warning of the time limit (USR1) has ended the work
        kind = "timeout" if "timed-out" in last else "crashed"
        return Lost(kind=kind, message=f"Slurm job {job.job_id} ended with {last}; its log: {job.paths.stderr.name}")


def _lost(job_id: str, state: str, log: Path) -> Lost:
    """What a job that left no answer is recorded as; ``kind`` is Slurm's state where that says why."""
    kind = "crashed" if state in ("COMPLETED", "FAILED", GONE) else state.lower()
    return Lost(kind=kind, message=f"Slurm job {job_id} ended ({state}) and left no answer; its log: {log.name}")


def _cancel(job_ids: Sequence[str]) -> None:
    scancel = shutil.which("scancel")
    if job_ids and scancel is not None:
        subprocess.run([scancel, *job_ids], check=False, capture_output=True, timeout=60)  # noqa: S603
