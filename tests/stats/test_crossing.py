import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.stats.crossing import Reading, crossings, side_of, stretches
from suite.stats.interval import Interval, mean_interval


def reading(size, estimate, low, high):
    return Reading(size=size, ratio=Interval(estimate, low, high))


def log_reading(size, log_ratio, reach):
    return reading(size, *(math.exp(log_ratio + each) for each in (0, -reach, reach)))


def sides(readings, floor=0.0):
    return [stretch.side for stretch in stretches(readings, floor)]


def test_a_crossing_half_way_with_its_interval():
    """Log ratios of 0.2 at size 1 and -0.2 at 16, each +-0.1; w is the share of the way.

    The middle 0.2 - 0.4 w is 0 at w = 1/2, which is size 4. The band holds 0 where (0.2 - 0.4 w)^2 is at most
    0.1^2 ((1 - w)^2 + w^2): 0.14 w^2 - 0.14 w + 0.03 = 0, w = (0.14 -+ sqrt(0.0028)) / 0.28 = 0.3110 and 0.6890;
    16^w is 2.369 and 6.755.
    """
    (found,) = crossings([log_reading(1, 0.2, 0.1), log_reading(16, -0.2, 0.1)])
    assert found.estimate == pytest.approx(4)
    assert (found.low, found.high) == pytest.approx((2.369, 6.755), abs=0.001)
    assert (found.before, found.after, found.is_resolved) == ("above", "below", True)


def test_the_two_sides_of_an_interval_count_apart():
    """1.25 down to 1 at size 1, 0.8 exactly at 4: the lower edge alone is 0 at size 1, the upper one where w ln 0.8 is.

    With r = ln 1.25 the middle is r (1 - 2 w). Upward nothing is added, so the upper edge is 0 at w = 1/2, size 2;
    downward r (1 - w) is taken off: -r w is below 0 from w = 0 on, so the interval begins at size 1 and lower.
    """
    (found,) = crossings([reading(1, 1.25, 1.0, 1.25), reading(4, 0.8, 0.8, 0.8)])
    assert found.low is None
    assert found.high == pytest.approx(2)
    assert found.estimate == pytest.approx(2)


def test_what_counts_as_no_change_widens_the_interval():
    """Exact readings; the middle 0.2 - 0.4 w is within ln 1.005 = 0.0049875 for w from 0.48753 to 0.51247."""
    (found,) = crossings([log_reading(1, 0.2, 0), log_reading(16, -0.2, 0)], floor=0.005)
    assert (found.low, found.high) == pytest.approx((16**0.48753, 16**0.51247), rel=1e-4)


def test_exact_readings_cross_at_one_size():
    exact = [log_reading(1, 0.2, 0), log_reading(16, -0.2, 0)]
    assert sides(exact) == ["above", "unresolved", "below"]
    (found,) = crossings(exact)
    assert found.low == pytest.approx(4)
    assert found.high == pytest.approx(4)


def test_a_ratio_on_one_side_everywhere_never_crosses():
    saving = [reading(size, 0.8, 0.75, 0.85) for size in (1, 8, 64)]
    (found,) = stretches(saving)
    assert (found.side, found.low, found.high) == ("below", 1, 64)
    assert crossings(saving) == ()


def test_nothing_is_said_beyond_the_sizes_measured():
    """Above 1 at size 1, not resolved at 64: the interval has no upper end, and without a zero no estimate."""
    (found,) = crossings([reading(1, 1.3, 1.25, 1.35), reading(64, 1.02, 0.97, 1.07)])
    assert found.estimate is None
    assert found.high is None
    assert 1 < found.low < 64
    assert (found.before, found.after, found.is_resolved) == ("above", None, False)


def test_an_estimate_within_the_sizes_measured_may_have_an_open_interval():
    (found,) = crossings([reading(1, 1.3, 1.25, 1.35), reading(64, 0.98, 0.93, 1.03)])
    assert 1 < found.low < found.estimate < 64
    assert found.high is None


def test_below_the_smallest_size_is_open_as_well():
    (found,) = crossings([reading(8, 1.02, 0.97, 1.07), reading(64, 0.8, 0.76, 0.84)])
    assert found.low is None
    assert (found.before, found.after) == (None, "below")


def test_a_reading_of_its_own_that_is_not_resolved_joins_the_interval():
    """Above at 1, not resolved at 8, below at 64: one crossing, around 8."""
    (found,) = crossings([reading(1, 1.3, 1.2, 1.4), reading(8, 1.0, 0.95, 1.05), reading(64, 0.7, 0.6, 0.8)])
    assert found.estimate == 8
    assert found.low < 8 < found.high
    assert found.is_resolved


def test_two_flips_are_two_crossings():
    found = crossings([reading(1, 0.8, 0.78, 0.82), reading(8, 1.2, 1.18, 1.22), reading(64, 0.8, 0.78, 0.82)])
    assert [(each.before, each.after) for each in found] == [("below", "above"), ("above", "below")]
    assert 1 < found[0].high < 8 < found[1].low < 64


def test_an_unresolved_middle_between_two_savings_is_no_crossing():
    (found,) = crossings([reading(1, 0.8, 0.78, 0.82), reading(8, 1.0, 0.95, 1.05), reading(64, 0.8, 0.78, 0.82)])
    assert (found.before, found.after, found.is_resolved) == ("below", "below", False)


def test_several_zeros_in_one_interval_have_no_single_estimate():
    """1.3, then 0.99 and 1.01 which are not resolved, then 0.7: the interpolated ratio is 1 three times."""
    wide = [reading(size, ratio, ratio - 0.05, ratio + 0.05) for size, ratio in ((8, 0.99), (64, 1.01))]
    (found,) = crossings([reading(1, 1.3, 1.25, 1.35), *wide, reading(512, 0.7, 0.65, 0.75)])
    assert found.estimate is None
    assert found.is_resolved


def test_no_side_is_claimed_that_no_reading_shows():
    """0.95 from 0.89 to 1.01 twice: half way the band ends at exp(-0.0513 + 0.0612 / sqrt 2) = 0.992, below 1."""
    assert sides([reading(1, 0.95, 0.89, 1.01), reading(64, 0.95, 0.89, 1.01)]) == ["unresolved"]


def test_fewer_than_two_readings_have_nothing_between_them():
    assert stretches([]) == ()
    assert stretches([reading(8, 0.8, 0.7, 0.9)]) == ()


def test_the_order_of_the_readings_is_of_no_matter():
    made = [log_reading(1, 0.2, 0.1), log_reading(16, -0.2, 0.1), log_reading(64, -0.4, 0.1)]
    assert stretches(made) == stretches(made[::-1])


@pytest.mark.parametrize(
    ("low", "high", "floor", "side"),
    [(0.9, 0.99, 0.0, "below"), (0.9, 0.996, 0.005, "unresolved"), (1.006, 1.2, 0.005, "above"),
     (0.99, 1.01, 0.0, "unresolved"), (1.0, 1.2, 0.0, "unresolved")],
)  # fmt: skip
def test_a_side_needs_the_whole_interval_clear_of_the_floor(low, high, floor, side):
    assert side_of(Interval((low + high) / 2, low, high), floor) == side


@pytest.mark.parametrize("figures", [(0, 1, 1, 1), (8, 0, 1, 1), (8, 1, -0.1, 1), (8, 1, 0.9, math.inf)])
def test_what_has_no_logarithm_is_refused(figures):
    with pytest.raises(ValueError, match="must be above 0 and finite"):
        reading(*figures)


_LOGS = st.tuples(st.floats(-1, 1), st.floats(0, 0.5))


@settings(max_examples=200, deadline=None)
@given(st.lists(_LOGS, min_size=2, max_size=6), st.sampled_from([0.0, 0.005]))
def test_stretches_cover_the_sizes_and_agree_with_every_reading(logs, floor):
    made = [log_reading(4.0**n, log_ratio, reach) for n, (log_ratio, reach) in enumerate(logs)]
    found = stretches(made, floor)
    assert (found[0].low, found[-1].high) == (1.0, made[-1].size)
    assert all(left.high == right.low and left.side != right.side for left, right in pairwise(found))
    for each in made:
        around = {stretch.side for stretch in found if stretch.low <= each.size <= stretch.high}
        assert side_of(each.ratio, floor) in around
    for crossing in crossings(made, floor):
        if crossing.estimate is not None:
            assert (crossing.low or 0) <= crossing.estimate <= (crossing.high or math.inf)


def drawn(draw, truth, error, blocks):
    """Readings at sizes 1, 8 and 64 of one made-up run, each the t interval of so many blocks."""
    found = [mean_interval((log_ratio + error * draw.standard_normal(blocks)).tolist()) for log_ratio in truth]
    return [
        Reading(size=size, ratio=each.through(math.exp)) for size, each in zip((1.0, 8.0, 64.0), found, strict=True)
    ]


@pytest.mark.parametrize("blocks", [4, 8])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_interval_covers_the_true_crossing_as_often_as_it_says(blocks, share):
    """2,000 made-up runs: block log ratios with an error of 0.06 around a line that falls by 0.3 from size 8 to 64.

    The true ratio is 1 at ``share`` of the way; size 1 lies above it. 2,000 draws know a coverage of 95 % to 0.5
    points, so 93.5 % is three standard errors below. At a reading it is the reading's own interval; half way, adding
    half-widths of few degrees of freedom is on the safe side (98 % for 4 blocks, 96 % for 8).
    """
    draw = np.random.default_rng(blocks)
    truth, crossing = (0.3 * (share + 1), 0.3 * share, 0.3 * (share - 1)), 8.0 * 8.0**share
    covered = sum(
        any(each.side == "unresolved" and each.low <= crossing <= each.high for each in stretches(made))
        for made in (drawn(draw, truth, 0.06, blocks) for _ in range(2000))
    )
    assert 0.935 <= covered / 2000 <= 0.99


def test_a_technique_without_effect_is_rarely_said_to_flip():
    """A ratio of 1 at three sizes: a flip needs two of three 95 % intervals to miss 1, on different sides.

    That is below 3 x 2 x 0.025^2 = 0.4 % of the runs; 2,000 of them.
    """
    draw = np.random.default_rng(7)
    runs = [drawn(draw, (0.0, 0.0, 0.0), 0.02, 6) for _ in range(2000)]
    assert sum(any(each.is_resolved for each in crossings(made)) for made in runs) / 2000 <= 0.01
