"""The techniques of a point applied in order: what that costs, and the proof that each took effect."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

import torch

from suite.config.plan import Plan
from suite.core.meter import OpenMeter
from suite.core.setup import Setup
from suite.errors import ImpossibleOutput, InputError, NoEffect, NotApplicable
from suite.measure.one_off import metered
from suite.measure.residency import move_weights, release_unused
from suite.record.schema import ApplyCost
from suite.toolkit.effect import architecture, snapshot

_MOMENT_S = 1.0
_TOLD = (NotApplicable, NoEffect, ImpossibleOutput, InputError, torch.OutOfMemoryError)
"""Errors that say in their own words what they mean."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class AppliedStack:
    """What applying a stack gave.

    Attributes:
        steps: the baseline, then the setup after each technique.
        candidate: the last of them; without techniques a copy of the baseline, elsewhere in memory.
        cost: of applying all of them; None where there is none.
    """

    steps: list[Setup]
    candidate: Setup
    cost: ApplyCost | None


def apply_stack(plan: Plan, baseline: Setup, meter: OpenMeter, *, swapped: bool) -> AppliedStack:
    """Applies the stack in order. The cost covers all of it; energy below the meter's step is left out, not 0.

    What takes a moment is applied a second time, and that is what counts: the first time also loads the libraries'
    kernels onto the device and fills their caches, which is no cost of the technique. What takes long is applied once.

    Args:
        plan: names the techniques.
        baseline: loaded.
        meter: open.
        swapped: the device has no room for two models: the weights that a technique starts from wait in the host's
            memory, and its copy is made on the device, where it is proven and measured.
    """
    steps = [baseline]
    if swapped:
        move_weights(baseline, "cpu")
        release_unused()  # what an attempt with both on the device left behind
    if not plan.mitigations:  # not the same object: where weights lie in memory must make no difference either
        twin = baseline.replace(model=copy.deepcopy(baseline.model))
        return AppliedStack(steps=steps, candidate=twin, cost=None)

    spent = metered(meter, lambda: apply_to(steps, plan, swapped=swapped))
    if spent.duration_s < _MOMENT_S and not swapped:
        spent = metered(meter, lambda: apply_to(steps, plan, swapped=swapped))
    cost = ApplyCost(duration_s=spent.duration_s, energy_j=spent.energy_j, method=spent.method)
    return AppliedStack(steps=steps, candidate=steps[-1], cost=cost)


def apply_to(steps: list[Setup], plan: Plan, *, swapped: bool) -> None:
    """Leaves the first of ``steps``, what techniques start from, and adds the setup after each; once, not metered."""
    del steps[1:]
    for mitigation in plan.mitigations.values():
        if swapped:
            move_weights(steps[-1], "cpu")
        steps.append(mitigation.apply(steps[-1]))
    steps[-1].synchronize()


def executed(plan: Plan, baseline: Setup, candidate: Setup) -> Setup:
    """The candidate as the point's runtime executes it; as it is where the runtime is the technique."""
    return candidate if candidate.runtime != baseline.runtime else plan.runtime.prepare(candidate)


def effect_of(plan: Plan, stack: AppliedStack, *, swapped: bool) -> dict[str, Any]:
    """The record's ``effect``: both arms in figures, and each technique's proof, taken on the device.

    Raises:
        NoEffect: a technique changed nothing.
    """
    proofs = {}
    for (name, mitigation), before, after in zip(
        plan.mitigations.items(), stack.steps[:-1], stack.steps[1:], strict=True
    ):
        if swapped:
            _alone_on_device(after, stack.steps)
        proofs[name] = mitigation.proof(before, after)
    return {"baseline": snapshot(stack.steps[0]), "candidate": snapshot(stack.candidate), "proof": proofs}


@contextlib.contextmanager
def errors_named(techniques: str, baseline: Setup) -> Iterator[None]:
    """Has a library's own error inside say first what was tried: these ``techniques`` on the baseline's model."""
    try:
        yield
    except _TOLD:
        raise
    except Exception as error:  # any library's, raised again with what was being applied
        error.args = (f"{techniques} on {architecture(baseline)}: {error}",)
        raise


def _alone_on_device(setup: Setup, steps: list[Setup]) -> None:
    for other in steps:
        if other.model is not setup.model:
            move_weights(other, "cpu")
    release_unused()
    move_weights(setup, setup.device)
