"""How often is a change of energy claimed where there is none?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.measurement.intervals import compare
from benchmarks.measurement.table import Row
from benchmarks.measurement.virtual import CounterOnly
from suite.analysis.run.judgement import judged
from suite.analysis.summary import PointSummary
from suite.analysis.verdict import FLOOR, verdict_on
from suite.stats.outliers import outlying
from suite.stats.paired import FAR, ratio_interval

SILENT = ("no-detectable-change", "inconclusive")
AA_POINTS, MOST_AA = 100, 10
RUNS, POINTS, MOST_FALSE = 200, 30, 0.05
BLOCKS, STOP_LEVEL = (4, 16), 0.97
_NOISE = 0.01


def aa_verdicts(count: int) -> list[str]:
    """Verdicts of comparisons of a simulated board with itself, each by itself, at the smallest floor."""
    found = [compare(1.0, CounterOnly(), seed, noise=0.02).interval for seed in range(count)]
    return [
        verdict_on(ratio_low=each.low, ratio_high=each.high, scored=False, delta_low=None, delta_high=None, margin=0.0)
        for each in found
    ]


def null_run(draw: np.random.Generator, points: int, truth: float, target: float = 0.01) -> list[PointSummary]:
    """A judged run of techniques whose true energy ratio is ``truth``, each measured until the stopping rule is met."""
    return judged([_point(number, _blocks(draw, truth, target)) for number in range(points)])


def _blocks(draw: np.random.Generator, truth: float, target: float) -> list[float]:
    fewest, most = BLOCKS
    ratios: list[float] = (truth * np.exp(draw.normal(0.0, draw.uniform(0.5, 2.0) * _NOISE, most))).tolist()
    for count in range(fewest, most):
        interval = ratio_interval(ratios[:count], STOP_LEVEL)
        assert interval is not None
        assert interval.half_width is not None
        if interval.half_width <= target * interval.estimate:
            return ratios[:count]
    return ratios


def _point(number: int, ratios: Sequence[float]) -> PointSummary:
    interval = ratio_interval(ratios)
    assert interval is not None
    texts = ("run", "task", "model", "mitigation", "mitigation_params", "phase", "workload", "dtype", "device")
    fields: dict[str, Any] = dict.fromkeys((*texts, "record_id", "started_at", "finished_at"), "simulated")
    return PointSummary(
        **fields,
        point_id=str(number),
        batch_size=1,
        baseline_batch_size=1,
        hardware=None,
        status="ok",
        reason=None,
        verdict="inconclusive",
        mitigations=[],
        block_energy_ratios=list(ratios),
        energy_ratio=interval.estimate,
        energy_ratio_low=interval.low,
        energy_ratio_high=interval.high,
    )


def runs_with_a_claim(runs: int, truth: float) -> tuple[float, float]:
    """Share of runs of null points in which any point is claimed to change: each by itself, and after correction."""
    draw = np.random.default_rng(11)
    found = [null_run(draw, POINTS, truth) for _ in range(runs)]
    raw = sum(any(point.verdict not in SILENT for point in run) for run in found)
    corrected = sum(any(point.verdict_corrected not in SILENT for point in run) for run in found)
    return raw / runs, corrected / runs


def hung_coverage(count: int, blocks: int, hung: int, *, heavy: bool = False) -> tuple[float, float]:
    """Coverage of the 95 % interval of a ratio, and the share of good blocks left out, with ``hung`` hung blocks.

    Good blocks scatter by 2 %; ``heavy``: with the tails of Student's t at 3 degrees of freedom.
    """
    draw = np.random.default_rng([blocks, hung, heavy])
    held = wrongly = 0
    for _ in range(count):
        noise = draw.standard_t(3, blocks) / math.sqrt(3) if heavy else draw.normal(size=blocks)
        logs = math.log(0.45) + 0.02 * noise
        logs[:hung] += draw.choice([-1, 1], hung) * draw.uniform(math.log(2), math.log(100), hung)
        flags = outlying(logs.tolist(), math.log(FAR))
        kept = [math.exp(value) for value, is_out in zip(logs, flags, strict=True) if not is_out]
        interval = ratio_interval(kept)
        assert interval is not None
        held += interval.holds(0.45)
        wrongly += sum(flags[hung:])
    return held / count, wrongly / (count * (blocks - hung))


def rows(count: int = 4000) -> list[Row]:
    """The table's part."""
    loud = sum(verdict not in SILENT for verdict in aa_verdicts(AA_POINTS))
    lines = [
        Row(
            name=f"{AA_POINTS} comparisons of a board with itself: verdicts other than no change or inconclusive",
            figure=f"{loud}",
            target=f"at most {MOST_AA}",
            met=loud <= MOST_AA,
        )
    ]
    for truth, name in ((1.0, "no change"), (1 / (1 + FLOOR), "a change as large as the floor")):
        raw, corrected = runs_with_a_claim(RUNS, truth)
        lines.append(
            Row(
                name=f"{RUNS} runs of {POINTS} points with {name}: runs with a false claim, uncorrected and corrected",
                figure=f"{raw:.1%}, {corrected:.1%}",
                target=f"corrected at most {MOST_FALSE:.0%}",
                met=corrected <= MOST_FALSE,
            )
        )
    for blocks, hung, heavy in (
        (4, 0, False),
        (16, 0, False),
        (16, 0, True),
        (4, 1, False),
        (8, 1, False),
        (16, 1, False),
        (16, 3, False),
    ):
        share, wrongly = hung_coverage(count, blocks, hung, heavy=heavy)
        tails = ", heavy tails" if heavy else ""
        lines.append(
            Row(
                name=f"95 % interval of a ratio of {blocks} blocks, {hung} of them hung{tails}; good ones left out",
                figure=f"{share:.1%} of {count}; {wrongly:.2%}",
                target="93% to 98%",
                met=0.93 <= share <= 0.98,
            )
        )
    return lines


if __name__ == "__main__":
    from benchmarks.measurement.table import text

    print(text(rows()))
