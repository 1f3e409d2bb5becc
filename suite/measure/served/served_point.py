"""Measures one point whose arms are servers: the same blocks, record and stopping rule as for a model loaded here."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from suite.config.plan import Plan
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
from suite.measure.comparing import measure_to_the_end
from suite.measure.draft import Draft
from suite.measure.observer import Observer
from suite.measure.scores import check_gate
from suite.measure.served.served_arm import ServedArm, is_metered, requests_a_window, served_arm
from suite.measure.served.served_blocks import ServedBlocks, idle, interpolated, meter_facts
from suite.measure.served.served_warm_up import warm_up_server
from suite.record.schema import Arm, RecordWarning, Scores
from suite.stats.prefill_decode import ARMS


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
        draft.environment = {"meter": meter_facts(arms), "servers": _server_facts(arms)}
        draft.pairing = "resident"
        for warning in _unmetered(arms):
            draft.warn(warning)
        observer.progress(draft)
        observer.stage("scoring")
        draft.scores = _scores(plan, arms, asked)
        check_gate(draft.scores, plan.protocol.score_gate)
        _measure_windows(draft, observer, limits, arms, asked)
        draft.environment = draft.environment | {"meter": meter_facts(arms)}


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
    plan = draft.plan
    load = _served(plan)[0].load(asked, plan.seed)
    before = idle(arms, plan.protocol, observer.stage)
    seconds_per_request = _warmed_up(draft, observer, arms, asked, load)
    arms = interpolated(arms, [each.text for each in cycle(asked, 2 * load.concurrency + 1)], load, plan.scores_folder)
    blocks = ServedBlocks(
        arms=arms,
        load=load,
        prompts=asked,
        requests=_requests_a_window(plan, load, seconds_per_request),
        seconds_per_request=seconds_per_request,
        protocol=plan.protocol,
        limits=limits,
        device=plan.point.device,
        denominator=draft.denominator,
    )
    measure_to_the_end(blocks.worth_measuring(), draft, observer, before, warnings=plan.workload.warnings)
    measured = len({window.block for window in draft.windows})
    draft.distinct_queries = min(len(asked), blocks.requests * (1 if load.arrivals == "listed" else measured))


def _warmed_up(
    draft: Draft, observer: Observer, arms: dict[Arm, ServedArm], asked: tuple[Prompt, ...], load: Load
) -> dict[Arm, float]:
    """Seconds a request of both arms once they are steady; the draft learns whether they count tokens."""
    seconds_per_request: dict[Arm, float] = {}
    draft.denominator = "token"
    for name, arm in arms.items():
        observer.stage(f"warming up the {name}")
        found = warm_up_server(arm, [each.text for each in asked], load, draft.plan.protocol)
        draft.warn(found.warning)
        seconds_per_request[name] = found.seconds_per_request
        if name == "baseline":
            draft.prompt_tokens_per_query = _prompt_tokens(found.answers)
        if not all(answer.is_counted for answer in found.answers):  # chunks of two servers may hold unequal numbers
            draft.denominator = "query"
            draft.warn(_not_counted(name))
    return seconds_per_request


def _requests_a_window(plan: Plan, load: Load, seconds_per_request: dict[Arm, float]) -> int:
    return _served(plan)[0].requests or requests_a_window(
        list(seconds_per_request.values()),
        concurrency=load.concurrency,
        window_s=plan.protocol.window_s[plan.point.device],
        least=plan.protocol.window_queries,
    )


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
