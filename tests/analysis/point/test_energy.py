import math

import msgspec
import pytest
from msgspec.structs import astuple

from suite.analysis.point import energy
from suite.record.schema import Idle
from suite.stats.paired import block_ratios, paired_ratio
from tests.synthetic import COUNTER, ESTIMATED, windows


def test_a_block_ratio_weighs_each_arm_by_all_its_queries():
    first, *candidates, last = windows([0.5])
    longer = msgspec.structs.replace(last, queries=300, energy_j={"cpu": 500.0})
    # Baseline 100 J over 100 queries and 500 J over 300: 1.5 J a query, not the mean of 1 and 1.67.
    assert block_ratios([first, *candidates, longer], "cpu") == [pytest.approx(0.5 / 1.5)]


@pytest.mark.parametrize("broken", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_block_leaves_no_ratio_at_all(broken):
    assert block_ratios(windows([0.5, broken]), "cpu") is None


def test_a_block_that_lacks_an_arm_is_left_out():
    seen = windows([0.5, 0.9])
    assert block_ratios([w for w in seen if not (w.block == 1 and w.arm == "baseline")], "cpu") == [pytest.approx(0.5)]


def test_headline_is_the_gpu_where_it_was_read_and_the_cpu_stays_beside():
    seen = windows([0.5], component="gpu", method=COUNTER, beside={"cpu": (0.1, ESTIMATED)})
    assert energy.headline(seen) == energy.Headline(component="gpu", basis="measured", method=COUNTER)


def test_a_mix_of_measured_and_estimated_windows_has_no_headline():
    assert energy.headline([*windows([0.5]), *windows([0.5], method="measured:rapl")]) is None


def test_no_windows_have_no_headline():
    assert energy.headline([]) is None


def test_net_ratio_takes_idle_power_off_both_arms():
    # 100 queries in 1 s: 1 J and 0.5 J a query gross; 20 W idle is 0.2 J a query: 0.3 / 0.8.
    assert block_ratios(windows([0.5]), "cpu", idle_power_w=20.0) == [pytest.approx(0.375)]


def test_idle_power_that_was_estimated_does_not_count():
    assert energy.idle_power(Idle(power_w={"cpu": 5.0}, method={"cpu": ESTIMATED}), "cpu") is None
    assert energy.idle_power(Idle(power_w={"gpu": 70.0}, method={"gpu": COUNTER}), "gpu") == 70.0
    assert energy.idle_power(Idle(power_w={"gpu": 70.0}, method={"gpu": "simulated:x"}), "gpu") == 70.0


@pytest.mark.parametrize("basis", ["measured", "estimated", "simulated", "replayed"])
def test_the_basis_stands_before_the_colon(basis):
    assert energy.basis_of(f"{basis}:something") == basis


@pytest.mark.parametrize("method", ["", "measured", "guessed:x"])
def test_what_has_no_known_basis_counts_as_estimated(method):
    assert energy.basis_of(method) == "estimated"


def idle(before_w, after_w):
    mean_w = (before_w + after_w) / 2
    return Idle(
        power_w={"cpu": mean_w}, method={"cpu": "measured:rapl"}, before_w={"cpu": before_w}, after_w={"cpu": after_w}
    )


def test_the_net_interval_holds_the_idle_power_before_and_after():
    # 100 queries in 1 s at 1 J and 0.5 J a query. Idle of 10 W, 20 W and 15 W on average leaves
    # 0.4 / 0.9, 0.3 / 0.8 and 0.35 / 0.85. Equal blocks: all of the width is the idle power's.
    found = energy.net_ratio(windows([0.5] * 4), idle(10.0, 20.0), "cpu")
    assert astuple(found) == pytest.approx((0.35 / 0.85, 0.3 / 0.8, 0.4 / 0.9))


def test_a_net_interval_without_the_two_idle_powers_is_that_of_their_mean():
    known = Idle(power_w={"cpu": 20.0}, method={"cpu": "measured:rapl"})
    found = energy.net_ratio(windows([0.5, 0.6]), known, "cpu")
    assert found == paired_ratio(windows([0.5, 0.6]), "cpu", 20.0)


def test_an_idle_power_that_leaves_nothing_leaves_no_net_interval():
    # The candidate uses 50 W; 60 W after the blocks would be more than it used.
    found = energy.net_ratio(windows([0.5] * 4), idle(10.0, 60.0), "cpu")
    assert astuple(found) == (pytest.approx(0.15 / 0.65), None, None)


def test_there_is_no_net_ratio_without_idle_power():
    assert energy.net_ratio(windows([0.5] * 4), None, "cpu") is None


def test_net_energy_per_query_is_above_zero_or_unknown():
    # The candidate uses 0.5 J a query, and 100 queries take 1 s.
    assert energy.net_per_query(windows([0.5]), "candidate", "cpu", 20.0) == pytest.approx(0.3)
    assert energy.net_per_query(windows([0.5]), "candidate", "cpu", 50.0) is None
    assert energy.net_per_query(windows([0.5]), "candidate", "cpu", None) is None


def test_energy_per_token_divides_an_arms_energy_by_its_tokens():
    # Two windows an arm of 1 and 0.5 J x 100 queries and 1000 tokens each.
    made = windows([0.5], tokens=1000)
    assert energy.energy_per_token(made, "candidate", "cpu") == pytest.approx(0.05)
    assert energy.energy_per_token(made, "baseline", "cpu") == pytest.approx(0.1)


def test_tokens_of_the_input_count_beside_those_of_the_answer():
    made = windows([0.5], tokens=1000)
    assert energy.energy_per_token(made, "candidate", "cpu", 40.0) == pytest.approx(0.5 / 50)
    assert energy.energy_per_token(made, "candidate", "cpu", None) is None  # an image has none, which is not 0


def test_energy_per_token_is_unknown_where_tokens_were_not_counted():
    assert energy.energy_per_token(windows([0.5]), "candidate", "cpu") is None


def test_energy_per_token_is_unknown_where_a_window_lacks_them():
    first, *others = windows([0.5], tokens=1000)
    made = [msgspec.structs.replace(first, tokens=None), *others]
    assert energy.energy_per_token(made, "baseline", "cpu") is None
    assert energy.energy_per_token(made, "candidate", "cpu") == pytest.approx(0.05)


def test_energy_per_query_of_no_windows_is_unknown():
    assert energy.energy_per_query([], "candidate", "cpu") is None
