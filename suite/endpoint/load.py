"""Load: puts requests to a server as a workload says, and has its steady state metered."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from suite.core.meter import OpenMeter, Readings
from suite.endpoint.answer import Answer
from suite.endpoint.client import Client, Noted

Arrivals = Literal["closed", "poisson", "fixed", "listed"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Load:
    """How requests arrive.

    Attributes:
        arrivals: ``closed``: ``concurrency`` requests at a time, the next when one is answered; ``poisson`` (gaps drawn
            from an exponential law), ``fixed`` (equal gaps), ``listed`` (at the moments of ``listed_s``).
        concurrency: requests at a time; whatever the arrivals, so many requests are ramp-up and so many are drain.
        rate_per_s: requests that arrive in a second; None for ``closed`` and ``listed``.
        listed_s: seconds from the start of a run at which its requests arrive, rising; empty unless ``listed``.
        seed: draws the gaps.
    """

    arrivals: Arrivals
    concurrency: int
    rate_per_s: float | None
    listed_s: tuple[float, ...]
    seed: int

    def arrivals_s(self, count: int) -> list[float] | None:
        """Seconds from the start at which ``count`` requests arrive; None where the next waits for an answer.

        A list that is shorter is gone through again, each time as long after its end as its mean gap.
        """
        if self.arrivals == "closed":
            return None
        if self.arrivals == "listed":
            return [at_s for _, at_s in zip(range(count), self._listed(), strict=False)]
        assert self.rate_per_s is not None
        drawn = random.Random(self.seed)
        gaps = [1.0 if self.arrivals == "fixed" else drawn.expovariate(1.0) for _ in range(count)]
        scale = count / self.rate_per_s / math.fsum(gaps)  # exactly the rate that was asked for
        return list(itertools.accumulate(gap * scale for gap in gaps))

    def _listed(self) -> Any:
        length_s = self.listed_s[-1] * (1 + 1 / len(self.listed_s))
        for turn in itertools.count():
            yield from (turn * length_s + at_s for at_s in self.listed_s)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a load.

    Attributes:
        answers: to all requests, in the order in which they were put.
        from_s: when the steady state began: the first requests, as many as run at a time, had all given a token.
        to_s: when it ended: no more requests than run at a time were left.
        readings: of that time; without energy where no meter sees the server.
    """

    answers: tuple[Answer, ...]
    from_s: float
    to_s: float
    readings: Readings


def run(client: Client, prompts: Sequence[str], load: Load, meter: OpenMeter | None) -> Run:
    """Puts ``prompts`` to the client's server and waits for all answers.

    Args:
        client: asks the server.
        prompts: more than twice as many as run at a time.
        load: how they arrive.
        meter: sees the server; None: nothing does.

    Raises:
        ServerFailed: a request failed. The others are given up.
        ImpossibleOutput: the meter says so.
    """
    return asyncio.run(_run(client, prompts, load, meter))


def ask_all(client: Client, prompts: Sequence[str], concurrency: int) -> list[Answer]:
    """Answers to ``prompts`` in order, ``concurrency`` at a time, unmetered.

    Raises:
        ServerFailed: a request failed.
    """
    load = Load(arrivals="closed", concurrency=concurrency, rate_per_s=None, listed_s=(), seed=0)
    return asyncio.run(_answers(client, prompts, load, _Edges(concurrency, len(prompts))))


class _Edges:
    """Knows when the steady state begins and ends."""

    def __init__(self, concurrency: int, count: int) -> None:
        self._concurrency, self._left = concurrency, count
        self._started = 0
        self.begun, self.over = asyncio.Event(), asyncio.Event()

    def first_token_of(self, index: int) -> Noted:
        """To be called when request ``index`` has given a token."""
        return self._one_started if index < self._concurrency else _not_of_the_first

    def _one_started(self) -> None:
        self._started += 1
        if self._started == self._concurrency:
            self.begun.set()

    def one_answered(self) -> None:
        """A request is complete."""
        self._left -= 1
        if self._left <= self._concurrency:
            self.over.set()


def _not_of_the_first() -> None:
    """A later request, whose first token begins nothing."""


async def _run(client: Client, prompts: Sequence[str], load: Load, meter: OpenMeter | None) -> Run:
    edges = _Edges(load.concurrency, len(prompts))
    metered, answers = await _together(_metered(edges, meter), _answers(client, prompts, load, edges))
    from_s, to_s, readings = metered
    return Run(answers=tuple(answers), from_s=from_s, to_s=to_s, readings=readings)


async def _metered(edges: _Edges, meter: OpenMeter | None) -> tuple[float, float, Readings]:
    """Opens the window as the steady state begins and closes it as it ends, in a thread: answers come meanwhile."""
    await edges.begun.wait()
    token = await asyncio.to_thread(meter.start) if meter else None
    from_s = time.perf_counter()
    await edges.over.wait()
    to_s = time.perf_counter()
    if meter is None:
        return from_s, to_s, Readings(duration_s=to_s - from_s, energy_j={}, method={})
    return from_s, to_s, await asyncio.to_thread(meter.stop, token)


async def _answers(client: Client, prompts: Sequence[str], load: Load, edges: _Edges) -> list[Answer]:
    arrivals_s = load.arrivals_s(len(prompts))
    async with client.session() as session:

        async def one(index: int, due_s: float) -> Answer:
            noted = edges.first_token_of(index)
            answer = await client.ask(session, prompts[index], due_s=due_s, first_token=noted)
            edges.one_answered()
            return answer

        if arrivals_s is None:
            return await _closed(one, len(prompts), load.concurrency)
        return await _paced(one, arrivals_s)


async def _closed(one: Callable[[int, float], Any], count: int, concurrency: int) -> list[Answer]:
    found: dict[int, Answer] = {}
    numbers = iter(range(count))

    async def worker() -> None:
        for index in numbers:
            found[index] = await one(index, time.perf_counter())

    await _together(*(worker() for _ in range(min(concurrency, count))))
    return [found[index] for index in range(count)]


async def _paced(one: Callable[[int, float], Any], arrivals_s: Sequence[float]) -> list[Answer]:
    began_s = time.perf_counter()

    async def arriving(index: int, due_s: float) -> Any:
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        return await one(index, due_s)

    return await _together(*(arriving(index, began_s + at_s) for index, at_s in enumerate(arrivals_s)))


async def _together(*parts: Any) -> list[Any]:
    """All results, in order; the first error ends the rest."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part) for part in parts]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
