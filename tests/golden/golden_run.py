"""The run behind ``results.csv``: few points, figures that can be worked out by hand.

Every window has 100 queries of 1 J a query in 1 s for the baseline, so a block ratio r means r J a query. CO2e is
r * 1000 / 3.6e6 * 475 g. Scores: 400 items of which the baseline has 360 right, or 100 and 90. Six points have an
interval of the energy; three of them save, so scores are corrected for three comparisons.

- none: ratio 1, nothing changes: one answer lost and one won are added to 400, which leaves a loss of up to
  t(399) * sqrt(2 * 400/399) / 402 = 0.0069247 open; off the front, for structured pruning scores the same with less
  energy.
- structured_pruning: ratio 0.5, same answers: saves; 10 J to apply are repaid after 10 / 0.5 = 20 queries.
- distillation: ratio 0.25, 10 right answers lost: delta -0.1, its interval around -10/102 with a half width
  of t(99) * sqrt((12 - 102 (10/102)^2) * 100/99) / 102 = 0.0649014.
- bf16: two blocks, 0.5 and 2 J a query: geometric mean 1, as of the ratios, interval
  exp(+-12.7062 * ln 2): inconclusive. Swapped, not converged.
- fp16: ratio 4 in four times the time: costs energy; batch of 10 in 0.4 s.
- int8_dynamic: no windows worth a row: failed. tf32: skipped.
- a GPU point: 2 J a query, 150 J of 100 J in 1 s over idle 50 W: net ratio (1 - 0.5) / (2 - 0.5) = 1/3. Of 10 new
  tokens a query the first costs 0.2 and 0.08 J (ratio 0.4), the others (2 - 0.2) / 9 and (1 - 0.08) / 9 J each; with
  40 tokens of prompt 1 / 50 J a token, of the baseline 2 / 10 and 2 / 50.
"""

from __future__ import annotations

from suite.record.schema import ApplyCost, Idle, Reason, Record
from tests.synthetic import COUNTER, ESTIMATED, binary_scores, environment, record, windows

SAME, LOST = binary_scores(360, 0, 0, 40), binary_scores(80, 10, 0, 10)


def golden_run() -> list[Record]:
    """The records, in order."""
    cost = ApplyCost(duration_s=2.0, energy_j={"cpu": 10.0}, method={"cpu": ESTIMATED})
    beside = {"cpu": (0.1, ESTIMATED)}
    gpu = windows(
        [0.5] * 4, baseline_j=2.0, component="gpu", method=COUNTER, beside=beside, tokens=1000, latencies=True
    )
    no_gpu = Reason(kind="not_applicable", message="no GPU")
    return [
        record(run_windows=windows([1.0] * 4), scores=SAME),
        record(
            mitigations=(("structured_pruning", {"ratio": 0.5}),),
            run_windows=windows([0.5] * 4, time_ratio=0.5),
            scores=SAME,
            apply_cost=cost,
            candidate={"bytes": 2_000_000},
            peak=(60_000_000, 30_000_000),
            minute=1,
        ),
        record(
            mitigations=(("distillation", {}),),
            run_windows=windows([0.25] * 4),
            scores=LOST,
            apply_cost=cost,
            minute=2,
        ),
        record(mitigations=(("bf16", {}),), run_windows=windows([0.5, 2.0]), scores=SAME, converged=False, minute=3),
        record(mitigations=(("fp16", {}),), run_windows=windows([4.0] * 4, time_ratio=4.0), scores=SAME, minute=4),
        record(
            mitigations=(("int8_dynamic", {}),),
            status="failed",
            reason=Reason(kind="no_effect", message="no layer was converted"),
            minute=5,
        ),
        record(mitigations=(("tf32", {}),), status="skipped", reason=no_gpu, minute=6),
        record(
            task="text_generation",
            model="llama_1b",
            mitigations=(("structured_pruning", {"ratio": 0.5}), ("nf4", {})),
            workload="single_stream",
            batch_size=1,
            device="cuda",
            dtype="bfloat16",
            run_windows=gpu,
            prefill_windows=windows([0.4] * 4, baseline_j=0.2, component="gpu", method=COUNTER, tokens=100)[:16:2],
            prompt_tokens_per_query=40.0,
            idle=Idle(power_w={"gpu": 50.0}, method={"gpu": COUNTER}),
            where=environment(gpu="Example GPU"),
            minute=7,
        ),
    ]
