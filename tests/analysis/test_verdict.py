import pytest

from suite.analysis.verdict import absolute_margin, verdict_on


def verdict(ratio, delta=None, *, scored=True, margin=0.01, **rules):
    low, high = ratio or (None, None)
    delta_low, delta_high = delta or (None, None)
    return verdict_on(
        ratio_low=low,
        ratio_high=high,
        scored=scored,
        delta_low=delta_low,
        delta_high=delta_high,
        margin=margin,
        **rules,
    )


@pytest.mark.parametrize(
    ("ratio", "delta", "expected"),
    [
        ((1.0051, 1.2), (-0.5, -0.4), "costs-energy"),
        ((1.001, 1.2), (-0.5, -0.4), "inconclusive"),  # it may be no more than the instrument's floor
        ((1.001, 1.04), (0.0, 0.0), "no-detectable-change"),
        ((1.0, 1.04), (0.0, 0.0), "no-detectable-change"),  # low is not above 1
        ((0.7, 0.8), (-0.01, 0.02), "saves"),  # low is not below -margin
        ((0.7, 0.8), (-0.005, -0.001), "saves"),  # a loss, but within the margin
        ((0.7, 0.8), (-0.03, -0.001), "saves-but-loses-accuracy"),
        ((0.7, 0.8), (-0.03, 0.0), "inconclusive"),  # the loss is not resolved
        ((0.7, 0.8), None, "inconclusive"),  # scored, but on one item
        ((0.95, 1.05), (0.0, 0.0), "no-detectable-change"),
        ((0.96, 0.9949), (0.0, 0.0), "saves"),  # a small saving is a saving
        ((0.991, 0.999), (0.0, 0.0), "no-detectable-change"),  # but not one within the floor
        ((0.949, 1.01), (0.0, 0.0), "inconclusive"),
        ((0.97, 1.051), (0.0, 0.0), "inconclusive"),
        ((0.9, 1.0), (0.0, 0.0), "inconclusive"),  # high is not below 1
        (None, (0.0, 0.0), "inconclusive"),
    ],
)
def test_every_branch(ratio, delta, expected):
    assert verdict(ratio, delta) == expected


def test_the_floor_of_the_run_may_be_higher():
    assert verdict((0.97, 0.985), (0.0, 0.0), floor=0.02) == "no-detectable-change"
    assert verdict((0.90, 0.975), (0.0, 0.0), floor=0.02) == "saves"
    assert verdict((0.90, 0.985), (0.0, 0.0), floor=0.02) == "inconclusive"


def test_a_change_that_did_not_stand_up_to_correction_is_not_claimed():
    assert verdict((0.7, 0.8), (0.0, 0.0), is_claimed=False) == "inconclusive"
    assert verdict((1.01, 1.03), (0.0, 0.0), is_claimed=False) == "no-detectable-change"


def test_an_unscored_saving_says_so():
    assert verdict((0.7, 0.8), scored=False) == "saves-accuracy-not-measured"


def test_without_score_a_cost_is_still_a_cost():
    assert verdict((1.1, 1.2), scored=False) == "costs-energy"


def test_absolute_margin_is_taken_as_it_is():
    assert absolute_margin(0.01, relative=False, baseline_score=1.75) == 0.01


def test_relative_margin_is_a_share_of_the_baseline():
    assert absolute_margin(0.01, relative=True, baseline_score=1.75) == pytest.approx(0.0175)


def test_relative_margin_without_a_baseline_stays():
    assert absolute_margin(0.01, relative=True, baseline_score=None) == 0.01
