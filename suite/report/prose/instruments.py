"""Which instruments the energy came from, what they cover, and whether they agree: one line each, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from suite.analysis.point.energy import Basis, basis_of
from suite.analysis.point.instrument import Agreement, Instrument
from suite.analysis.run.components import is_estimate_beside_gpu
from suite.record.dotted_keys import flatten
from suite.report.view_model import Report
from suite.text import numbers as text
from suite.text.i18n import N_, _, ngettext

METHODS = {
    "nvml_energy_counter": N_("the GPU's energy counter (NVML)"),
    "nvml_power_samples": N_("samples of the GPU's power (NVML)"),
    "rapl": N_("the processor's energy counter (RAPL)"),
    "cpu_time_x_tdp": N_("CPU time \N{MULTIPLICATION SIGN} TDP"),
    "power_trace": N_("a recorded trace of power"),
}
SCOPES = {
    "module": N_("module (GPU and CPU in one package)"),
    "board": N_("the whole board"),
    "machine": N_("the whole machine"),
    "this process and its children": N_("this process and its children"),
    "whatever the trace was recorded from": N_("whatever the trace was recorded from"),
}
_NAMED = ("method", "scope", "tdp_w", "tdp_source")  # shown by themselves
_OF_A_POINT = ("tick_s", "period_s", "lag_s", "watch_cpu_share")  # differ from point to point


@dataclasses.dataclass(frozen=True)
class Source:
    """One way in which the energy of one component was got.

    ``scope`` and ``tdp`` are empty where they are not known or play no part; ``points`` had such a figure, for
    ``headline`` of them it is the one that counts.
    """

    component: str
    method: str
    words: str
    basis: Basis
    scope: str
    tdp: str
    points: int
    headline: int
    details: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Check:
    """What came of holding two readings against each other, over all points."""

    holds: bool
    words: str


def method_words(method: str) -> str:
    """How a component was read, for people. What stands before the colon is left to the badge."""
    how = method.partition(":")[2] or method
    return _(METHODS.get(how, text.words(how)))


def sources(report: Report) -> list[Source]:
    """Every source of energy figures, those of headline figures first."""
    found: dict[tuple[str, str, str, str], Source] = {}
    for point in report.points:
        for component, method in point.methods.items():
            if not report.with_cpu_estimate and is_estimate_beside_gpu(point, component):
                continue
            described = _described(point.environment, component)
            scope, tdp = _scope(described), _tdp(described)
            key = (component, method, scope, tdp)
            before = found.get(key)
            found[key] = Source(
                component=component,
                method=method,
                words=method_words(method),
                basis=basis_of(method),
                scope=scope,
                tdp=tdp,
                points=1 + (before.points if before else 0),
                headline=(point.component == component) + (before.headline if before else 0),
                details={k: v for k, v in flatten(described).items() if k not in (*_NAMED, *_OF_A_POINT)},
            )
    return sorted(found.values(), key=lambda source: (-source.headline, source.component, source.method))


def hides_cpu_estimate(report: Report) -> bool:
    """Whether there are estimates of the CPU beside a GPU that the report does not show."""
    return not report.with_cpu_estimate and any(
        is_estimate_beside_gpu(point, component) for point in report.points for component in point.methods
    )


def _described(environment: dict[str, Any], component: str) -> dict[str, Any]:
    """What the meter said of a component; empty where it said nothing."""
    found: Any = environment
    for name in ("meter", "components", component):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _scope(described: dict[str, Any]) -> str:
    scope = described.get("scope")
    return _(SCOPES.get(scope, scope)) if isinstance(scope, str) else ""


def _tdp(described: dict[str, Any]) -> str:
    watts = described.get("tdp_w")
    if not isinstance(watts, int | float):
        return ""
    source = described.get("tdp_source") or _("a source that was not recorded")
    return _("TDP {watts}, from {source}").format(watts=text.watts(watts), source=source)


def nothing_measured(report: Report) -> str | None:
    """The page's first line where energy was simulated or replayed."""
    unreal = [point for point in report.points if point.energy_basis in ("simulated", "replayed")]
    if not unreal:
        return None
    bases = _(" and ").join(sorted({text.words(str(point.energy_basis)) for point in unreal}))
    with_energy = sum(point.energy_basis is not None for point in report.points)
    if len(unreal) == with_energy:
        return _("Nothing on this page was measured: all energy was {bases}.").format(bases=bases)
    sentence = _("The energy of {count} of {total} points was not measured but {bases}.")
    return sentence.format(count=text.whole(len(unreal)), total=text.whole(with_energy), bases=bases)


def checks(report: Report) -> list[Check]:
    """What the cross-checks of all points found together; empty where nothing could be checked."""
    seen = [point.instrument for point in report.points if point.instrument]
    kinds: tuple[tuple[Callable[[Instrument], Agreement | None], str, bool], ...] = (
        (lambda each: each.counter, _("CodeCarbon and the GPU's counter"), False),
        (lambda each: each.integral, _("the counter and the integral of power"), True),
        (lambda each: each.truth, _("the readings and the simulated truth"), False),
    )
    found = [
        _check([one for each in seen if (one := pick(each))], names, of_points=of_points)
        for pick, names, of_points in kinds
    ]
    return [check for check in found if check]


def _check(agreements: Sequence[Agreement], names: str, *, of_points: bool) -> Check | None:
    """``of_points``: the windows of a point were held against each other all at once."""
    if not agreements:
        return None
    if of_points:
        total, agreeing = len(agreements), sum(each.agreeing == each.windows for each in agreements)
        agree = ngettext(
            "{readings} agree within {worst} over all windows in {count} of {total} point",
            "{readings} agree within {worst} over all windows in {count} of {total} points",
            total,
        )
        disagree = ngettext(
            "{readings} disagree over all windows in {count} of {total} point, by up to {worst}",
            "{readings} disagree over all windows in {count} of {total} points, by up to {worst}",
            total,
        )
    else:
        total, agreeing = sum(each.windows for each in agreements), sum(each.agreeing for each in agreements)
        agree = ngettext(
            "{readings} agree within {worst} in {count} of {total} window",
            "{readings} agree within {worst} in {count} of {total} windows",
            total,
        )
        disagree = ngettext(
            "{readings} disagree in {count} of {total} window, by up to {worst}",
            "{readings} disagree in {count} of {total} windows, by up to {worst}",
            total,
        )
    holds = agreeing == total
    words = (agree if holds else disagree).format(
        readings=names,
        worst=text.at_most(max(abs(each.worst) for each in agreements)),
        count=text.whole(agreeing if holds else total - agreeing),
        total=text.whole(total),
    )
    return Check(holds, words)
