"""Ray: each point a task, one at a time on a node's processor, or one on each GPU.

Without ``init.address`` Ray starts on this machine for the time of the sweep.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import Any

from suite.errors import InputError
from suite.sweep.launchers.outcome import Lost, Work

_SETTLED = {
    "RAY_USAGE_STATS_ENABLED": "0",  # a measurement sends nothing to anybody
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a task without a GPU sees what its node shows, Ray's coming default
}


def run(work: Work, arguments: Sequence[Any], settings: dict[str, Any]) -> Generator[tuple[int, Any], None, None]:
    """Hands every point to Ray and yields their answers as they end; leaving early ends what is running.

    Args:
        work: done on the node.
        arguments: one a point.
        settings: ``device`` (cpu or cuda), ``init`` (arguments of ray.init), ``remote`` (options of a task).

    Raises:
        InputError: there is no such cluster, or none of its nodes has what a point needs.
    """
    for name, value in _SETTLED.items():
        os.environ.setdefault(name, value)
    import ray

    try:
        ray.init(**{name: value for name, value in settings["init"].items() if value is not None})
    except (ConnectionError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise InputError(
            f"Ray does not start ({said})", got=settings["init"], remedy="hydra.launcher.init.*"
        ) from error
    try:
        places = _places(settings["device"])
        task = ray.remote(_with_own_threads)
        threads = os.environ.get("OMP_NUM_THREADS")
        numbers = {
            task.options(**places[number % len(places)], max_retries=0, **settings["remote"]).remote(
                work, argument, threads
            ): number
            for number, argument in enumerate(arguments)
        }
        waiting = list(numbers)
        while waiting:
            (ended,), waiting = ray.wait(waiting, num_returns=1)
            yield numbers[ended], _answer(ended)
    finally:
        ray.shutdown()


def workers(settings: dict[str, Any], device: str) -> int | None:
    """How many points run at once; None for a cluster that is not started here, or whose GPUs Ray is to find."""
    init = settings["init"]
    at_once = 1 if device == "cpu" else init.get("num_gpus")
    return at_once if init.get("address") is None and isinstance(at_once, int) else None


def _places(device: str) -> list[dict[str, Any]]:
    """Options that keep points apart: a GPU for each, or all the processors of one node; points take turns on nodes.

    Raises:
        InputError: no node has a GPU.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = [node for node in ray.nodes() if node["Alive"]]
    if device == "cuda":
        if not any(node["Resources"].get("GPU") for node in nodes):
            raise InputError("no node of the Ray cluster has a GPU", got=f"device={device}", remedy="use device=cpu")
        return [{"num_gpus": 1}]
    return [
        {
            "num_cpus": node["Resources"]["CPU"],
            "scheduling_strategy": NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        }
        for node in nodes
        if node["Resources"].get("CPU")
    ]


def _with_own_threads(work: Work, argument: Any, threads: str | None) -> Any:
    """Undoes Ray's OMP_NUM_THREADS, the CPUs that a task asked for: a figure must not depend on the launcher."""
    os.environ.pop("OMP_NUM_THREADS", None)
    if threads is not None:
        os.environ["OMP_NUM_THREADS"] = threads
    return work(argument)


def _answer(ended: Any) -> Any:
    import ray
    from ray.exceptions import RayError

    try:
        return ray.get(ended)
    except RayError as error:
        return Lost(kind="crashed", message=f"Ray lost the point ({str(error).strip().splitlines()[0]})")
