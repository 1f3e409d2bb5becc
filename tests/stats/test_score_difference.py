import math

import pytest

from benchmarks.measurement.score_coverage import Case, coverage
from suite.stats.interval import clustered_mean_interval
from suite.stats.score_difference import differences_of, mean_difference


def difference(baseline, candidate, clusters=None, **choices):
    return differences_of(baseline, candidate, clusters, **choices)


def test_one_lost_answer_is_adjusted_as_bonett_and_price_do():
    # One lost and one won are added: 2 lost, 1 won of 102. Wald: centre -1/102, variance (3 - 1/102) / 102^2 * 100/99.
    found = mean_difference(difference([1.0] * 100, [0.0] + [1.0] * 99))
    assert found.value == pytest.approx(-0.01)
    assert found.centre == pytest.approx(-1 / 102)
    assert found.standard_error == pytest.approx(math.sqrt((3 - 1 / 102) * 100 / 99) / 102)
    assert found.freedom == 99


def test_as_many_won_as_lost_are_not_skewed_and_need_nothing_added():
    baseline, candidate = [1.0] * 5 + [0.0] * 95, [0.0] * 5 + [1.0] * 5 + [0.0] * 90
    found = mean_difference(difference(baseline, candidate)).interval()
    plain = clustered_mean_interval(
        [after - before for before, after in zip(baseline, candidate, strict=True)], range(100)
    )
    assert found.ends == pytest.approx(plain.ends)


def test_continuous_scores_that_mostly_change_have_the_clustered_t_interval():
    baseline = [1.0 + item / 7 for item in range(40)]
    candidate = [value + 0.1 * math.sin(value) for value in baseline]
    clusters = [item // 4 for item in range(40)]
    found = mean_difference(difference(baseline, candidate, clusters)).interval()
    plain = clustered_mean_interval(
        [after - before for before, after in zip(baseline, candidate, strict=True)], clusters
    )
    assert found.ends == pytest.approx(plain.ends)


def test_a_change_of_a_few_continuous_scores_is_not_taken_for_all_there_is():
    baseline = [1.0 + item / 7 for item in range(100)]
    candidate = [baseline[0] + 0.5, *baseline[1:]]
    found = mean_difference(difference(baseline, candidate)).interval()
    plain = clustered_mean_interval([0.5] + [0.0] * 99, range(100))
    assert found.half_width > 1.5 * plain.half_width


def test_the_design_effect_of_whole_sources_is_their_size():
    baseline, candidate = [1.0] * 200, [0.0] * 10 + [1.0] * 190
    found = difference(baseline, candidate, [item // 5 for item in range(200)])
    assert found.design_effect == pytest.approx(5 * 40 / 39, rel=0.05)
    assert difference(baseline, candidate).design_effect is None
    assert difference(baseline, baseline, [0, 1] * 100).design_effect is None


def test_unequal_sources_count_as_fewer_of_equal_size():
    # Ten items of one source and ten of ten others: 20^2 / (100 + 10).
    found = difference([1.0] * 20, [1.0] * 20, [0] * 10 + list(range(1, 11)))
    assert found.independent_sources == pytest.approx(400 / 110)


def test_one_source_has_no_interval():
    assert mean_difference(difference([1.0] * 5, [0.0] * 5, [3] * 5)).standard_error is None


def test_scores_that_are_all_the_same_number_have_a_width():
    found = mean_difference(difference([0.7] * 50, [0.7] * 50)).interval()
    assert found.low < 0 < found.high


def test_less_is_better_turns_the_sign():
    assert mean_difference(difference([2.0, 1.0], [1.0, 0.0], sign=-1.0)).value == 1.0


@pytest.mark.parametrize("changes", [3, 10])
@pytest.mark.parametrize(("size", "together"), [(1, "alone"), (5, "all")])
def test_the_interval_covers_the_truth_where_few_answers_change(size, together, changes):
    # 2,000 comparisons have a standard error of 0.5 points; make bench-measurement has the whole table.
    share = coverage(Case(1000, size, together, 1.0, changes), 2000)
    assert 0.93 <= share <= 0.98


def test_the_plain_interval_would_not():
    held = 0
    for lost in range(0, 12):
        plain = clustered_mean_interval([-1.0] * lost + [0.0] * (1000 - lost), range(1000))
        held += math.exp(-3) * 3**lost / math.factorial(lost) * plain.holds(-0.003)
    assert held < 0.85
