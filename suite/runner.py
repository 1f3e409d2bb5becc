"""Runs one point: both arms, paired, into one record. Knows core and record, no plug-in by name."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import math
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch

from suite import cross_checks, environment
from suite.core.comparison import measure_blocks
from suite.core.effect import snapshot
from suite.core.memory import peak_bytes, try_out
from suite.core.meter import Meter, OpenMeter, Ticker
from suite.core.mitigation import Mitigation
from suite.core.pretrained import ModelSpec, load_pretrained
from suite.core.protocol import Protocol
from suite.core.residency import Residency, move_weights, release_unused
from suite.core.setup import Setup
from suite.core.task import Task
from suite.core.warm_up import warm_up
from suite.core.window_plan import common_pass_queries, plan_windows
from suite.core.windows import ReadyArm
from suite.core.workload import Workload
from suite.errors import ImpossibleOutput, InputError, NoEffect, NotApplicable, OutOfReach
from suite.files import write_whole
from suite.record import (
    SCHEMA_VERSION,
    ApplyCost,
    Arm,
    Idle,
    Point,
    Reason,
    Record,
    Scores,
    Status,
    digest,
)

OUT_OF_REACH = "out_of_reach"
_NO_FIGURE = ("name", "runs_dir", "report", "isolation", "point_timeout_s", "schedule")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """One point with its components, built from conf.

    Attributes:
        point: what identifies it.
        config: the resolved configuration, for the record.
        mitigations: name to technique, in the order they are applied; empty for baseline against baseline.
        scores_folder: where baseline scores are kept for the other points of the run.
        threads: CPU threads of torch, or None for torch's own choice.
    """

    point: Point
    config: dict[str, Any]
    task: Task
    model: ModelSpec
    mitigations: dict[str, Mitigation]
    workload: Workload
    meter: Meter
    protocol: Protocol
    scores_folder: Path
    seed: int
    threads: int | None


def measure(plan: Plan, notify: Callable[[str], None] = lambda stage: None) -> Record:
    """Measures a point. Whatever the technique or a library throws ends in the record, with what was measured before.

    Raises:
        InputError: the user's model, data or parameters are wrong; there is nothing to record.
    """
    started_at = now()
    found: dict[str, Any] = {}
    status: Status = "ok"
    reason: Reason | None = None
    try:
        _measure(plan, found, notify)
    except InputError:
        raise
    except OutOfReach as error:
        status, reason = "skipped", Reason(kind=OUT_OF_REACH, message=str(error))
    except NotApplicable as error:
        status, reason = "skipped", Reason(kind="not_applicable", message=str(error))
    except NoEffect as error:
        status, reason = "failed", Reason(kind="no_effect", message=str(error))
    except ImpossibleOutput as error:
        status, reason = "failed", Reason(kind="impossible_output", message=str(error))
    except torch.OutOfMemoryError as error:
        status, reason = "failed", Reason(kind="out_of_memory", message=str(error))
    except Exception as error:  # noqa: BLE001 - the border of a point: any library's error becomes its record's reason
        traceback.print_exc()  # into the point's log
        status, reason = "failed", Reason(kind=type(error).__name__, message=str(error))
    return make_record(plan, status, reason, started_at, found)


def make_record(
    plan: Plan, status: Status, reason: Reason | None, started_at: str, found: dict[str, Any] | None = None
) -> Record:
    """The record of an attempt that ends now, with whatever fields were ``found``."""
    fields = dict(found or {})
    fields["environment"] = environment.describe(plan.point.device) | fields.get("environment", {})
    return Record(
        schema_version=SCHEMA_VERSION,
        record_id=uuid.uuid4().hex,
        point_id=plan.point.point_id,
        config_hash=config_hash(plan.config),
        status=status,
        reason=reason,
        started_at=started_at,
        finished_at=now(),
        config=plan.config,
        point=plan.point,
        **fields,
    )


def config_hash(config: dict[str, Any]) -> str:
    """Hash of what can change a figure: the configuration without what only says where and how it is run."""
    return digest({key: value for key, value in config.items() if key not in _NO_FIGURE})


def _measure(plan: Plan, found: dict[str, Any], notify: Callable[[str], None]) -> None:
    """Fills ``found`` with the record's fields as they become known, so that a failure keeps the earlier ones."""
    torch.manual_seed(plan.seed)
    if plan.threads is not None:
        torch.set_num_threads(plan.threads)
    notify("loading the model")
    baseline = _baseline_setup(plan)
    notify("opening the meter")
    with plan.meter.open(plan.point.device) as meter:
        found["environment"] = {"meter": meter.describe()}
        arms, residency = _both_arms(plan, baseline, meter, found, notify)
        _measure_windows(plan, arms, residency, meter, found, notify)
        found["environment"] = {"meter": meter.describe()}
        notify("taking the peak memory")  # now that each arm has made what it keeps (workspaces, caches)
        found["peak_memory_bytes"] = peak_bytes(arms, found["model_bytes"], residency)


def _both_arms(
    plan: Plan, baseline: Setup, meter: OpenMeter, found: dict[str, Any], notify: Callable[[str], None]
) -> tuple[dict[Arm, ReadyArm], Residency]:
    """Both arms loaded, scored and proven; one at a time on the device where they do not fit together."""
    if plan.protocol.pairing != "swapped":
        try:
            return _prepare(plan, baseline, meter, found, notify, swapped=False)
        except torch.OutOfMemoryError:
            if plan.protocol.pairing == "resident" or plan.point.phase == "training":
                raise  # the state of training lies on the device whatever is swapped
        notify("both arms do not fit together: swapping them")
    return _prepare(plan, baseline, meter, found, notify, swapped=True)


def _prepare(
    plan: Plan,
    baseline: Setup,
    meter: OpenMeter,
    found: dict[str, Any],
    notify: Callable[[str], None],
    *,
    swapped: bool,
) -> tuple[dict[Arm, ReadyArm], Residency]:
    notify("applying " + plan.point.label)
    candidate, steps, found["apply_cost"] = (
        _apply_on_host(plan, baseline, meter) if swapped else _apply(plan, baseline, meter)
    )
    found["pairing"] = "swapped" if swapped else "resident"
    found["effect"] = _effect(plan, steps)
    found["model_bytes"] = {arm: found["effect"][arm]["bytes"] for arm in ("baseline", "candidate")}
    residency = Residency({"baseline": baseline, "candidate": candidate}, swapped=swapped)
    arms = _ready(plan, baseline, candidate, meter, residency)
    notify("scoring")
    found["scores"] = _scores(plan, baseline, candidate, residency)
    if baseline.device == "cuda":  # batches that do not fit show here, where the arms can still be swapped
        try_out(arms, residency)
    return arms, residency


def _measure_windows(
    plan: Plan,
    arms: dict[Arm, ReadyArm],
    residency: Residency,
    meter: OpenMeter,
    found: dict[str, Any],
    notify: Callable[[str], None],
) -> None:
    found["warnings"], found["windows"] = [], []
    before = _idle(plan, meter, notify)  # ahead of the warm-up: nothing may pause between it and the first window
    seconds_per_query: dict[Arm, float] = {}
    ticker: Ticker | None = None
    for name, arm in arms.items():
        notify(f"warming up the {name}")
        residency.bring(name)
        seconds_per_query[name], warning = warm_up(arm, plan.protocol)
        found["warnings"] += [warning] if warning else []
        if name == "baseline":
            ticker = meter.ticker(lambda arm=arm: _one_batch(arm))  # type: ignore[misc]
    swapped = found["pairing"] == "swapped"
    windows = plan_windows(arms, seconds_per_query, plan.protocol, ticker=ticker, swapped=swapped)
    try:
        found["converged"] = measure_blocks(
            arms, windows, plan.protocol, meter, residency, notify, found["windows"], found["warnings"]
        )
        found["idle"] = _mean_idle(before, _idle(plan, meter, notify))
    finally:  # what was measured before an error is checked as well
        found["warnings"] += cross_checks.warnings_of(
            found["windows"], found.get("idle"), meter.describe(), pairing=found["pairing"]
        )
    if not found["converged"]:
        target = plan.protocol.target_half_width[plan.point.device]
        found["warnings"].append(cross_checks.not_converged(plan.protocol.max_blocks, target))


def _one_batch(arm: ReadyArm) -> None:
    arm.loop.run(arm.setup.batch_size)
    arm.setup.synchronize()


def _baseline_setup(plan: Plan) -> Setup:
    point = plan.point
    model, processor = load_pretrained(plan.model, plan.task, device=point.device, dtype=point.dtype, seed=plan.seed)
    return Setup(
        task=plan.task,
        model=model,
        processor=processor,
        batch_size=point.batch_size,
        dtype=point.dtype,
        device=point.device,
        phase=point.phase,
        random_weights=plan.model.weights == "random",
        seed=plan.seed,
    )


def _apply(plan: Plan, baseline: Setup, meter: OpenMeter) -> tuple[Setup, list[Setup], ApplyCost | None]:
    """Applies the stack in order. The cost covers all of it; energy below the meter's step is left out, not 0."""
    steps = [baseline]
    if not plan.mitigations:
        return baseline, steps, None
    token = meter.start()
    began_s = time.perf_counter()
    try:
        for mitigation in plan.mitigations.values():
            steps.append(mitigation.apply(steps[-1]))
        steps[-1].synchronize()
    except BaseException:
        with contextlib.suppress(ImpossibleOutput):  # whatever the meter says now, the technique's own error counts
            meter.stop(token)
        raise
    duration_s = time.perf_counter() - began_s
    readings = meter.stop(token)
    energy_j = {component: energy for component, energy in readings.energy_j.items() if energy > 0}
    method = {component: readings.method[component] for component in energy_j}
    return steps[-1], steps, ApplyCost(duration_s=duration_s, energy_j=energy_j, method=method)


def _apply_on_host(plan: Plan, baseline: Setup, meter: OpenMeter) -> tuple[Setup, list[Setup], ApplyCost | None]:
    """The stack applied in the host's memory, since the device has no room for two models."""
    device = baseline.device
    move_weights(baseline, "cpu")
    release_unused()  # what an attempt on the device left behind
    candidate, steps, cost = _apply(plan, baseline.replace(device="cpu"), meter)
    return candidate.replace(device=device), steps, cost


def _effect(plan: Plan, steps: list[Setup]) -> dict[str, Any]:
    proofs = {
        name: mitigation.effect(before, after)
        for (name, mitigation), before, after in zip(plan.mitigations.items(), steps[:-1], steps[1:], strict=True)
    }
    return {"baseline": snapshot(steps[0]), "candidate": snapshot(steps[-1]), "proof": proofs}


def _ready(
    plan: Plan, baseline: Setup, candidate: Setup, meter: OpenMeter, residency: Residency
) -> dict[Arm, ReadyArm]:
    pass_queries = common_pass_queries(plan.task.query_count, baseline.batch_size, candidate.batch_size)
    setups: dict[Arm, Setup] = {"baseline": baseline, "candidate": candidate}
    arms: dict[Arm, ReadyArm] = {}
    for name, setup in setups.items():
        residency.bring(name)  # a simulated instrument runs a pass of it
        loop = meter.watch(name, plan.workload.loop(setup, pass_queries))
        arms[name] = ReadyArm(name=name, setup=setup, loop=loop)
    return arms


def _scores(plan: Plan, baseline: Setup, candidate: Setup, residency: Residency) -> Scores | None:
    if baseline.random_weights:
        return None
    residency.bring("baseline")
    reference = _baseline_scores(plan, baseline)
    residency.bring("candidate")
    scores = reference if candidate is baseline else _finite(plan.workload.evaluate(candidate), "candidate")
    return Scores(
        metric=plan.task.metric,
        higher_is_better=plan.task.higher_is_better,
        baseline=reference,
        candidate=scores,
        clusters=plan.task.clusters(),
    )


def _finite(scores: list[float], arm: Arm) -> list[float]:
    broken = sum(not math.isfinite(score) for score in scores)
    if broken:
        raise ImpossibleOutput(f"{broken} of {len(scores)} scores of the {arm} are not finite")
    return scores


def _baseline_scores(plan: Plan, baseline: Setup) -> list[float]:
    """The baseline's scores, computed once a run for all points that share it."""
    point = plan.point
    shared = {name: plan.config.get(name) for name in ("task", "model", "workload", "seed", "threads", "contents")}
    shared |= {"batch_size": point.batch_size, "dtype": point.dtype, "device": point.device}
    shared |= {"packages": environment.packages(), "hardware": environment.hardware(point.device)["name"]}
    file = plan.scores_folder / f"{digest(shared)}.json"
    if file.is_file():
        return msgspec.json.decode(file.read_bytes(), type=list[float])
    scores = _finite(plan.workload.evaluate(baseline), "baseline")
    write_whole(file, msgspec.json.encode(scores))
    return scores


def _idle(plan: Plan, meter: OpenMeter, notify: Callable[[str], None]) -> Idle | None:
    """Power with nothing running, for the components that are measured; None where the protocol asks for none.

    An estimate from CPU time has no idle share, so nothing is waited for where all is estimated.
    """
    methods = {name: part["method"] for name, part in meter.describe()["components"].items()}
    known = [name for name, method in methods.items() if not method.startswith("estimated")]
    if plan.protocol.idle_s <= 0 or not known:
        return None
    notify("idle")
    time.sleep(plan.protocol.idle_settle_s)
    token = meter.start(quiet=True)
    time.sleep(plan.protocol.idle_s)
    readings = meter.stop(token)
    known = [name for name in known if name in readings.energy_j]
    power_w = {name: readings.energy_j[name] / readings.duration_s for name in known}
    return Idle(power_w=power_w, method={name: readings.method[name] for name in known})


def _mean_idle(before: Idle | None, after: Idle | None) -> Idle | None:
    if before is None or after is None:
        return None
    both = {name: (before.power_w[name], after.power_w[name]) for name in before.power_w if name in after.power_w}
    return Idle(
        power_w={name: (first + last) / 2 for name, (first, last) in both.items()},
        method={name: before.method[name] for name in both},
        before_w={name: first for name, (first, _) in both.items()},
        after_w={name: last for name, (_, last) in both.items()},
    )


def now() -> str:
    """The moment in UTC, as records write it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
