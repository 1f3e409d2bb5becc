import math

import msgspec
import numpy as np
import pytest
from scipy import stats

from suite.analysis.point.accuracy import compare_scores, mcnemar
from suite.record.schema import Scores
from suite.stats.interval import Interval
from tests.synthetic import binary_scores


def scores(baseline, candidate, *, higher=True, clusters=None, metric="accuracy"):
    return Scores(metric=metric, higher_is_better=higher, baseline=baseline, candidate=candidate, clusters=clusters)


def test_ten_of_hundred_lost():
    # One answer lost and one won are added: centre -10/102, sum of squares 12 - 102 (10/102)^2; t(99) = 1.984217.
    found = compare_scores(binary_scores(right=80, lost=10, won=0, wrong=10))
    centre = -10 / 102
    half = 1.984217 * math.sqrt((12 - 102 * centre**2) * 100 / 99) / 102
    assert found is not None
    assert (found.baseline, found.candidate, found.delta.estimate) == (0.9, 0.8, pytest.approx(-0.1))
    assert (found.delta.low, found.delta.high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_delta_is_above_zero_when_a_lower_is_better_metric_falls():
    found = compare_scores(scores([2.0, 2.0], [1.5, 1.7], higher=False, metric="bits_per_byte"))
    assert found is not None
    assert found.delta.estimate == pytest.approx(0.4)
    assert found.candidate == pytest.approx(1.6)


def test_clusters_widen_the_interval_where_items_of_a_source_fail_together():
    together = [0.0] * 20 + [1.0] * 80
    single = compare_scores(scores([1.0] * 100, together))
    paired = compare_scores(scores([1.0] * 100, together, clusters=[item // 5 for item in range(100)]))
    assert paired is not None
    assert single is not None
    assert paired.delta.half_width > 2 * single.delta.half_width  # the root of 5 items a source
    assert (single.design_effect, paired.design_effect) == (None, pytest.approx(5, rel=0.1))
    assert (single.sources, paired.sources) == (None, 20)


def test_one_item_has_a_difference_but_no_interval():
    found = compare_scores(scores([1.0], [0.0]))
    assert found is not None
    assert found.delta == Interval(-1.0)


def test_equal_answers_have_an_interval_that_says_what_they_can_exclude():
    found = compare_scores(binary_scores(right=400, lost=0, won=0, wrong=50))
    reach = 1.965273 * math.sqrt(2 * 450 / 449) / 452  # t(449) = 1.965273
    assert found is not None
    assert found.changed == 0
    assert (found.delta.estimate, found.delta.low, found.delta.high) == (
        0.0,
        pytest.approx(-reach, rel=1e-4),
        pytest.approx(reach, rel=1e-4),
    )


def test_equal_answers_of_few_sources_exclude_less():
    found = compare_scores(scores([1.0] * 450, [1.0] * 450, clusters=[item // 10 for item in range(450)]))
    assert found is not None
    assert found.delta.high > 8 * 1.97 * math.sqrt(2) / 452
    assert found.design_effect is None  # nothing changed: how items of a source go together is not known


@pytest.mark.parametrize("rounding", [0.0, 1e-7])
def test_equal_bits_per_byte_have_a_width_of_their_own_scale(rounding):
    bits = [1.0 + item / 50 for item in range(100)]
    found = compare_scores(scores(bits, [value + rounding for value in bits], higher=False, metric="bits_per_byte"))
    wider = compare_scores(scores([10 * b for b in bits], [10 * b for b in bits], higher=False))
    assert found is not None
    assert wider is not None
    assert found.changed == 0
    assert 0.005 < found.delta.half_width < 0.05
    assert wider.delta.half_width == pytest.approx(10 * found.delta.half_width)


def test_bits_that_all_change_by_the_same_have_a_width():
    found = compare_scores(scores([2.0] * 40, [2.015] * 40, higher=False, metric="bits_per_byte"))
    assert found is not None
    assert found.delta.estimate == pytest.approx(-0.015)
    assert found.delta.low < -0.05


@pytest.mark.parametrize(
    "unusable",
    [
        None,
        scores([], []),
        scores([1.0, 0.0], [1.0]),
        scores([1.0, 0.0], [1.0, math.nan]),
        scores([math.inf, 0.0], [1.0, 0.0]),
    ],
)
def test_scores_that_cannot_be_compared_give_nothing(unusable):
    assert compare_scores(unusable) is None


def test_mcnemar_of_one_against_five():
    # Two-sided binomial: 2 * (C(6,0) + C(6,1)) / 2^6 = 14/64.
    assert mcnemar([1, 0, 0, 0, 0, 0, 1], [0, 1, 1, 1, 1, 1, 1]) == pytest.approx(14 / 64)


@pytest.mark.parametrize(("lost", "won"), [(0, 1), (3, 9), (7, 7), (40, 21)])
def test_mcnemar_is_the_exact_binomial_test(lost, won):
    baseline, candidate = [1.0] * lost + [0.0] * won, [0.0] * lost + [1.0] * won
    assert mcnemar(baseline, candidate) == pytest.approx(stats.binomtest(lost, lost + won, 0.5).pvalue)


def test_mcnemar_without_disagreement_is_one():
    assert mcnemar([1.0, 0.0], [1.0, 0.0]) == 1.0


def test_mcnemar_of_a_tie_is_one():
    assert mcnemar([1.0, 0.0], [0.0, 1.0]) == 1.0


def test_mcnemar_is_only_for_right_and_wrong():
    assert mcnemar([1.0, 0.5], [1.0, 0.0]) is None


def test_mcnemar_is_not_taken_where_items_share_sources():
    found = compare_scores(scores([1.0, 0.0, 1.0], [1.0, 1.0, 1.0], clusters=[0, 0, 1]))
    assert found is not None
    assert found.mcnemar_p is None


def covered(comparisons, *, cluster, is_told=True, items=400, lost=0.08, won=0.04):
    """Share of intervals that hold the true difference, won - lost. Items of a cluster mostly change together."""
    draw, count = np.random.default_rng(7), 0
    clusters = [item // cluster for item in range(items)]
    for _ in range(comparisons):
        shared = np.repeat(draw.random(items // cluster), cluster)
        fate = np.where(draw.random(items) < 0.7, shared, draw.random(items))
        before = np.where(fate < lost, 1.0, np.where(fate < lost + won, 0.0, fate > 0.5))
        after = np.where(fate < lost, 0.0, np.where(fate < lost + won, 1.0, before))
        found = compare_scores(
            scores(before.tolist(), after.tolist(), clusters=clusters if cluster > 1 and is_told else None)
        )
        assert found is not None
        count += found.delta.holds(won - lost)
    return count / comparisons


@pytest.mark.parametrize("cluster", [1, 5])
def test_the_interval_covers_the_truth_in_simulated_comparisons(cluster):
    # 95 % of 1,000 have a standard error of 0.7 points.
    assert 0.93 <= covered(1000, cluster=cluster) <= 0.98


def test_items_that_share_sources_need_the_clusters():
    assert covered(400, cluster=5, is_told=False) < 0.9


@pytest.mark.parametrize(
    ("right", "chance", "is_at_chance"),
    [
        (1, 0.5, True),  # 0.003 of 311 where the labels' order is another
        (155, 0.5, True),
        (160, 0.5, True),  # P(X >= 160) = 0.33 for B(311, 1/2)
        (217, 0.5, False),
        (217, 0.7, True),  # always the largest class would do as well
        (217, None, False),  # nobody knows what chance is
    ],
)
def test_a_baseline_that_is_not_clearly_better_than_chance_says_nothing(right, chance, is_at_chance):
    found = compare_scores(msgspec.structs.replace(binary_scores(right, 0, 0, 311 - right), chance=chance))
    assert found is not None
    assert found.is_at_chance is is_at_chance


@pytest.mark.parametrize(("bits", "is_at_chance"), [(4.9, True), (4.6, True), (1.2, False)])
def test_bits_per_byte_are_set_against_those_of_single_bytes(bits, is_at_chance):
    values = scores([bits] * 20, [bits] * 20, higher=False, metric="bits_per_byte")
    found = compare_scores(msgspec.structs.replace(values, chance=4.6))
    assert found is not None
    assert found.is_at_chance is is_at_chance
