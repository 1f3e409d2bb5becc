"""Is a known ratio found, and does a 95 % interval hold the truth 95 times in a hundred?"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

from benchmarks.measurement.paired import paired_windows
from benchmarks.measurement.table import Row
from benchmarks.measurement.virtual import QUERY_S, CounterOnly, World, protocol, real_codecarbon, world
from suite.analysis.point.accuracy import compare_scores
from suite.measure.window_plan import plan_windows
from suite.measure.windows import tick_aligned_window
from suite.meters.simulated import Instrument
from suite.record.schema import Arm, Scores, Window
from suite.stats.interval import Interval
from suite.stats.paired import paired_ratio, whole_blocks

RATIO = 0.8
DRIFT = 0.06
RATIO_WITHIN = 0.01
COVERAGE = (0.93, 0.98)
_DRIFT_S = 60.0
_NOISE = 0.01  # SD of power, drawn anew each second: about 0.45 % of a window of 5 s
_MORE_NOISE = 0.02  # so that the stopping rule is not always content with the first four blocks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Compared:
    """The ratio that was found, and the blocks it took."""

    interval: Interval
    blocks: int

    def covers(self, truth: float) -> bool:
        return self.interval.holds(truth)


def compare(ratio: float, instrument: Instrument, seed: int, *, noise: float = _NOISE) -> Compared:
    """One comparison as the runner makes it: ABBA, BAAB, … of gated windows, until the interval is narrow."""
    return _compared(ratio, instrument, seed, noise, _alternating)


def compare_in_sequence(ratio: float, instrument: Instrument, seed: int) -> Compared:
    """All windows of the baseline, then all of the candidate: what drift does where nothing cancels it."""
    return _compared(ratio, instrument, seed, _NOISE, _sequential)


def _compared(
    ratio: float, instrument: Instrument, seed: int, noise: float, measured: Callable[[World], list[Window]]
) -> Compared:
    changes: dict[str, Any] = {"drift": DRIFT, "drift_s": _DRIFT_S, "noise": noise, "noise_s": 1.0, "seed": seed}
    with world(ratio, instrument, **changes) as here:
        windows = measured(here)
    interval = paired_ratio(windows, "gpu")
    assert interval is not None
    return Compared(interval=interval, blocks=len(whole_blocks(windows)))


def _alternating(here: World) -> list[Window]:
    rules = protocol()
    seconds: dict[Arm, float] = {"baseline": QUERY_S, "candidate": QUERY_S}
    plan = plan_windows(here.arms, seconds, rules, ticker=here.ticker(), swapped=False)
    return paired_windows(here.arms, plan, rules, here.meter)


def _sequential(here: World, blocks: int = 8) -> list[Window]:
    seconds: dict[Arm, float] = {"baseline": QUERY_S, "candidate": QUERY_S}
    plan = plan_windows(here.arms, seconds, protocol(), ticker=here.ticker(), swapped=False)
    return [
        tick_aligned_window(
            arm, plan.queries[name], block, here.meter,
            ticker=here.ticker(), step=plan.steps[name], pre_roll=plan.pre_rolls[name],
        )
        for name, arm in here.arms.items()
        for block in range(blocks)
    ]  # fmt: skip


def energy_coverage(count: int) -> tuple[float, float]:
    """Share of ``count`` comparisons whose interval holds the true ratio, and the mean number of blocks they took."""
    found = [compare(RATIO, CounterOnly(), seed, noise=_MORE_NOISE) for seed in range(count)]
    return sum(each.covers(RATIO) for each in found) / count, sum(each.blocks for each in found) / count


def accuracy_coverage(count: int, *, clustered: bool, items: int = 500, seed: int = 0) -> float:
    """Share of ``count`` simulated test sets whose interval of the accuracy's change holds its true value.

    The candidate loses 6 % of the baseline's right answers and gains 30 % of its wrong ones, or, where items come in
    fives from one source, loses 12 % of the answers of half of the sources and none of the others'.
    """
    draw, covered = random.Random(seed), 0
    right, gained, cluster = 0.9, 0.3, 5
    truth = -0.06 * right + gained * (1 - right)
    for _ in range(count):
        baseline = [float(draw.random() < right) for _ in range(items)]
        lost = [0.12 * draw.randrange(2) for _ in range(items // cluster)] if clustered else []
        candidate = [
            float(draw.random() >= (lost[index // cluster] if clustered else 0.06))
            if was
            else float(draw.random() < gained)
            for index, was in enumerate(baseline)
        ]
        found = compare_scores(
            Scores(
                metric="accuracy", higher_is_better=True, baseline=baseline, candidate=candidate,
                clusters=[index // cluster for index in range(items)] if clustered else None,
            )
        )  # fmt: skip
        assert found is not None
        covered += found.delta.holds(truth)
    return covered / count


def rows(count: int = 1000) -> list[Row]:
    """The table's part."""
    known, control = compare(RATIO, real_codecarbon(), 0), compare_in_sequence(RATIO, real_codecarbon(), 0)
    same = compare(1.0, real_codecarbon(), 1)
    near = abs(known.interval.estimate / RATIO - 1) <= RATIO_WITHIN
    share, blocks = energy_coverage(count)
    lines = [
        _ratio_row(
            f"true ratio 0.800, {DRIFT:.0%} drift, ABBA", known, "within 1 %, covered", near and known.covers(RATIO)
        ),
        _ratio_row("the same, one arm after the other", control, "a control: must miss", not control.covers(RATIO)),
        _ratio_row(f"true ratio 1.000 (A/A), {DRIFT:.0%} drift, ABBA", same, "covered", same.covers(1.0)),
        _coverage_row(f"energy ratio, drift, stopping rule (mean {blocks:.1f} blocks)", share, count),
    ]
    for clustered in (False, True):
        kind = "clustered" if clustered else "independent"
        share = accuracy_coverage(count, clustered=clustered)
        lines.append(_coverage_row(f"accuracy change, {kind} 0/1 scores", share, count))
    return lines


def _ratio_row(name: str, found: Compared, target: str, met: bool) -> Row:
    interval = found.interval
    return Row(
        name=name, figure=f"{interval.estimate:.4f} [{interval.low:.4f}, {interval.high:.4f}]", target=target, met=met
    )


def _coverage_row(name: str, share: float, count: int) -> Row:
    low, high = COVERAGE
    return Row(
        name=f"95 % interval holds the truth: {name}",
        figure=f"{share:.1%} of {count}",
        target=f"{low:.0%} to {high:.0%}",
        met=low <= share <= high,
    )
