"""A budget of time for a run: every point gets its fewest blocks first, then blocks go where a verdict is open.

Everything counts from the command's start: set-up, scoring, and the report, for which some time is kept back. A point
that does not fit is skipped with the kind ``budget``; the same command again measures it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import msgspec
import psutil

from suite.analysis.summary import summarise_record
from suite.config.composition import budget_s
from suite.config.plan import PlannedPoint
from suite.measure.block_limits import BUDGET, Limits
from suite.measure.draft import Draft
from suite.record.schema import Reason, Record
from suite.record.store import load, save
from suite.stats.denominator import as_compared
from suite.stats.paired import headline_component, paired_ratio
from suite.sweep.forecast import point_s
from suite.sweep.point_run import Reporter, run_one

_REPORT_S, _REPORT_S_A_POINT, _MOST_REPORT_S = 5.0, 0.2, 20.0  # of building the page, for points that were measured


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget:
    """Until when points may be measured.

    Attributes:
        text: as the user wrote it.
        deadline_s: moment of ``time.monotonic`` at which the last point has ended.
    """

    text: str
    deadline_s: float

    @classmethod
    def of(cls, points: Sequence[PlannedPoint]) -> Budget | None:
        """The budget that ``points`` state, counted from the start of this process; None where they state none."""
        text = points[0].budget
        seconds = budget_s(text)
        if seconds is None:
            return None
        spent_s = time.time() - psutil.Process().create_time()
        kept_s = min(_MOST_REPORT_S, _REPORT_S + _REPORT_S_A_POINT * len(points))
        return cls(text=str(text), deadline_s=time.monotonic() + seconds - spent_s - kept_s)

    @property
    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline_s - time.monotonic()


class BudgetedSweep:
    """Measures points one at a time within a budget."""

    def __init__(self, points: Sequence[PlannedPoint], budget: Budget, reporter: Reporter) -> None:
        """Of ``points``, all of one run, in their order."""
        self._points, self._budget, self._reporter = points, budget, reporter
        self._took_s: list[float] = []
        self._left_out_count = 0

    def fewest_blocks(self, point: PlannedPoint) -> Record:
        """Measures a point's fewest blocks, or records that there is no time for it."""
        if self._budget.left_s < self._needed_s(point):
            return self._left_out(point)
        limits = Limits(most_blocks=point.plan.protocol.min_blocks, deadline_s=self._budget.deadline_s)
        began_s = time.monotonic()
        record = run_one(point, self._reporter, limits=limits)
        if record.status == "ok":
            self._took_s.append(time.monotonic() - began_s)
        return record

    def more_blocks(self, records: Sequence[Record]) -> list[Record]:
        """While time is left: further blocks for the points whose interval is not narrow yet.

        Those whose verdict is open come first, of these the widest interval.
        """
        points = {point.plan.point.point_id: point for point in self._points}
        open_points = sorted(
            (record for record in records if record.status == "ok" and not record.converged),
            key=lambda record: (is_open(record), _width(record)),
            reverse=True,
        )
        made = []
        for record in open_points:
            point = points[record.point_id]
            if self._budget.left_s < self._needed_s(point):
                continue
            limits = Limits.going_on_from(record, self._budget.deadline_s)
            made.append(run_one(point, self._reporter, limits=limits))
        return made

    def _needed_s(self, point: PlannedPoint) -> float:
        """A point's set-up and fewest blocks: as the points before it took, at first as the protocol foretells."""
        if not self._took_s:
            return point_s(point.plan.protocol, point.plan.point.device)[0]
        ordered = sorted(self._took_s)
        return ordered[len(ordered) // 2]

    def _left_out(self, point: PlannedPoint) -> Record:
        message = f"no time was left for it in budget={self._budget.text}; the same command again measures it"
        self._left_out_count += 1
        draft = Draft(plan=point.plan)
        folder = point.plan.run_folder / "records"
        return load(save(draft.record("skipped", Reason(kind=BUDGET, message=message)), folder))

    def tell_left_out(self) -> None:
        """One line for all points that there was no time for."""
        if self._left_out_count:
            why = f"no time was left in budget={self._budget.text}; the same command again measures them"
            self._reporter.left_out(self._left_out_count, why)


def is_open(record: Record) -> bool:
    """Whether it is not known yet if a measured point saves energy, costs energy or does neither."""
    energy_alone = msgspec.structs.replace(record, scores=None)  # no block changes what is known of the accuracy
    return summarise_record("", energy_alone, None).verdict == "inconclusive"


def _width(record: Record) -> float:
    """Half-width of the energy ratio over the ratio; 0 where there is none, so that it comes last."""
    windows = as_compared(record.windows, record.denominator)
    component = headline_component(windows)
    ratio = paired_ratio(windows, component) if component else None
    return 0.0 if ratio is None or ratio.half_width is None else ratio.half_width / ratio.estimate
