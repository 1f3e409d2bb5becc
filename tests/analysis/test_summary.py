import math

import msgspec
import pytest

from suite.analysis.run.stability import stability
from suite.analysis.summary import CSV_COLUMNS, summarise, summarise_record
from suite.record.schema import ApplyCost, Idle, Reason, Scores
from tests.synthetic import COUNTER, ESTIMATED, binary_scores, environment, record, windows

WORLD = 475.0
BITS = [1.0, 1.5, 2.5, 3.0]
HALF = [0.5, 0.5, 0.5, 0.5]
PRUNING = (("structured_pruning", {"ratio": 0.5}),)

DESIGNED_COLUMNS = (
    "run, point_id, task, model, mitigation, mitigation_params, phase, workload, batch_size, baseline_batch_size, "
    "dtype, runtime, device, hardware, status, reason, queries, device_map, denominator, "
    "energy_per_query_j, baseline_energy_per_query_j, "
    "energy_ratio, energy_ratio_low, energy_ratio_high, net_energy_ratio, net_energy_ratio_low, net_energy_ratio_high, "
    "energy_per_token_j, baseline_energy_per_token_j, energy_per_total_token_j, baseline_energy_per_total_token_j, "
    "energy_per_request_ratio, energy_per_request_ratio_low, energy_per_request_ratio_high, "
    "prefill_energy_per_query_j, baseline_prefill_energy_per_query_j, "
    "prefill_energy_ratio, prefill_energy_ratio_low, prefill_energy_ratio_high, decode_energy_per_token_j, "
    "baseline_decode_energy_per_token_j, decode_energy_ratio, decode_energy_ratio_low, decode_energy_ratio_high, "
    "energy_basis, converged, pairing, latency_ms_p50, latency_ms_p95, latency_ms_p99, latency_ratio, throughput_qps, "
    "first_token_ms_p50, first_token_ms_p95, baseline_first_token_ms_p50, baseline_first_token_ms_p95, "
    "between_tokens_ms_p50, between_tokens_ms_p95, baseline_between_tokens_ms_p50, baseline_between_tokens_ms_p95, "
    "tokens_per_s, baseline_tokens_per_s, "
    "peak_memory_mb, model_mb, metric, baseline_score, score, score_delta, score_delta_low, score_delta_high, "
    "energy_per_correct_j, baseline_energy_per_correct_j, "
    "apply_energy_j, break_even_queries, co2e_g_per_1000, co2e_ratio, co2e_ratio_low, co2e_ratio_high, "
    "verdict, verdict_corrected, pareto"
)


def summary(**fields):
    return summarise_record("run", record(**fields), WORLD)


def test_columns_are_those_of_the_design_in_order():
    assert ", ".join(CSV_COLUMNS) == DESIGNED_COLUMNS


def test_a_point_that_saves():
    point = summary(
        mitigations=PRUNING,
        run_windows=windows(HALF),
        scores=binary_scores(right=360, lost=0, won=0, wrong=40),
        apply_cost=ApplyCost(duration_s=2.0, energy_j={"cpu": 10.0}, method={"cpu": ESTIMATED}),
    )
    assert point.verdict == "saves"
    assert point.queries == 800  # two candidate windows of 100 in each of four blocks
    assert point.energy_per_query_j == pytest.approx(0.5)
    assert point.baseline_energy_per_query_j == pytest.approx(1.0)
    assert (point.energy_ratio_low, point.energy_ratio_high) == (pytest.approx(0.5), pytest.approx(0.5))
    assert point.energy_basis == "estimated"
    assert point.break_even_queries == pytest.approx(20.0)
    assert point.co2e_g_per_1000 == pytest.approx(500 / 3.6e6 * 475)
    assert point.mitigation_params == '{"structured_pruning":{"ratio":0.5}}'


def test_a_relative_margin_is_a_share_of_the_baselines_score():
    # Bits per byte rise by about 0.015 on a baseline of 2: within 1 % of 2, though above 0.01.
    bits = Scores(
        metric="bits_per_byte", higher_is_better=False, baseline=BITS, candidate=[b + 0.015 + b / 1e4 for b in BITS]
    )
    fields = {"mitigations": PRUNING, "run_windows": windows(HALF), "scores": bits, "margin": 0.01}
    assert summary(**fields, margin_relative=True).verdict == "saves"
    assert summary(**fields, margin_relative=False).verdict == "saves-but-loses-accuracy"


def test_a_skipped_point_has_its_reason_and_no_figures():
    point = summary(
        mitigations=(("tf32", {}),), status="skipped", reason=Reason(kind="not_applicable", message="no GPU")
    )
    assert (point.verdict, point.reason, point.batch_size) == ("skipped", "no GPU", None)
    assert point.energy_ratio is point.queries is point.score is point.converged is None


def test_a_failed_point_shows_no_figures_even_if_it_has_windows():
    point = summary(
        status="failed", reason=Reason(kind="impossible_output", message="zero joules"), run_windows=windows(HALF)
    )
    assert (point.verdict, point.energy_ratio) == ("failed", None)


def test_one_block_is_inconclusive():
    point = summary(mitigations=PRUNING, run_windows=windows([0.5]))
    assert (point.verdict, point.energy_ratio, point.energy_ratio_low) == ("inconclusive", pytest.approx(0.5), None)


def test_apply_energy_of_another_basis_is_not_weighed_against_the_saving():
    cost = ApplyCost(duration_s=2.0, energy_j={"gpu": 10.0}, method={"gpu": "estimated:power_samples"})
    point = summary(mitigations=PRUNING, run_windows=windows(HALF, component="gpu", method=COUNTER), apply_cost=cost)
    assert (point.apply_energy_j, point.break_even_queries) == (None, None)


def test_apply_energy_of_another_component_is_not_weighed_against_the_saving():
    cost = ApplyCost(duration_s=2.0, energy_j={"cpu": 10.0}, method={"cpu": ESTIMATED})
    point = summary(mitigations=PRUNING, run_windows=windows(HALF, component="gpu", method=COUNTER), apply_cost=cost)
    assert point.apply_energy_j is None


def test_net_ratio_only_where_idle_was_measured():
    measured = Idle(power_w={"gpu": 20.0}, method={"gpu": COUNTER})
    seen = windows(HALF, component="gpu", method=COUNTER)
    assert summary(run_windows=seen, idle=measured).net_energy_ratio == pytest.approx(0.375)
    assert summary(run_windows=seen).net_energy_ratio is None


def test_net_energy_stands_beside_its_idle_power():
    both = Idle(power_w={"gpu": 20.0}, method={"gpu": COUNTER}, before_w={"gpu": 19.0}, after_w={"gpu": 21.0})
    point = summary(run_windows=windows(HALF, component="gpu", method=COUNTER), idle=both)
    # 100 queries in 1 s: 0.2 J of 1 J and of 0.5 J.
    assert (point.idle_before_w, point.idle_power_w, point.idle_after_w) == (19.0, 20.0, 21.0)
    assert (point.baseline_net_energy_per_query_j, point.net_energy_per_query_j) == (
        pytest.approx(0.8),
        pytest.approx(0.3),
    )
    assert point.net_energy_ratio_low == pytest.approx(0.29 / 0.79)
    assert point.net_energy_ratio_high == pytest.approx(0.31 / 0.81)


@pytest.mark.parametrize("basis", ["measured", "estimated", "simulated", "replayed"])
def test_every_basis_has_a_verdict_and_its_own_name(basis):
    point = summary(mitigations=PRUNING, run_windows=windows(HALF, component="gpu", method=f"{basis}:x"))
    assert (point.energy_basis, point.verdict) == (basis, "saves-accuracy-not-measured")


def test_how_the_windows_were_measured_is_kept():
    point = summary(run_windows=windows(HALF, slices=20))
    assert point.instrument is not None
    assert (point.instrument.windows, point.instrument.slices) == (16, 20)


def test_carbon_is_of_the_headline_alone():
    seen = windows([1.0] * 4, baseline_j=3.6, component="gpu", method=COUNTER, beside={"cpu": (9.9, ESTIMATED)})
    assert summary(run_windows=seen).co2e_g_per_1000 == pytest.approx(3600 / 3.6e6 * 475)


def test_the_candidates_batch_size_is_the_one_seen():
    point = summary(
        mitigations=(("batch_size", {"batch_size": 64}),), run_windows=windows(HALF), candidate={"batch_size": 64}
    )
    assert (point.batch_size, point.baseline_batch_size) == (64, 32)


def test_scores_that_are_not_numbers_are_named_and_not_shown():
    broken = Scores(metric="accuracy", higher_is_better=True, baseline=[1.0, 1.0], candidate=[1.0, math.nan])
    point = summary(mitigations=PRUNING, run_windows=windows(HALF), scores=broken)
    assert (point.score, point.verdict) == (None, "saves-accuracy-not-measured")
    assert [warning.code for warning in point.warnings] == ["unusable_scores"]


def test_windows_of_mixed_bases_are_named_and_not_added():
    point = summary(mitigations=PRUNING, run_windows=[*windows(HALF), *windows(HALF, method="measured:rapl")])
    assert (point.energy_per_query_j, point.verdict) == (None, "inconclusive")
    assert [warning.code for warning in point.warnings] == ["no_headline_energy"]


def test_front_is_taken_within_task_phase_workload_and_hardware():
    good, bad = binary_scores(90, 0, 0, 10), binary_scores(80, 10, 0, 10)
    points = summarise(
        "run",
        [
            record(run_windows=windows([1.0] * 4), scores=good),
            record(mitigations=PRUNING, run_windows=windows(HALF), scores=bad),
            record(mitigations=(("nf4", {}),), run_windows=windows([0.8] * 4), scores=bad),
            record(mitigations=(("bf16", {}),), run_windows=windows(HALF)),
            record(phase="training", workload="training_steps", run_windows=windows([9.0] * 4), scores=bad),
        ],
        WORLD,
    )
    assert [point.pareto for point in points] == [True, True, False, False, True]


def test_front_prefers_fewer_bits_per_byte():
    def bits(value):
        return Scores(metric="bits_per_byte", higher_is_better=False, baseline=[2.0, 2.0], candidate=[value, value])

    points = summarise(
        "run",
        [
            record(run_windows=windows([1.0] * 4), scores=bits(2.0)),
            record(mitigations=PRUNING, run_windows=windows([1.0] * 4), scores=bits(1.9)),
        ],
        WORLD,
    )
    assert [point.pareto for point in points] == [False, True]


def test_stability_counts_baselines_against_themselves():
    steady = record(run_windows=windows([0.99, 1.01, 1.0, 1.0]))
    shaken = record(batch_size=8, run_windows=windows([1.2, 1.21, 1.2, 1.21]))
    unknown = record(batch_size=4, run_windows=windows([1.0]))
    other = record(mitigations=PRUNING, run_windows=windows(HALF))
    found = stability(summarise("run", [steady, shaken, unknown, other], WORLD))
    assert (found.points, found.holding, found.outside) == (2, 1, [shaken.point_id])


def test_summary_survives_json():
    point = summary(mitigations=PRUNING, run_windows=windows(HALF), scores=binary_scores(9, 1, 0, 0))
    assert msgspec.json.decode(msgspec.json.encode(point), type=type(point)) == point


def test_a_test_set_too_small_for_its_margin_is_warned_of():
    # No answer changed in 100 items: a loss of 3/100 cannot be ruled out, 0.01 even less; in 400 it is 0.0075.
    few = summary(mitigations=PRUNING, run_windows=windows(HALF), scores=binary_scores(90, 0, 0, 10), margin=0.01)
    many = summary(mitigations=PRUNING, run_windows=windows(HALF), scores=binary_scores(360, 0, 0, 40), margin=0.01)
    assert [warning.code for warning in few.warnings] == ["few_scored_items"]
    assert many.warnings == []


STEADY = [0.39, 0.41, 0.43, 0.44, 0.45, 0.46, 0.47, 0.48, 0.49, 0.5, 0.52, 0.42, 0.45, 0.47, 0.44]


def with_a_hung_block():
    """Fifteen blocks of about 0.45 and the sixth, in which the machine hung in the baseline's windows."""
    seen = windows([*STEADY[:5], 0.006 * 75, *STEADY[5:]])
    hang = {"energy_j": {"cpu": 75 * 100.0}, "duration_s": 75.0}
    return [msgspec.structs.replace(w, **hang) if w.block == 5 and w.arm == "baseline" else w for w in seen]


def test_a_block_in_which_the_machine_hung_changes_no_figure():
    cost = ApplyCost(duration_s=2.0, energy_j={"cpu": 10.0}, method={"cpu": ESTIMATED})
    fields = {"mitigations": PRUNING, "apply_cost": cost}
    hung, clean = summary(run_windows=with_a_hung_block(), **fields), summary(run_windows=windows(STEADY), **fields)
    for name in (
        "energy_ratio", "energy_ratio_low", "energy_ratio_high", "energy_per_query_j", "baseline_energy_per_query_j",
        "break_even_queries", "break_even_queries_low", "break_even_queries_high", "co2e_g_per_1000", "latency_ratio",
        "throughput_qps", "queries", "verdict",
    ):  # fmt: skip
        assert getattr(hung, name) == pytest.approx(getattr(clean, name)), name
    assert (hung.left_out_blocks, clean.left_out_blocks) == ([5], [])
    assert len(hung.windows["baseline"]) == 32  # all of them are kept and shown
    assert [(each.code, "block 6" in each.message) for each in hung.warnings] == [("outlying_block", True)]


def test_joules_ratio_and_break_even_are_one_set_of_figures():
    cost = ApplyCost(duration_s=2.0, energy_j={"cpu": 10.0}, method={"cpu": ESTIMATED})
    point = summary(mitigations=PRUNING, run_windows=windows([0.3, 0.9, 0.4, 0.7]), apply_cost=cost)
    assert point.energy_per_query_j / point.baseline_energy_per_query_j == pytest.approx(point.energy_ratio)
    saved = point.baseline_energy_per_query_j - point.energy_per_query_j
    assert point.break_even_queries == pytest.approx(10.0 / saved)
    assert point.break_even_queries_low < point.break_even_queries


def test_net_joules_have_the_net_ratio():
    idle = Idle(power_w={"gpu": 20.0}, method={"gpu": COUNTER})
    point = summary(run_windows=windows([0.5, 0.7, 0.6, 0.8], component="gpu", method=COUNTER), idle=idle)
    assert point.net_energy_per_query_j / point.baseline_net_energy_per_query_j == pytest.approx(point.net_energy_ratio)


def test_what_equal_answers_of_few_sources_cannot_exclude_is_told():
    right = [1.0] * 400
    clustered = Scores(
        metric="accuracy",
        higher_is_better=True,
        baseline=right,
        candidate=right,
        clusters=[n // 10 for n in range(400)],
    )
    point = summary(mitigations=PRUNING, run_windows=windows(HALF), scores=clustered, margin=0.02)
    assert (point.verdict, point.changed_items, point.scored_sources) == ("inconclusive", 0, 40)
    assert [warning.code for warning in point.warnings] == ["few_scored_items"]
    assert "40 sources" in point.warnings[0].message


def test_a_right_answer_takes_the_energy_of_the_wrong_ones_too():
    found = summary(scores=binary_scores(right=5, lost=3, won=0, wrong=2), run_windows=windows(HALF, baseline_j=2.0))
    assert found.baseline_energy_per_correct_j == pytest.approx(2.0 / 0.8)
    assert found.energy_per_correct_j == pytest.approx(1.0 / 0.5)


def test_scores_that_are_not_right_or_wrong_have_no_right_answer():
    scores = Scores(metric="bits_per_byte", higher_is_better=False, baseline=BITS, candidate=BITS)
    found = summary(scores=scores, run_windows=windows(HALF))
    assert (found.energy_per_correct_j, found.baseline_energy_per_correct_j) == (None, None)


def test_no_right_answer_has_no_energy_rather_than_an_endless_one():
    found = summary(scores=binary_scores(right=0, lost=3, won=0, wrong=2), run_windows=windows(HALF, baseline_j=2.0))
    assert found.baseline_energy_per_correct_j == pytest.approx(2.0 / 0.6)
    assert found.energy_per_correct_j is None


@pytest.mark.parametrize(
    ("names", "hardware"),
    [
        (["H100"], "Example GPU"),
        (["H100", "H100"], "2 \N{MULTIPLICATION SIGN} H100"),
        (["H100", "A100", "H100"], "2 \N{MULTIPLICATION SIGN} H100 + 1 \N{MULTIPLICATION SIGN} A100"),
    ],
)
def test_the_hardware_says_how_many_gpus_worked(names, hardware):
    where = environment(gpu="Example GPU")
    where["meter"]["boards"] = {str(number): {"uuid": "GPU-", "name": name} for number, name in enumerate(names)}
    assert summary(where=where).hardware == hardware


def test_work_on_one_gpu_of_several_is_named_after_that_one():
    where = environment(gpu="the first one that is visible")
    where["meter"]["boards"] = {"1": {"uuid": "GPU-", "name": "H100"}}
    assert summary(where=where, device="cuda").hardware == "H100"
