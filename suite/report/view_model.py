"""What a report is made of: the points of its runs, in groups that share a baseline."""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from suite.analysis.point.break_even import Repayment, repayment
from suite.analysis.results.run_results import RunResults
from suite.analysis.run.baselines import baseline_of, pooled_baseline_j
from suite.analysis.run.stability import Stability
from suite.analysis.summary import PointSummary
from suite.carbon.grid import Grid
from suite.imported.row import ImportedRow
from suite.record.dotted_keys import flatten
from suite.text import labels
from suite.text import numbers as text
from suite.text.i18n import N_, _

STATUS_ORDER = {"ok": 0, "failed": 1, "skipped": 2}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """A point with the name it goes by in its group and an anchor that is unique on the page."""

    point: PointSummary
    label: str
    anchor: str

    @property
    def outcome(self) -> Repayment:
        """What may be said of the point's break-even."""
        point = self.point
        return repayment(
            point.energy_ratio_low, point.energy_ratio_high, point.break_even_queries, point.instrument_floor
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """Points that were all compared with the same baseline.

    ``task`` is the label that records have; ``name`` is what readers see of it.
    """

    number: int
    task: str
    name: str
    title: str
    entries: tuple[Entry, ...]

    @property
    def run(self) -> str:
        """The run that the points are from; points of two runs never share a group."""
        return self.entries[0].point.run

    @property
    def ok(self) -> list[Entry]:
        """Entries with figures."""
        return [entry for entry in self.entries if entry.point.status == "ok"]

    @property
    def scored(self) -> list[Entry]:
        """Entries that can stand in a trade-off chart."""
        return [e for e in self.ok if e.point.score is not None and e.point.energy_per_query_j is not None]

    @property
    def baseline_j(self) -> float | None:
        """Mean energy per query of the baseline over all points of the group; None where none was read."""
        return pooled_baseline_j(entry.point for entry in self.ok)

    @property
    def is_training(self) -> bool:
        """Whether the points trained."""
        return self.entries[0].point.phase == "training"

    @property
    def is_whole_training(self) -> bool:
        """Whether a query is a whole training here."""
        return any(entry.point.is_whole_training for entry in self.entries)

    @property
    def is_per_sample(self) -> bool:
        """Whether a query is a training sample here."""
        return self.is_training and not self.is_whole_training

    @property
    def query(self) -> str:
        """What one query is called; to be translated where it is shown."""
        if self.is_whole_training:
            return N_("training")
        return N_("training sample") if self.is_training else N_("query")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that the sections draw from: ``results`` in ``groups``, and the grid that carbon counts with."""

    results: RunResults
    groups: tuple[Group, ...]
    grid: Grid
    with_cpu_estimate: bool
    """Whether the estimate of the CPU's energy is shown beside a GPU's, where it says nothing."""
    imported: tuple[ImportedRow, ...] = ()
    """Results of other tools that were put beside the runs."""

    @property
    def run(self) -> str:
        """The report's title: the name of the run, or of all runs."""
        return self.results.title

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the runs."""
        return self.results.runs

    @property
    def points(self) -> tuple[PointSummary, ...]:
        """All points, in the order in which they were first started."""
        return self.results.points

    @property
    def unreadable(self) -> tuple[str, ...]:
        """A line for each record file that was left out."""
        return self.results.unreadable

    @property
    def superseded(self) -> int:
        """Attempts at points that another attempt stands for."""
        return self.results.superseded

    @property
    def stability(self) -> Stability:
        """What the baselines that were measured against themselves say."""
        return self.results.stability

    @property
    def common_config(self) -> dict[str, Any]:
        """What all points were configured with, keys joined by dots."""
        return self.results.common_config

    def own_config(self, point: PointSummary) -> dict[str, Any]:
        """What sets a point's configuration apart from ``common_config``."""
        return self.results.own_config(point)

    def count(self, status: str) -> int:
        """How many points ended so."""
        return sum(point.status == status for point in self.points)

    @functools.cached_property
    def names(self) -> dict[str, str]:
        """What tasks, models and workloads are called, by their labels."""
        return names_of(self.points)

    def called(self, label: str) -> str:
        """A task or workload of the report as words."""
        return labels.words(self.names.get(label, label))

    @property
    def tasks(self) -> list[str]:
        """Tasks in order of appearance."""
        return list(dict.fromkeys(group.task for group in self.groups))

    @property
    def bases(self) -> list[str]:
        """What the headline figures are: measured, estimated, simulated, replayed."""
        return sorted({point.energy_basis for point in self.points if point.energy_basis})


def make_report(
    results: RunResults, grid: Grid, *, with_cpu_estimate: bool = False, imported: Sequence[ImportedRow] = ()
) -> Report:
    """Puts the points of a run, or of several, into groups."""
    return Report(
        results=results,
        groups=tuple(groups_of(results.points)),
        grid=grid,
        with_cpu_estimate=with_cpu_estimate,
        imported=tuple(imported),
    )


def groups_of(points: Sequence[PointSummary]) -> list[Group]:
    """Groups of points that share a run and a baseline; their titles name the run where there are several."""
    by_baseline: dict[tuple[str, tuple[Any, ...]], list[PointSummary]] = {}
    for point in points:
        by_baseline.setdefault((point.run, baseline_of(point)), []).append(point)
    task_order = {task: place for place, task in enumerate(dict.fromkeys(point.task for point in points))}
    names = names_of(points)
    is_one_run = len({point.run for point in points}) <= 1
    # Within a task: inference before training, else in order of appearance (sorted is stable).
    ordered = sorted(by_baseline.items(), key=lambda item: (task_order[item[0][1][0]], item[0][1][1]))
    return [
        Group(
            number=number,
            task=key[0],
            name=labels.words(names[key[0]]),
            title=_title(key, names) if is_one_run else f"{run} · {_title(key, names)}",
            entries=_entries(number, members),
        )
        for number, ((run, key), members) in enumerate(ordered, start=1)
    ]


def names_of(points: Sequence[PointSummary]) -> dict[str, str]:
    """What tasks, models and workloads of ``points`` are called, by their labels."""
    return labels.told_apart(label for point in points for label in (point.task, point.model, point.workload))


def _title(key: tuple[Any, ...], names: Mapping[str, str]) -> str:
    phase, workload, model, batch_size, dtype, runtime, device = key[1:8]
    device_map = key[9]
    batch = _("batch {size}").format(size=batch_size)
    ran = [] if workload == "training_steps" else [labels.words(names[workload])]
    executed = [] if runtime == "eager" else [runtime]
    spread = [f"device_map {device_map}"] if device_map else []
    return " · ".join([text.words(phase), *ran, batch, dtype, *executed, device, *spread, names[model]])


def _entries(number: int, members: Sequence[PointSummary]) -> tuple[Entry, ...]:
    found = _labels(members)
    order = sorted(range(len(members)), key=lambda index: _place(members[index]))
    return tuple(
        Entry(point=members[index], label=found[index], anchor=f"p{number}-{members[index].point_id}")
        for index in order
    )


def _place(point: PointSummary) -> tuple[int, bool, float]:
    """Baseline first, then the most saving first, then failed and skipped ones."""
    ratio = point.energy_ratio if point.energy_ratio is not None else float("inf")
    return STATUS_ORDER.get(point.status, 3), point.mitigation != "none", ratio


def _labels(members: Sequence[PointSummary]) -> list[str]:
    """Names of the stacks, with those parameters in which points of the same stack differ.

    A parameter that the technique is named after is always told: ``batch_size`` with a ``size`` of 64 is ``batch size
    64``.
    """
    params = [_params(point) for point in members]
    twins = Counter(point.mitigation for point in members)
    values: dict[tuple[str, str], list[str]] = {}
    for point, mine in zip(members, params, strict=True):
        for key, value in mine.items():
            values.setdefault((point.mitigation, key), []).append(text.value(value))
    differ = {key for key, seen in values.items() if len(set(seen)) > 1 or len(seen) < twins[key[0]]}
    found = []
    for point, mine in zip(members, params, strict=True):
        name = _("baseline (A/A)") if point.mitigation == "none" else text.key_words(point.mitigation)
        namesake = _namesake(point, mine)
        if namesake is not None:
            name = f"{name} {text.value(mine[namesake])}"
        differing = [
            f"{text.key_words(key.rpartition('.')[2])} {text.value(value)}"
            for key, value in mine.items()
            if (point.mitigation, key) in differ and key != namesake
        ]
        found.append(f"{name} ({', '.join(differing)})" if differing else name)
    return found


def _namesake(point: PointSummary, params: Mapping[str, Any]) -> str | None:
    """The parameter of the stack's last technique that the technique is named after; None where there is none."""
    for key in params:
        place, _, parameter = key.partition(".")
        if int(place) == len(point.mitigations) - 1 and f"_{point.mitigation}".endswith(f"_{parameter}"):
            return key
    return None


def _params(point: PointSummary) -> dict[str, Any]:
    """Parameters of a stack, under the place of each technique in it."""
    return {
        f"{index}.{key}": value
        for index, use in enumerate(point.mitigations)
        for key, value in flatten(use["params"]).items()
    }
