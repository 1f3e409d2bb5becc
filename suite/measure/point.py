"""Measures one point: both arms, paired, into one record. Knows no plug-in by name."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import traceback

import torch

from suite.checkpoints.pretrained import load_pretrained
from suite.checkpoints.spread import Spread
from suite.config.plan import Plan
from suite.core.meter import OpenMeter
from suite.core.setup import Setup
from suite.core.task import cycle
from suite.errors import (
    DoesNotFit,
    ImpossibleOutput,
    InputError,
    LosesTooMuch,
    NoEffect,
    NotApplicable,
    OutOfReach,
    ServerFailed,
)
from suite.measure import prefill
from suite.measure.block_limits import UNLIMITED, Limits
from suite.measure.blocks import Comparison, PairedWindows
from suite.measure.comparing import measure_to_the_end, warmed_up
from suite.measure.compilation import CompileWatch, Recompiled, compile_arms, keep_compiled_code
from suite.measure.device_busy import device_busy_shares
from suite.measure.draft import ACCURACY_GATE, DOES_NOT_FIT, OUT_OF_REACH, Draft
from suite.measure.idle import idle_power
from suite.measure.memory import peak_bytes, try_out
from suite.measure.memory_needs import require_room
from suite.measure.observer import Nobody, Observer
from suite.measure.residency import Residency
from suite.measure.scores import check_gate, further_scores_of, scores_of
from suite.measure.seeds import seed_scores
from suite.measure.served.served_point import measure_served
from suite.measure.stack import apply_stack, effect_of, errors_named, executed
from suite.measure.warm_up import warm_up
from suite.measure.window_plan import WindowPlan, common_pass_queries, distinct_count, plan_windows
from suite.measure.windows import ReadyArm
from suite.record.schema import Arm, Reason, Record, Status
from suite.stats import cross_checks
from suite.toolkit.requirements import Circumstances, check, of_task

_ENDS: tuple[tuple[type[Exception], Status, str], ...] = (
    (OutOfReach, "skipped", OUT_OF_REACH),
    (DoesNotFit, "skipped", DOES_NOT_FIT),
    (LosesTooMuch, "skipped", ACCURACY_GATE),
    (NotApplicable, "skipped", "not_applicable"),
    (NoEffect, "failed", "no_effect"),
    (Recompiled, "failed", "recompiled"),
    (ImpossibleOutput, "failed", "impossible_output"),
    (ServerFailed, "failed", "server_failed"),
    (torch.OutOfMemoryError, "failed", "out_of_memory"),
)
"""How a point ends that an error of this type ends; the first that fits."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Session:
    """What measuring a point needs from its beginning to its end."""

    draft: Draft
    meter: OpenMeter
    watch: CompileWatch
    observer: Observer
    limits: Limits


def measure(plan: Plan, observer: Observer | None = None, limits: Limits = UNLIMITED) -> Record:
    """Measures a point. Whatever the technique or a library throws ends in the record, with what was measured before.

    Args:
        plan: of the point.
        observer: told how far it has come.
        limits: what a budget leaves for it.

    Raises:
        InputError: the user's model, data or parameters are wrong; there is nothing to record.
    """
    draft = Draft(plan=plan, windows=list(limits.earlier), prefill_windows=list(limits.earlier_prefill))
    try:
        steps = _measure if plan.endpoints is None else measure_served
        steps(draft, observer or Nobody(), limits)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - the boundary of a point: any library's error becomes its record's reason
        for kind_of_error, status, kind in _ENDS:
            if isinstance(error, kind_of_error):
                return draft.record(status, Reason(kind=kind, message=str(error)))
        traceback.print_exc()  # into the point's log
        return draft.record("failed", Reason(kind=type(error).__name__, message=str(error)))
    return draft.record("ok")


def _measure(draft: Draft, observer: Observer, limits: Limits) -> None:
    plan = draft.plan
    torch.manual_seed(plan.seed)
    if plan.threads is not None:
        torch.set_num_threads(plan.threads)
    keep_compiled_code(plan.run_folder / "compiled")
    check(plan.mitigations, _circumstances(plan))
    observer.stage("loading the model")
    baseline = baseline_setup(plan)
    observer.stage("opening the meter")
    with (
        plan.meter.open(plan.point.device, boards=baseline.boards) as meter,
        CompileWatch() as watch,
        contextlib.ExitStack() as running,
    ):
        session = _Session(draft=draft, meter=meter, watch=watch, observer=observer, limits=limits)
        draft.environment = {"meter": meter.describe()}
        with errors_named(plan.point.label, baseline):
            baseline = plan.workload.prepared(baseline)
            draft.training_target_score = baseline.training.target_score
            arms, residency = _both_arms(session, baseline)
        draft.warn(cross_checks.partly_quantised(draft.effect))
        observer.progress(draft)
        for arm in arms.values():
            if arm.setup.engine is not None:  # starting one takes too long to be a part of a window
                running.enter_context(arm.setup.engine.session())
        _measure_windows(session, arms, residency)
        draft.environment = {"meter": meter.describe()}
        observer.progress(draft)
        observer.stage("profiling the device")
        draft.device_busy_share = device_busy_shares(arms, residency)
        if not plan.workload.is_paced:  # else it waits for queries
            draft.warn(cross_checks.host_bound(draft.device_busy_share, plan.runtime.name))
        observer.stage("taking the peak memory")  # now that each arm has made what it keeps (workspaces, caches)
        draft.peak_memory_bytes = peak_bytes(arms, draft.model_bytes, residency)


def _circumstances(plan: Plan) -> Circumstances:
    on_gpu = plan.point.device == "cuda"
    return Circumstances(
        device=plan.point.device,
        compute_capability=torch.cuda.get_device_capability() if on_gpu else None,
        phase=plan.point.phase,
        is_spread=plan.point.device_map is not None,
        trained=_trained(plan),
        **of_task(plan.task),
    )


def _trained(plan: Plan) -> bool | None:
    """Whether techniques find trained weights; None where one of a stack may bring some in place of random ones."""
    if plan.model.weights != "random":
        return True
    return None if len(plan.mitigations) > 1 else False


def _both_arms(session: _Session, baseline: Setup) -> tuple[dict[Arm, ReadyArm], Residency]:
    """Both arms loaded, scored and proven; one at a time on the device where they do not fit together."""
    plan = session.draft.plan
    pairing = plan.protocol.pairing
    if pairing != "swapped":
        try:
            return _prepare(session, baseline, swapped=False)
        except torch.OutOfMemoryError:
            if pairing == "resident" or plan.point.phase == "training":
                raise  # the state of training lies on the device whatever is swapped
        session.observer.stage("both arms do not fit together: swapping them")
    return _prepare(session, baseline, swapped=True)


def _prepare(session: _Session, baseline: Setup, *, swapped: bool) -> tuple[dict[Arm, ReadyArm], Residency]:
    draft, meter, observer = session.draft, session.meter, session.observer
    plan = draft.plan
    observer.stage("applying " + plan.point.label)
    stack = apply_stack(plan, baseline, meter, swapped=swapped)
    draft.apply_cost = stack.cost
    draft.pairing = "swapped" if swapped else "resident"
    draft.effect = effect_of(plan, stack, swapped=swapped)
    draft.model_bytes = {arm: draft.effect[arm]["bytes"] for arm in ("baseline", "candidate")}
    setups: dict[Arm, Setup] = {
        "baseline": plan.runtime.prepare(baseline),
        "candidate": executed(plan, baseline, stack.candidate),
    }
    residency = Residency(setups, swapped=swapped)
    setups = _rehearsed(session, setups, residency)
    arms = _ready(plan, setups, meter, residency)
    if any(setup.runtime == "compiled" for setup in setups.values()):
        observer.stage("compiling")
        draft.compile_cost = compile_arms(arms, meter, residency, session.watch)
    observer.stage("scoring")
    draft.scores = scores_of(plan, setups, residency)
    check_gate(draft.scores, plan.protocol.score_gate)
    draft.further_scores = further_scores_of(plan, setups, draft.scores, residency)
    draft.seed_scores = seed_scores(plan, baseline, draft.scores, residency, observer)
    if baseline.device == "cuda":  # batches that do not fit show here, where the arms can still be swapped
        try_out(arms, residency)
    return arms, residency


def _measure_windows(session: _Session, arms: dict[Arm, ReadyArm], residency: Residency) -> None:
    draft, meter, observer = session.draft, session.meter, session.observer
    protocol = draft.plan.protocol
    # Ahead of the warm-up: nothing may pause between that and a window.
    before = idle_power(protocol, meter, observer.stage)
    whole = warmed_up(
        arms,
        protocol,
        meter,
        residency,
        draft,
        observer.stage,
        paced=draft.plan.workload.is_paced,
        shared=draft.plan.scores_folder,
    )
    draft.prompt_tokens_per_query = prefill.prompt_tokens_per_query(arms["baseline"].setup, whole.plan.span)
    comparison = Comparison(
        whole=whole,
        prefill=_prefill_windows(session, arms, residency, whole.plan) if protocol.prefill else None,
        protocol=protocol,
        meter=meter,
        residency=residency,
        compile_watch=session.watch,
        limits=session.limits,
    )
    measure_to_the_end(comparison, draft, observer, before, warnings=draft.plan.workload.warnings)
    draft.distinct_queries = _distinct_queries(draft, whole.plan)


def _distinct_queries(draft: Draft, windows: WindowPlan) -> int | None:
    """Of the whole list and the blocks that were measured; None where no query of the task's is asked as it is."""
    plan = draft.plan
    if plan.point.phase == "training" or plan.workload.distinct_queries is not None:
        return None
    blocks = len({window.block for window in draft.windows})
    return distinct_count(cycle(plan.task.queries(), windows.span), windows, blocks)


def _prefill_windows(
    session: _Session, arms: dict[Arm, ReadyArm], residency: Residency, whole: WindowPlan
) -> PairedWindows | None:
    draft, observer = session.draft, session.observer
    shorter = prefill.one_token_arms(draft.plan.workload, arms, whole.span, session.meter)
    if shorter is None:
        return None
    seconds_per_query: dict[Arm, float] = {}
    for name, arm in shorter.items():
        observer.stage(f"warming up the {name}'s prefill")
        residency.bring(name)
        seconds_per_query[name], _ = warm_up(arm, draft.plan.protocol)
    swapped = draft.pairing == "swapped"
    plan = plan_windows(shorter, seconds_per_query, draft.plan.protocol, ticker=whole.ticker, swapped=swapped)
    return PairedWindows(arms=shorter, plan=plan, seconds_per_query=seconds_per_query)


def baseline_setup(plan: Plan) -> Setup:
    """The model of the plan as it is, loaded onto the point's device: what techniques start from.

    Raises:
        DoesNotFit: the device has too little free memory for the point.
    """
    point = plan.point
    model, processor = load_pretrained(
        plan.model,
        plan.task,
        device=point.device,
        dtype=point.dtype,
        seed=plan.seed,
        spread=Spread(way=point.device_map) if point.device_map else None,
        before_weights=functools.partial(require_room, plan),
    )
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
        runtime=plan.runtime.name,
    )


def _rehearsed(session: _Session, setups: dict[Arm, Setup], residency: Residency) -> dict[Arm, Setup]:
    """Both arms with what their work takes. The course of a training is kept, also where it misses its goal."""
    draft, made = session.draft, dict(setups)
    for name, setup in setups.items():
        if setup.training.is_whole:
            session.observer.stage(f"training the {name} to its end")
        residency.bring(name)
        found = draft.plan.workload.rehearsed(setup)
        if found.checks:
            draft.training_curves = draft.training_curves | {name: list(found.checks)}
        if found.refusal is not None:
            raise found.refusal
        made[name] = found.setup
    return made


def _ready(plan: Plan, setups: dict[Arm, Setup], meter: OpenMeter, residency: Residency) -> dict[Arm, ReadyArm]:
    counted = {name: plan.workload.as_counted(setup) for name, setup in setups.items()}
    distinct = plan.workload.distinct_queries or plan.task.query_count
    pass_queries = common_pass_queries(distinct, counted["baseline"].waiting, counted["candidate"].waiting)
    arms: dict[Arm, ReadyArm] = {}
    for name, setup in setups.items():
        residency.bring(name)  # a simulated instrument runs a pass of it
        loop = meter.watch(name, plan.workload.loop(setup, pass_queries))
        arms[name] = ReadyArm(name=name, setup=counted[name], loop=loop)
    return arms
