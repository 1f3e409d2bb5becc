import math
import random

import msgspec
import pytest
from msgspec.structs import astuple
from scipy import stats

from suite.analysis.run.power_law import Reading, exponent, families
from suite.analysis.summary import summarise
from suite.stats.interval import Interval
from tests.synthetic import record, windows

BF16, NF4 = ("bf16", {}), ("nf4", {})


def summaries(*records):
    return summarise("run", records, 475.0)


def at_batch(size, joules, stack=(), ratio=1.0, **changes):
    return record(mitigations=stack, batch_size=size, run_windows=windows([ratio] * 4, baseline_j=joules), **changes)


def with_task(made, task="text_generation", **settings):
    """The same record with settings of its task, and its label changed as the command line would."""
    changed = ",".join(f"{key}={value}" for key, value in settings.items())
    point = msgspec.structs.replace(made.point, task=f"{task}[{changed}]")
    config = made.config | {"task": made.config["task"] | {"name": task} | settings}
    return msgspec.structs.replace(made, point=point, point_id=point.point_id, config=config)


def only(points):
    (family,) = families(points)
    return family


def drawn(curve):
    return {reading.value: pytest.approx(reading.energy_j.estimate) for reading in curve.readings}


def test_halving_the_energy_with_each_doubling_is_an_exponent_of_minus_one():
    family = only(summaries(*(at_batch(size, 8.0 / size) for size in (1, 2, 4, 8))))
    (baseline,) = family.curves
    assert (family.knob, baseline.technique) == ("batch_size", None)
    assert astuple(baseline.exponent) == pytest.approx((-1.0, -1.0, -1.0))
    assert astuple(baseline.doubling) == pytest.approx((0.5, 0.5, 0.5))
    assert baseline.end_to_end == pytest.approx(1 / 8)


def test_the_exponents_interval_is_students_of_a_slope():
    """Worked beside it: residuals of the least squares line, n - 2 degrees of freedom."""
    x, y = [0.0, 1.0, 2.0, 3.0], [0.1, -0.9, -2.2, -2.8]
    readings = [Reading(value=math.exp(a), energy_j=Interval(math.exp(b))) for a, b in zip(x, y, strict=True)]
    mean_x, mean_y = sum(x) / 4, sum(y) / 4
    square = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / square
    rest = sum((b - mean_y - slope * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    reach = stats.t.ppf(0.975, 2) * math.sqrt(rest / 2 / square)
    assert astuple(exponent(readings)) == pytest.approx((slope, slope - reach, slope + reach))


def test_the_interval_covers_a_true_exponent_as_often_as_it_says():
    """2,000 curves of five values with 5 % of noise: 95 % within three standard errors of a share (1.5 points)."""
    draw = random.Random(1)
    covered = 0
    for _ in range(2000):
        readings = [
            Reading(value=2.0**k, energy_j=Interval(math.exp(-0.3 * k * math.log(2) + draw.gauss(0, 0.05))))
            for k in range(5)
        ]
        found = exponent(readings)
        covered += found.low <= -0.3 <= found.high
    assert 0.935 <= covered / 2000 <= 0.965


def test_three_values_make_an_exponent_and_two_a_line():
    three = only(summaries(*(at_batch(size, 8.0 / size) for size in (1, 2, 4))))
    two = only(summaries(*(at_batch(size, 8.0 / size) for size in (1, 4))))
    assert three.curves[0].exponent is not None
    assert (two.curves[0].exponent, two.curves[0].doubling) == (None, None)
    assert two.curves[0].end_to_end == pytest.approx(0.25)


def test_one_value_is_no_series():
    assert families(summaries(at_batch(8, 1.0), at_batch(8, 1.0, stack=(BF16,), ratio=0.5))) == []
    assert families([]) == []


def test_a_technique_lies_at_its_paired_ratio_times_the_baseline_that_all_share():
    """At batch 8 the baseline took 2 J in one process and 4 J in the other: 3 J, and half of that for the technique."""
    made = summaries(
        at_batch(8, 2.0),
        at_batch(8, 4.0, stack=(BF16,), ratio=0.5),
        at_batch(16, 1.0, stack=(BF16,), ratio=0.5),
    )
    baseline, technique = only(made).curves
    assert drawn(baseline) == {8: 3.0, 16: 1.0}
    assert drawn(technique) == {8: 1.5, 16: 0.5}
    assert technique.technique.mitigation == "bf16"


def test_each_technique_and_each_set_of_parameters_is_a_curve_of_its_own():
    stacks = [(("structured_pruning", {"share": share}),) for share in (0.25, 0.5)]
    made = summaries(*(at_batch(size, 1.0, stack=stack, ratio=0.5) for size in (8, 16) for stack in [*stacks, (NF4,)]))
    assert [curve.technique and curve.technique.mitigation_params for curve in only(made).curves] == [
        None,
        '{"structured_pruning":{"share":0.25}}',
        '{"structured_pruning":{"share":0.5}}',
        '{"nf4":{}}',
    ]


def test_a_technique_at_one_value_has_no_curve():
    made = summaries(at_batch(8, 1.0), at_batch(16, 1.0), at_batch(8, 1.0, stack=(BF16,), ratio=0.5))
    assert len(only(made).curves) == 1


def test_the_technique_batch_size_is_a_reading_of_the_baselines_curve():
    """Batch 32 takes 1 J; with 128 in its place 0.9 of that."""
    larger = at_batch(32, 1.0, stack=(("batch_size", {"size": 128}),), ratio=0.9, candidate={"batch_size": 128})
    (curve,) = only(summaries(at_batch(32, 1.0), larger)).curves
    assert drawn(curve) == {32: 1.0, 128: 0.9}
    assert [reading.joined for reading in curve.readings] == [False, True]


def test_a_batch_size_measured_as_a_baseline_outweighs_one_that_is_joined():
    larger = at_batch(32, 1.0, stack=(("batch_size", {"size": 128}),), ratio=0.9, candidate={"batch_size": 128})
    (curve,) = only(summaries(larger, at_batch(128, 0.7))).curves
    assert drawn(curve) == {32: 1.0, 128: 0.7}


def test_of_two_that_could_be_joined_the_nearer_baseline_counts():
    def to_64(size, ratio):
        stack = (("batch_size", {"size": 64}),)
        return at_batch(size, 1.0, stack=stack, ratio=ratio, candidate={"batch_size": 64})

    (curve,) = only(summaries(to_64(32, 0.9), to_64(1, 0.2))).curves
    assert drawn(curve) == {1: 1.0, 32: 1.0, 64: 0.9}


def test_a_stack_with_batch_size_has_no_curve_over_the_batch():
    stack = (BF16, ("batch_size", {"size": 64}))
    made = [at_batch(size, 1.0, stack=stack, ratio=0.5, candidate={"batch_size": 64}) for size in (8, 16)]
    (curve,) = only(summaries(*made)).curves
    assert curve.technique is None


def test_numbers_of_the_task_are_knobs():
    made = [with_task(at_batch(8, tokens / 16), new_tokens=tokens, prompt_tokens=64) for tokens in (16, 32, 64)]
    family = only(summaries(*made))
    assert family.knob == "new_tokens"
    assert astuple(family.curves[0].exponent) == pytest.approx((1.0, 1.0, 1.0))


def test_two_knobs_at_once_are_no_series():
    made = [with_task(at_batch(8, 1.0), new_tokens=tokens, prompt_tokens=4 * tokens) for tokens in (16, 32)]
    assert families(summaries(*made)) == []


def test_a_grid_of_two_knobs_is_a_family_for_each_row_and_column():
    made = [
        with_task(at_batch(size, 1.0), new_tokens=tokens, prompt_tokens=64) for tokens in (16, 32) for size in (1, 8)
    ]
    found = families(summaries(*made))
    assert sorted(family.knob for family in found) == ["batch_size", "batch_size", "new_tokens", "new_tokens"]


@pytest.mark.parametrize("settings", [{"seed": 1}, {"margin": 0.5}, {"max_scored": 10}, {"lower_case": True}])
def test_what_is_scored_and_truth_values_are_no_knobs(settings):
    other = dict.fromkeys(settings, False if settings == {"lower_case": True} else 2)
    made = [with_task(at_batch(8, joules), **one) for joules, one in ((1.0, settings), (2.0, other))]
    assert families(summaries(*made)) == []


@pytest.mark.parametrize(
    "other",
    [
        {"dtype": "bfloat16"},
        {"model": "other"},
        {"workload": "single_stream"},
        {"where": {"hardware": {"name": "other"}}},
        {"phase": "training"},
    ],
)
def test_what_differs_in_anything_else_is_no_series(other):
    assert families(summaries(at_batch(8, 1.0), at_batch(16, 1.0, **other))) == []


def test_another_setting_of_the_configuration_is_no_series():
    larger = at_batch(16, 1.0)
    larger = msgspec.structs.replace(larger, config=larger.config | {"threads": 4})
    assert families(summaries(at_batch(8, 1.0), larger)) == []


def test_points_of_two_runs_are_no_series():
    made = summarise("monday", [at_batch(8, 1.0)], 475.0) + summarise("tuesday", [at_batch(16, 1.0)], 475.0)
    assert families(made) == []


def test_figures_got_in_two_ways_are_no_series():
    rapl = record(batch_size=16, run_windows=windows([1.0] * 4, method="measured:rapl"))
    assert families(summaries(at_batch(8, 1.0), rapl)) == []


def test_the_baselines_interval_comes_from_its_points():
    """Three points of 1, 2 and 4 J: mean 7/3 J, and the interval of their logs laid around it."""
    made = summaries(
        at_batch(8, 1.0), at_batch(8, 2.0, stack=(BF16,)), at_batch(8, 4.0, stack=(NF4,)), at_batch(16, 1.0)
    )
    reading = only(made).curves[0].readings[0]
    reach = stats.t.ppf(0.975, 2) * math.log(2) / math.sqrt(3)
    assert reading.energy_j.estimate == pytest.approx(7 / 3)
    assert reading.energy_j.high / reading.energy_j.estimate == pytest.approx(math.exp(reach))


def test_the_interval_of_a_single_point_comes_from_its_blocks():
    """Two blocks of 1 and 4 J a query."""
    first, second = windows([1.0], baseline_j=1.0), windows([1.0], baseline_j=4.0)
    seen = [*first, *(msgspec.structs.replace(window, block=1) for window in second)]
    made = summaries(record(batch_size=8, run_windows=seen), at_batch(16, 1.0))
    energy_j = only(made).curves[0].readings[0].energy_j
    reach = stats.t.ppf(0.975, 1) * math.log(4) / math.sqrt(2) / math.sqrt(2)
    assert energy_j.high / energy_j.estimate == pytest.approx(math.exp(reach))


def test_a_single_block_has_no_interval():
    made = summaries(*(record(batch_size=size, run_windows=windows([1.0])) for size in (8, 16)))
    assert only(made).curves[0].readings[0].energy_j == Interval(pytest.approx(1.0))


def test_points_that_did_not_run_are_in_no_series():
    made = summaries(at_batch(8, 1.0), record(batch_size=16, status="failed"))
    assert families(made) == []
