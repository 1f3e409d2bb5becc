import math

import numpy as np
import pytest

from suite.analysis.point.accuracy import compare_scores, is_blind, mcnemar
from suite.record.schema import Scores
from suite.stats.interval import Interval
from tests.synthetic import binary_scores


def scores(baseline, candidate, *, higher=True, clusters=None, metric="accuracy"):
    return Scores(metric=metric, higher_is_better=higher, baseline=baseline, candidate=candidate, clusters=clusters)


def test_ten_of_hundred_lost():
    # Differences: 10 times -1, 90 times 0. s2 = (10 * 0.9^2 + 90 * 0.1^2) / 99 = 1/11; t(99) = 1.984217.
    found = compare_scores(binary_scores(right=80, lost=10, won=0, wrong=10))
    half = 1.984217 * math.sqrt(1 / 11 / 100)
    assert found is not None
    assert (found.baseline, found.candidate, found.delta.estimate) == (0.9, 0.8, pytest.approx(-0.1))
    assert (found.delta.low, found.delta.high) == pytest.approx((-0.1 - half, -0.1 + half), abs=1e-6)


def test_delta_is_above_zero_when_a_lower_is_better_metric_falls():
    found = compare_scores(scores([2.0, 2.0], [1.5, 1.7], higher=False, metric="bits_per_byte"))
    assert found is not None
    assert found.delta.estimate == pytest.approx(0.4)
    assert found.candidate == pytest.approx(1.6)


def test_clusters_widen_the_interval_where_items_of_a_source_fail_together():
    together = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    single = compare_scores(scores([1.0] * 8, together))
    paired = compare_scores(scores([1.0] * 8, together, clusters=[0, 0, 1, 1, 2, 2, 3, 3]))
    # Cluster sums of (d - mean) with mean -1/4: -1.5, 0.5, 0.5, 0.5. Variance 4/3 * 3 / 64 = 1/16; t(3) = 3.182446.
    assert paired is not None
    assert single is not None
    assert paired.delta.high == pytest.approx(-0.25 + 3.182446 / 4, abs=1e-6)
    assert paired.delta.high > single.delta.high


def test_one_item_has_a_difference_but_no_interval():
    found = compare_scores(scores([1.0], [0.0]))
    assert found is not None
    assert found.delta == Interval(-1.0)


def test_equal_scores_have_an_interval_of_zero_width():
    found = compare_scores(scores([1.0, 0.0, 1.0], [1.0, 0.0, 1.0]))
    assert found is not None
    assert found.delta == Interval(0.0, 0.0, 0.0)


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
    ("items", "lost", "blind"),
    [
        # Adjusted Wald: one lost and one won are added to n + 2 items. None changed in 300: 1.96 * sqrt(2) / 302 is
        # a reach of 0.92 points, in 250 it is 1.1. Three lost in 1,000: 0.3 + 0.44 points; two lost in 500: 0.4 + 0.78.
        (300, 0, False),
        (250, 0, True),
        (1000, 3, False),
        (500, 2, True),
    ],
)
def test_a_loss_of_one_point_is_ruled_out_by_enough_answers_alone(items, lost, blind):
    found = compare_scores(binary_scores(right=items - lost, lost=lost, won=0, wrong=0))
    assert found is not None
    assert found.delta.low >= -0.01
    assert is_blind(found, 0.01) == blind


def test_an_interval_that_leaves_the_loss_open_is_not_called_blind():
    found = compare_scores(binary_scores(right=80, lost=10, won=0, wrong=10))
    assert found is not None
    assert not is_blind(found, 0.01)
