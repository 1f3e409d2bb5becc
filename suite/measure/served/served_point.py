"""Measures one point whose arms are servers: the same blocks, record and stopping rule as for a model loaded here."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from suite.config.plan import Plan
from suite.core.protocol import Protocol
from suite.core.task import cycle
from suite.endpoint import prompts as served_prompts
from suite.endpoint.answer import Answer
from suite.endpoint.load import Load
from suite.endpoint.prompts import Prompt
from suite.endpoint.served_model import Endpoints
from suite.endpoint.served_workload import ServedWorkload
from suite.errors import NotApplicable
from suite.machine.which_gpu import FIRST_BOARD, visible_uuids
from suite.measure.block_limits import Limits
from suite.measure.blocks import ORDERS, blocks_left_s, is_narrow, measure_blocks
from suite.measure.draft import Draft, Measured
from suite.measure.idle import idle_power, mean_idle
from suite.measure.observer import Observer
from suite.measure.scores import check_gate
from suite.measure.served.served_arm import ServedArm, is_metered, requests_a_window, served_arm
from suite.record.schema import Arm, Denominator, Idle, RecordWarning, Scores, Window
from suite.stats import cross_checks
from suite.stats.denominator import as_compared
from suite.stats.prefill_decode import ARMS


@dataclasses.dataclass(frozen=True, kw_only=True)
class _ServedBlocks:
    """Blocks of windows of two servers.

    Attributes:
        arms: both.
        load: of a window.
        prompts: the whole list, which blocks go on in.
        requests: of a window.
        seconds_per_request: of both arms, as the warm-up found it.
        protocol: when to stop.
        limits: when to stop though the protocol would go on.
        device: ``cpu`` or ``cuda``.
        denominator: by what energies are compared.
    """

    arms: dict[Arm, ServedArm]
    load: Load
    prompts: tuple[Prompt, ...]
    requests: int
    seconds_per_request: dict[Arm, float]
    protocol: Protocol
    limits: Limits
    device: str
    denominator: Denominator

    @property
    def is_metered(self) -> bool:
        """Whether both arms' energy is read."""
        return all(is_metered(arm) for arm in self.arms.values())

    def is_known(self, windows: list[Window]) -> bool:
        """Whether the ratio is known well enough; never where no energy is."""
        return self.is_metered and is_narrow(as_compared(windows, self.denominator), self.protocol, self.device)

    def left_s(self, done: int) -> tuple[float, float]:
        """Seconds until the fewest and the most blocks are measured, where ``done`` are."""
        each_s = 2 * self.requests * math.fsum(self.seconds_per_request.values())
        return blocks_left_s(self, done, each_s)

    def windows_of(self, block: int, draft: Measured) -> Iterator[tuple[list[Window], Window]]:
        """ABBA, or BAAB in every other block; all four windows put the same prompts.

        Raises:
            ServerFailed: a request failed.
            ImpossibleOutput: the readings or the work cannot be.
        """
        asked = self.asked(block)
        for name in ORDERS[block % 2]:
            yield draft.windows, self.arms[name].window(asked, self.load, block)

    def asked(self, block: int) -> list[str]:
        """The prompts of a block's windows: listed arrivals begin with the first, others where the last block ended."""
        first = 0 if self.load.arrivals == "listed" else block * self.requests
        return [each.text for each in cycle(self.prompts, first + self.requests)[first:]]


def measure_served(draft: Draft, observer: Observer, limits: Limits) -> None:
    """Starts or finds both servers, scores them, and measures blocks of windows of both into ``draft``.

    Raises:
        InputError, NotApplicable: a server cannot be started as it is described.
        ServerFailed: one did not start, failed or ended; what was measured before is in ``draft``.
        ImpossibleOutput: the readings or the work cannot be.
        LosesTooMuch: the candidate scores worse than the gate allows.
    """
    plan = draft.plan
    workload, _ = _served(plan)
    asked = workload.asked(plan.task)
    with contextlib.ExitStack() as running:
        arms: dict[Arm, ServedArm] = {}
        for name in ARMS:
            observer.stage(f"waiting for the {name}'s server")
            arms[name] = running.enter_context(_arm(plan, name, arms))
        draft.environment = {"meter": _meter_facts(arms), "servers": _server_facts(arms)}
        draft.pairing = "resident"
        for warning in _unmetered(arms):
            draft.warn(warning)
        observer.progress(draft)
        observer.stage("scoring")
        draft.scores = _scores(plan, arms, asked)
        check_gate(draft.scores, plan.protocol.score_gate)
        _measure_windows(draft, observer, limits, arms, asked)
        draft.environment = draft.environment | {"meter": _meter_facts(arms)}


def _served(plan: Plan) -> tuple[ServedWorkload, Endpoints]:
    """The workload and the servers of a plan that has some."""
    assert isinstance(plan.workload, ServedWorkload)
    assert plan.endpoints is not None
    return plan.workload, plan.endpoints


@contextlib.contextmanager
def _arm(plan: Plan, name: Arm, before: dict[Arm, ServedArm]) -> Iterator[ServedArm]:
    """The arm of that name; one without a server of its own is asked of the baseline's, among ``before``."""
    workload, endpoints = _served(plan)
    served = endpoints.baseline if name == "baseline" else endpoints.candidate
    if name == "candidate" and endpoints.shares_server:
        baseline = before["baseline"]
        client = dataclasses.replace(baseline.client, model=served.model or baseline.client.model)
        yield dataclasses.replace(baseline, name=name, client=client)
        return
    log = plan.run_folder / "logs" / f"{plan.point.point_id}-{name}-server.log"
    with served_arm(
        name,
        served,
        endpoints,
        new_tokens=workload.new_tokens,
        meter=plan.meter,
        device=plan.point.device,
        boards=_boards(plan),
        log=log,
    ) as arm:
        yield arm


def _boards(plan: Plan) -> Sequence[int]:
    """The GPU that is visible, or all where models are spread: a server places its model by itself.

    Raises:
        NotApplicable: several are visible, and nothing says which the servers use.
    """
    if plan.point.device != "cuda":
        return FIRST_BOARD
    count = len(visible_uuids())
    if count > 1 and plan.point.device_map is None:
        raise NotApplicable(
            f"{count} GPUs are visible, and which of them a server uses cannot be seen from here: name one by"
            " CUDA_VISIBLE_DEVICES, or have all counted by device_map=auto"
        )
    return range(count)


def _meter_facts(arms: dict[Arm, ServedArm]) -> dict[str, Any]:
    """What the meters say of themselves, without components that they read of something else."""
    for arm in arms.values():
        if arm.meter is not None:
            facts = arm.meter.describe()
            components = {name: part for name, part in facts["components"].items() if name not in arm.unseen}
            return facts | {"components": components}
    return {"name": "none", "components": {}}


def _server_facts(arms: dict[Arm, ServedArm]) -> dict[str, Any]:
    return {
        name: {
            "url": arm.client.base_url,
            "model": arm.client.model,
            "api": arm.client.api,
            "started_here": arm.process is not None,
            "energy_is_read": is_metered(arm),
        }
        for name, arm in arms.items()
    }


def _unmetered(arms: dict[Arm, ServedArm]) -> Iterator[RecordWarning]:
    for name, arm in arms.items():
        if not is_metered(arm):
            elsewhere = arm.meter is None
            where = "runs on another machine" if elsewhere else "is a process whose number is not known"
            yield RecordWarning(
                code="energy_not_read",
                message=f"the {name}'s server {where}: its energy is absent, and with it the ratio",
                remedy="run this command on the machine of the servers"
                if elsewhere
                else f"give endpoint.{name}.pid, or let the suite start it (endpoint.{name}.engine or .command)",
            )


def _scores(plan: Plan, arms: dict[Arm, ServedArm], asked: tuple[Prompt, ...]) -> Scores | None:
    """Of both arms on the prompts that have answers; None where none has."""
    workload, _ = _served(plan)
    every = served_prompts.scored(asked, workload.metric)
    items = every[: plan.protocol.max_scored]
    if not items:
        return None
    assert workload.prompts is not None  # texts of a task have no answers
    found = {name: _scores_of(arm, items, workload) for name, arm in arms.items()}
    return Scores(
        metric=workload.metric,
        higher_is_better=True,
        baseline=found["baseline"],
        candidate=found["candidate"],
        chance=served_prompts.chance(items, workload.metric),
        scored_from=f"{len(items)} of {len(every)} items of {Path(workload.prompts).name}",
    )


def _scores_of(arm: ServedArm, items: Sequence[Prompt], workload: ServedWorkload) -> list[float]:
    answers = arm.ask_all([item.text for item in items], workload.concurrency)
    return [
        served_prompts.score(item, answer.text, workload.metric) for item, answer in zip(items, answers, strict=True)
    ]


def _measure_windows(
    draft: Draft, observer: Observer, limits: Limits, arms: dict[Arm, ServedArm], asked: tuple[Prompt, ...]
) -> None:
    plan, protocol = draft.plan, draft.plan.protocol
    load = _served(plan)[0].load(asked, plan.seed)
    before = _idle(arms, protocol, observer)
    seconds: dict[Arm, float] = {}
    draft.denominator = "token"
    for name, arm in arms.items():
        observer.stage(f"warming up the {name}")
        seconds[name], answers = _warmed_up(arm, [each.text for each in asked], load, protocol, draft)
        if name == "baseline":
            draft.prompt_tokens_per_query = _prompt_tokens(answers)
        if not all(answer.is_counted for answer in answers):  # chunks of two servers may hold unequal numbers of tokens
            draft.denominator = "query"
            draft.warn(_not_counted(name))
    arms = _interpolated(arms, [each.text for each in cycle(asked, 2 * load.concurrency + 1)], load, plan.scores_folder)
    blocks = _blocks(draft, arms, load, asked, seconds, limits)
    try:
        measure_blocks(blocks, draft, observer)
        measured = len({window.block for window in draft.windows})
        draft.distinct_queries = min(len(asked), blocks.requests * (1 if load.arrivals == "listed" else measured))
        draft.idle = mean_idle(before, _idle(arms, protocol, observer))
    finally:  # what was measured before an error is checked as well
        facts = _meter_facts(arms)
        draft.warnings += cross_checks.warnings_of(draft.windows, draft.idle, facts, pairing=draft.pairing)
        draft.warnings += plan.workload.warnings(draft.windows)
    if not draft.converged and blocks.is_metered:
        count = 1 + max(window.block for window in draft.windows)
        target = protocol.target_half_width[plan.point.device]
        draft.warn(cross_checks.not_converged(count, target, stopped_early=count < protocol.max_blocks))


def _interpolated(arms: dict[Arm, ServedArm], prompts: list[str], load: Load, shared: Path) -> dict[Arm, ServedArm]:
    """Both arms, with the energy between the steps of the board's counter where it has one without lag.

    The board is the same for both arms, so one watch of its steps, made under the baseline's load, is enough.
    """
    baseline = arms["baseline"]
    if baseline.meter is None:
        return arms
    ticker = baseline.meter.ticker(lambda: _asked_again(baseline, prompts, load), shared=shared)
    found = ticker.interpolation if ticker else None
    return {name: dataclasses.replace(arm, interpolation=found if arm.meter else None) for name, arm in arms.items()}


def _asked_again(arm: ServedArm, prompts: list[str], load: Load) -> None:
    arm.run(prompts, load, metered=False)


def _blocks(
    draft: Draft,
    arms: dict[Arm, ServedArm],
    load: Load,
    asked: tuple[Prompt, ...],
    seconds: dict[Arm, float],
    limits: Limits,
) -> _ServedBlocks:
    plan, protocol = draft.plan, draft.plan.protocol
    requests = _served(plan)[0].requests or requests_a_window(
        list(seconds.values()),
        concurrency=load.concurrency,
        window_s=protocol.window_s[plan.point.device],
        least=protocol.window_queries,
    )
    blocks = _ServedBlocks(
        arms=arms,
        load=load,
        prompts=asked,
        requests=requests,
        seconds_per_request=seconds,
        protocol=protocol,
        limits=limits,
        device=plan.point.device,
        denominator=draft.denominator,
    )
    if blocks.is_metered:
        return blocks
    fewest = min(protocol.min_blocks, limits.most_blocks or protocol.min_blocks)  # more would make no ratio known
    return dataclasses.replace(blocks, limits=dataclasses.replace(limits, most_blocks=fewest))


def _idle(arms: dict[Arm, ServedArm], protocol: Protocol, observer: Observer) -> Idle | None:
    """Power with both servers there and neither asked, where it is measured."""
    meter = arms["baseline"].meter
    return None if meter is None else idle_power(protocol, meter, observer.stage)


def _warmed_up(
    arm: ServedArm, texts: list[str], load: Load, protocol: Protocol, draft: Draft
) -> tuple[float, list[Answer]]:
    """Runs the load until three runs in a row take as long a request; seconds a request, and all answers."""
    slopes: list[float] = []
    answers: list[Answer] = []
    count, began_s = 2 * load.concurrency + 1, time.perf_counter()
    while True:
        run_began_s = time.perf_counter()
        answers += arm.run(cycle(texts, count), load, metered=False).answers
        took_s = time.perf_counter() - run_began_s
        if took_s >= 0.5 * protocol.warmup_slope_s:  # else ramp-up and drain are most of it
            slopes.append(took_s / count)
        spent_s = time.perf_counter() - began_s
        steady = len(slopes) >= 3 and max(slopes[-3:]) <= min(slopes[-3:]) * (1 + protocol.warmup_tolerance)
        if steady and spent_s >= protocol.warmup_min_s:
            return slopes[-1], answers
        if spent_s >= protocol.warmup_max_s and slopes:
            if len(slopes) >= 3 and not steady:
                spread = max(slopes[-3:]) / min(slopes[-3:]) - 1
                draft.warn(cross_checks.not_steady(arm.name, spread, protocol.warmup_max_s))
            return slopes[-1], answers
        count = max(2 * load.concurrency + 1, math.ceil(count * protocol.warmup_slope_s / took_s))


def _prompt_tokens(answers: list[Answer]) -> float | None:
    counts = [answer.prompt_tokens for answer in answers if answer.prompt_tokens is not None]
    return fmean(counts) if counts and len(counts) == len(answers) else None


def _not_counted(name: Arm) -> RecordWarning:
    return RecordWarning(
        code="tokens_not_counted",
        message=f"the {name}'s server does not say how many tokens an answer has: each chunk counts as one, and"
        " energies are compared by request",
        remedy="use a server that sends usage (stream_options.include_usage)",
    )
