"""Functions measured as the command line measures models: the same windows, blocks, intervals, checks and verdict."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch

from suite.api.functions import Calls, CallSetup, Function, check_function, name_of
from suite.api.reference_workload import ReferenceWorkload
from suite.api.results import EnergyComparison, EnergyMeasurement, StoppedBy
from suite.api.settings import meter_of, protocol_of
from suite.core import checks
from suite.core.meter import Meter, OpenMeter
from suite.core.protocol import Protocol
from suite.errors import InputError
from suite.machine import cpu_contention, device_lock
from suite.machine.openmp import wait_policy
from suite.machine.which_device import boards_meant, device_meant
from suite.measure.block_limits import Limits
from suite.measure.blocks import Comparison
from suite.measure.comparing import measure_to_the_end, warmed_up
from suite.measure.compilation import CompileWatch
from suite.measure.draft import Measured
from suite.measure.idle import idle_power
from suite.measure.observer import Nobody
from suite.measure.residency import Residency
from suite.measure.window_plan import common_pass_queries
from suite.measure.windows import RunnableArm
from suite.record.schema import Arm, Idle, MitigationUse, Point, Record, RecordWarning, Window
from suite.stats.paired import block_energies, headline_component, ratio_interval

MORE_TIME = "give more time (budget_s=…)"
_Each = TypeVar("_Each")
_LOCKS = ("error", "wait", "none")


def measure_energy(
    function: Function,
    *,
    queries: int = 1,
    budget_s: float = 20.0,
    device: str = "auto",
    protocol: str | Protocol = "functions",
    meter: str | Meter = "codecarbon",
    name: str | None = None,
    lock: str = "error",
    boards: Sequence[int] | None = None,
    reference: ReferenceWorkload | None = None,
) -> EnergyMeasurement:
    """Energy per query of a function, with its 95 % interval.

    The function is measured against itself: the ratio of the two halves shows what the instrument calls a difference
    where there is none, and is a part of the result. With a reference it is measured against that instead, until the
    ratio of the two is known well enough.

    Args:
        function: takes no arguments, and does ``queries`` queries each time it is called.
        queries: of a call.
        budget_s: most seconds of the whole; a call that is under way is not cut short.
        device: ``cpu``, ``cuda`` (waited for at the end of each window) or ``auto``.
        protocol: a name in conf/protocol, or a protocol.
        meter: a name in conf/meter, or a meter.
        name: what the function is called in the result; its own name where that is left out.
        lock: where another measurement runs on the device: ``error``, ``wait`` (not a part of the budget) or ``none``.
        boards: numbers of the GPUs that are worked on, as torch numbers them; torch's current one where left out.
        reference: work that is the same in other runs, against which the function is measured.

    Raises:
        InputError: an argument is wrong, the function raised an error (its cause), or the budget is too short.
        ImpossibleOutput: the instruments gave what cannot be.
    """
    how = _How(budget_s=budget_s, device=device, protocol=protocol, meter=meter, lock=lock, boards=boards)
    shown = name or name_of(function, "function")
    if reference is None:
        calls = _calls({"baseline": function, "candidate": function}, (shown, shown), (queries, queries))
        return EnergyMeasurement(*_measured(calls, how, _AgainstItself))
    if not isinstance(reference, ReferenceWorkload):
        raise InputError("reference is no ReferenceWorkload", got=reference, remedy="give suite.ReferenceWorkload(…)")
    both: dict[Arm, Function] = {"baseline": reference.function, "candidate": function}
    calls = _calls(both, (reference.name, shown), (queries, queries))  # the result divides by them
    return EnergyMeasurement(*_measured(calls, how, Comparison), has_reference=True)


def compare_energy(
    a: Function,
    b: Function,
    *,
    queries: int | tuple[int, int] = 1,
    budget_s: float = 20.0,
    device: str = "auto",
    protocol: str | Protocol = "functions",
    meter: str | Meter = "codecarbon",
    names: tuple[str, str] | None = None,
    lock: str = "error",
    boards: Sequence[int] | None = None,
) -> EnergyComparison:
    """Energy per query of ``b`` over that of ``a``, paired, with its 95 % interval.

    Args:
        a: the baseline. Takes no arguments, and does ``queries`` queries each time it is called.
        b: the candidate, likewise.
        queries: of a call; of ``a`` and of ``b`` where a call of them does not do equally many.
        budget_s: most seconds of the whole; a call that is under way is not cut short.
        device: ``cpu``, ``cuda`` (waited for at the end of each window) or ``auto``.
        protocol: a name in conf/protocol, or a protocol.
        meter: a name in conf/meter, or a meter.
        names: what the functions are called in the result; their own names, or a and b, where that is left out.
        lock: where another measurement runs on the device: ``error``, ``wait`` (not a part of the budget) or ``none``.
        boards: numbers of the GPUs that are worked on, as torch numbers them; torch's current one where left out.

    Raises:
        InputError: an argument is wrong, a function raised an error (its cause), or the budget is too short.
        ImpossibleOutput: the instruments gave what cannot be.
    """
    how = _How(budget_s=budget_s, device=device, protocol=protocol, meter=meter, lock=lock, boards=boards)
    shown = _pair("names", names or _names(a, b), str)
    of_both = (queries, queries) if isinstance(queries, int) else _pair("queries", queries, int)
    calls = _calls({"baseline": a, "candidate": b}, shown, of_both)
    return EnergyComparison(*_measured(calls, how, Comparison))


class _How:
    """How functions are measured, checked."""

    def __init__(
        self,
        *,
        budget_s: float,
        device: str,
        protocol: str | Protocol,
        meter: str | Meter,
        lock: str,
        boards: Sequence[int] | None,
    ) -> None:
        checks.positive("budget_s", budget_s)
        if lock not in _LOCKS:
            raise InputError("lock is unknown", got=lock, remedy=f"choose {', '.join(_LOCKS)}")
        self.budget_s, self.lock = budget_s, lock
        self.protocol, self.meter, self.device = protocol_of(protocol), meter_of(meter), device_meant(device)
        self.boards = boards_meant(self.device, boards)

    def locked(self) -> AbstractContextManager[None]:
        """Holds the device, as a run of the command line does."""
        if self.lock == "none":
            return contextlib.nullcontext()
        return held_device(self.device, self.boards, wait=self.lock == "wait")


def held_device(
    device: str, boards: Sequence[int], *, wait: bool, say: Callable[[str], None] = lambda line: None
) -> AbstractContextManager[None]:
    """Holds ``cpu``, or the GPUs that torch numbers so; where one is taken it waits, after a line, or refuses.

    Raises:
        InputError: it is taken and ``wait`` is False.
    """
    devices = device_lock.names_at_work(device, boards)
    return device_lock.held(devices, "of functions", wait=wait, say=say)


class _AgainstItself(Comparison):
    """One function in both arms: measured until its energy per query is known well enough, not the ratio."""

    def is_known(self, windows: list[Window]) -> bool:
        """Whether the interval of the energy per query of both arms together is narrow enough."""
        component = headline_component(windows)
        energies_j = block_energies(windows, component) if component else None
        found = ratio_interval(energies_j or [], self.protocol.stop_level)
        if found is None or found.half_width is None:
            return False
        return found.half_width <= self.protocol.target_half_width[self.device] * found.estimate


def _pair(name: str, given: Any, kind: type[_Each]) -> tuple[_Each, _Each]:
    """``given`` as one value for each function."""
    if not isinstance(given, tuple | list) or len(given) != 2 or not all(isinstance(each, kind) for each in given):
        raise InputError(f"{name} must be one for each function", got=given, remedy="give two")
    return given[0], given[1]


def _names(a: Function, b: Function) -> tuple[str, str]:
    """The functions' own names, where these tell them apart."""
    found = name_of(a, "a"), name_of(b, "b")
    return found if found[0] != found[1] else ("a", "b")


def _calls(functions: dict[Arm, Function], names: tuple[str, str], queries: tuple[int, int]) -> dict[Arm, Calls]:
    for count in queries:
        checks.count("queries", count, least=1)
    each_pass = common_pass_queries(1, *queries)
    return {
        arm: Calls(function=function, name=name, queries=count, pass_calls=each_pass // count)
        for (arm, function), name, count in zip(functions.items(), names, queries, strict=True)
    }


def _measured(calls: dict[Arm, Calls], how: _How, kind: type[Comparison]) -> tuple[Record, tuple[str, str], StoppedBy]:
    """The record of the comparison, the functions' names, and what ended it."""
    names = calls["baseline"].name, calls["candidate"].name
    _require_budget(how, _least_s(how.protocol, how.device), how.budget_s)
    with how.locked():
        deadline_s = time.monotonic() + how.budget_s
        for work in {id(work.function): work for work in calls.values()}.values():
            check_function(work.function, work.name)
        _require_budget(how, _least_s(how.protocol, how.device), deadline_s - time.monotonic())
        others = cpu_contention.begin()
        draft = Measured(pairing="resident")
        draft.warn(_gpu_not_used(how))
        with how.meter.open(how.device, boards=how.boards) as meter, CompileWatch() as watch:
            _measure_windows(calls, how, (meter, watch), kind, draft, deadline_s)
            draft.environment = {"meter": meter.describe()}
        load = cpu_contention.foreign_load(others)
    if load is not None:
        draft.environment |= {"foreign_load": load.as_noted()}
    draft.warn(cpu_contention.busy_machine(load) if how.device == "cpu" else None)
    draft.warn(_threads_may_spin(draft))
    return draft.recorded(_point(calls, how), _config(calls, how), "ok"), names, _stopped_by(draft, how.protocol)


def _gpu_not_used(how: _How) -> RecordWarning | None:
    """Where torch holds nothing on the GPU, although every function was called."""
    if how.device != "cuda" or any(torch.cuda.max_memory_allocated(board) for board in how.boards):
        return None
    return RecordWarning(
        code="gpu_not_used",
        message="torch has put nothing on the GPU whose energy is read: unless another library works there, this is the"
        " energy of a board that waits",
        remedy="give device='cpu' for functions that run on the CPU",
    )


def _threads_may_spin(draft: Measured) -> RecordWarning | None:
    """Where nobody has told OpenMP's threads to sleep while they wait, and CPU time counts as energy."""
    methods = [method for window in draft.windows for method in window.method.values()]
    if wait_policy() is not None or not any(method.startswith("estimated") for method in methods):
        return None
    return RecordWarning(
        code="threads_may_spin",
        message="torch was imported before suite, so its threads may spin while they wait: CPU time without work, which"
        " the estimate counts as energy",
        remedy="import suite before torch, or set OMP_WAIT_POLICY=PASSIVE",
    )


def _measure_windows(
    calls: dict[Arm, Calls],
    how: _How,
    watched: tuple[OpenMeter, CompileWatch],
    kind: type[Comparison],
    draft: Measured,
    deadline_s: float,
) -> None:
    meter, watch = watched
    residency = Residency({}, swapped=False)
    arms = {
        arm: RunnableArm(
            name=arm,
            setup=CallSetup(device=how.device, batch_size=work.queries, boards=how.boards),
            loop=meter.watch(arm, work),
        )
        for arm, work in calls.items()
    }
    before = idle_power(how.protocol, meter, Nobody().stage)
    whole = warmed_up(arms, how.protocol, meter, residency, draft, Nobody().stage)
    comparison = kind(
        whole=whole,
        protocol=how.protocol,
        meter=meter,
        residency=residency,
        compile_watch=watch,
        limits=Limits(deadline_s=deadline_s - _idle_s(how.protocol, before)),
    )
    fewest_s, _ = comparison.left_s(0)
    _require_budget(how, fewest_s, comparison.limits.left_s)
    measure_to_the_end(comparison, draft, Nobody(), before, more_time=MORE_TIME)


def _least_s(protocol: Protocol, device: str) -> float:
    """Seconds that no measurement can be shorter than: both warm-ups, and a window of each arm in the fewest blocks."""
    return 2 * protocol.warmup_min_s + 2 * protocol.min_blocks * protocol.window_s[device]


def _idle_s(protocol: Protocol, before: Idle | None) -> float:
    """Seconds that the reading of idle power after the blocks takes."""
    return 0.0 if before is None else protocol.idle_settle_s + protocol.idle_s


def _require_budget(how: _How, needed_s: float, left_s: float) -> None:
    if needed_s <= left_s:
        return
    least_s = math.ceil(how.budget_s - left_s + needed_s)
    shorter = "" if how.protocol.name == "scan" else ", or a shorter protocol ('scan')"
    remedy = f"give at least {least_s} seconds, or calls of fewer queries{shorter}"
    what = f"budget_s is too short for the {how.protocol.min_blocks} blocks that an interval needs at least"
    raise InputError(what, got=how.budget_s, remedy=remedy)


def _stopped_by(draft: Measured, protocol: Protocol) -> StoppedBy:
    if draft.converged:
        return "interval"
    blocks = len({window.block for window in draft.windows})
    return "blocks" if blocks >= protocol.max_blocks else "budget"


def _point(calls: dict[Arm, Calls], how: _How) -> Point:
    """What was compared, in the record's words: the first function is the model, the second what became of it."""
    baseline, candidate = calls["baseline"], calls["candidate"]
    changed = [] if candidate.function is baseline.function else [MitigationUse(name=candidate.name)]
    return Point(
        task="function",
        model=baseline.name,
        mitigations=changed,
        phase="inference",
        workload="calls",
        batch_size=baseline.queries,
        device=how.device,
        dtype="unknown",
    )


def _config(calls: dict[Arm, Calls], how: _How) -> dict[str, object]:
    return {
        "queries_a_call": {arm: work.queries for arm, work in calls.items()},
        "budget_s": how.budget_s,
        "device": how.device,
        "protocol": dataclasses.asdict(how.protocol),
    }
