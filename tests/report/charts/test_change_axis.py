import itertools
import math

import pytest

from suite.report.charts.change_axis import change_scale, change_ticks


def test_no_change_is_on_every_axis():
    for ratios in ([0.5], [2.0], [], [0.999, 1.001]):
        scale = change_scale(ratios)
        assert scale.low < 1 < scale.high
        assert 1.0 in change_ticks(scale, 300)


def test_every_ratio_lies_within_the_axis():
    scale = change_scale([0.2, 3.9])
    assert scale.low < 0.2
    assert scale.high > 3.9


@pytest.mark.parametrize("ratios", [[0.2], [5.0], [0.2, 1.05], [0.9, 7.0]])
def test_both_sides_of_no_change_have_their_least_share(ratios):
    scale = change_scale(ratios, least_side=0.3)
    assert 0.3 - 1e-9 <= scale.share(1.0) <= 0.7 + 1e-9


def test_ticks_stand_apart_and_are_round_changes():
    scale = change_scale([0.05, 10.0])
    ticks = change_ticks(scale, 200, apart=44)
    places = [scale.share(tick) * 200 for tick in ticks]
    assert all(after - before >= 44 for before, after in itertools.pairwise(places))
    assert len(ticks) >= 3
    assert all(math.isclose(tick * 100, round(tick * 100)) for tick in ticks)
