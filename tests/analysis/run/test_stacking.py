import math

import msgspec
import pytest
from msgspec.structs import astuple
from scipy import stats

from suite.analysis.run.stacking import interactions, stacks
from suite.analysis.summary import summarise
from tests.synthetic import COUNTER, binary_scores, record, windows

PRUNING, INT8 = ("structured_pruning", {"share": 0.5}), ("int8_dynamic", {})


def points(*records):
    return summarise("run", records, 475.0)


def ran(stack, ratios, **changes):
    return record(mitigations=stack, run_windows=windows(ratios), **changes)


def one(stack_ratios, *parts, **changes):
    (found,) = interactions(points(ran((PRUNING, INT8), stack_ratios, **changes), *parts))
    return found


def exact(first, second):
    """Parts whose every block has the same ratio, so that nothing of the interval is theirs."""
    return ran((PRUNING,), [first] * 4), ran((INT8,), [second] * 4)


def test_parts_that_do_not_influence_each_other_multiply():
    found = one([0.4] * 4, *exact(0.5, 0.8))
    assert found.expected.estimate == pytest.approx(0.4)
    assert astuple(found.factor) == pytest.approx((1.0, 1.0, 1.0))
    assert found.finding == "as-expected"


@pytest.mark.parametrize(("ratio", "finding"), [(0.3, "saves-more"), (0.5, "saves-less")])
def test_more_and_less_than_the_parts(ratio, finding):
    found = one([ratio] * 4, *exact(0.5, 0.8))
    assert found.factor.estimate == pytest.approx(ratio / 0.4)
    assert found.finding == finding


def test_the_interval_is_welchs_of_independent_log_ratios():
    """Two samples of logs: the sum of their variances of the mean, and Welch and Satterthwaite's degrees of freedom."""
    first, second, both = [0.5, 0.52, 0.48, 0.5], [0.8, 0.81], [0.40, 0.43, 0.38]
    found = one(both, ran((PRUNING,), first), ran((INT8,), second))
    variances = [stats.tvar([math.log(r) for r in ratios]) / len(ratios) for ratios in (first, second, both)]
    freedom = sum(variances) ** 2 / sum(
        v**2 / (len(r) - 1) for v, r in zip(variances, (first, second, both), strict=True)
    )
    reach = stats.t.ppf(0.975, freedom) * math.sqrt(sum(variances))
    assert math.log(found.factor.high / found.factor.low) / 2 == pytest.approx(reach)
    assert math.log(found.factor.high * found.factor.low) / 2 == pytest.approx(math.log(found.factor.estimate))


def test_two_samples_agree_with_scipys_welch_test():
    """With a part of no spread and ratio 1 the factor's interval is that of the difference of two means."""
    first, both = [0.5, 0.55, 0.47], [0.45, 0.44, 0.47, 0.43]
    found = one(both, ran((PRUNING,), first), ran((INT8,), [1.0] * 50))
    test = stats.ttest_ind([math.log(r) for r in both], [math.log(r) for r in first], equal_var=False)
    interval = test.confidence_interval(0.95)
    assert math.log(found.factor.low) == pytest.approx(interval.low, rel=1e-6)
    assert math.log(found.factor.high) == pytest.approx(interval.high, rel=1e-6)


def test_a_single_block_gives_no_interval_and_resolves_nothing():
    found = one([0.4] * 4, ran((PRUNING,), [0.5]), ran((INT8,), [0.8] * 4))
    assert found.factor.estimate == pytest.approx(1.0)
    assert (found.factor.low, found.factor.high, found.finding) == (None, None, "not-resolved")


def test_a_wide_interval_around_one_is_not_as_expected():
    found = one([0.3, 0.5, 0.4, 0.45], *exact(0.5, 0.8))
    assert found.factor.low < 1 < found.factor.high
    assert found.finding == "not-resolved"


def test_the_same_technique_with_other_parameters_is_no_part():
    other = ran((("structured_pruning", {"share": 0.25}),), [0.5] * 4)
    made = points(ran((PRUNING, INT8), [0.4] * 4), other, ran((INT8,), [0.8] * 4))
    assert len(stacks(made)) == 1
    assert interactions(made) == []


def test_a_part_read_on_another_basis_is_no_part():
    pruning, int8 = exact(0.5, 0.8)
    counted = msgspec.structs.replace(int8, windows=windows([0.8] * 4, component="gpu", method=COUNTER))
    assert interactions(points(ran((PRUNING, INT8), [0.4] * 4), pruning, counted)) == []


def test_a_part_that_failed_is_no_part():
    pruning, _ = exact(0.5, 0.8)
    failed = record(mitigations=(INT8,), status="failed")
    assert interactions(points(ran((PRUNING, INT8), [0.4] * 4), pruning, failed)) == []


def test_losses_of_score_add_up_with_half_widths_added():
    """Of 1,000 items pruning loses 40, int8 10, the stack 50: as the sum says."""
    scored = [
        ran((PRUNING,), [0.5] * 4, scores=binary_scores(900, 40, 0, 60), margin=0.1),
        ran((INT8,), [0.8] * 4, scores=binary_scores(900, 10, 0, 90), margin=0.1),
    ]
    found = one([0.4] * 4, *scored, scores=binary_scores(900, 50, 0, 50), margin=0.1)
    assert found.score.expected.estimate == pytest.approx(-0.05)
    assert found.score.excess.estimate == pytest.approx(0.0)
    made = points(ran((PRUNING, INT8), [0.4] * 4, scores=binary_scores(900, 50, 0, 50)), *scored)
    reaches = [(point.score_delta_high - point.score_delta_low) / 2 for point in made]
    assert found.score.excess.high == pytest.approx(sum(reaches))
    assert found.score.finding == "as-expected"


@pytest.mark.parametrize(("lost", "finding"), [(300, "loses-more"), (0, "loses-less"), (80, "not-resolved")])
def test_what_a_stack_loses_beside_its_parts(lost, finding):
    scored = [
        ran((PRUNING,), [0.5] * 4, scores=binary_scores(900, 80, 0, 20)),
        ran((INT8,), [0.8] * 4, scores=binary_scores(900, 20, 0, 80)),
    ]
    found = one([0.4] * 4, *scored, scores=binary_scores(1000 - lost, lost, 0, 0))
    assert found.score.finding == finding


def test_an_unscored_part_leaves_the_score_open():
    pruning, int8 = exact(0.5, 0.8)
    scored = msgspec.structs.replace(int8, scores=binary_scores(900, 20, 0, 80))
    assert one([0.4] * 4, pruning, scored, scores=binary_scores(900, 50, 0, 50)).score is None


def test_a_stack_of_three():
    three = (PRUNING, INT8, ("bf16", {}))
    made = points(ran(three, [0.2] * 4), *exact(0.5, 0.8), ran((("bf16", {}),), [0.5] * 4))
    (found,) = interactions(made)
    assert [part.mitigation for part in found.parts] == ["structured_pruning", "int8_dynamic", "bf16"]
    assert found.factor.estimate == pytest.approx(1.0)
