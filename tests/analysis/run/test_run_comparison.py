import math

import msgspec
import pytest

from suite.analysis.run.run_comparison import compare
from suite.analysis.summary import summarise
from suite.errors import InputError
from tests.synthetic import Reason, binary_scores, environment, record, windows


def points(*records):
    return summarise("run", records, 400.0)


def one(*, ratios=(0.8, 0.81, 0.79, 0.8), baseline_j=1.0, hardware="one CPU", **fields):
    return record(run_windows=windows(ratios, baseline_j=baseline_j), where=environment(hardware), **fields)


def compared(a, b, **tolerances):
    (found,) = compare(points(a), points(b), **({"energy_tolerance": 0.05, "ratio_tolerance": 0.05} | tolerances))
    return found


def test_a_run_against_itself_shows_no_change():
    found = compared(one(), one())
    assert found.same_hardware
    assert found.energy.estimate == pytest.approx(1.0)
    assert found.energy.low < 1 < found.energy.high
    assert found.regressions == []


def test_more_joules_a_query_is_a_regression_though_the_ratio_stays():
    found = compared(one(), one(baseline_j=1.2))
    assert found.energy.estimate == pytest.approx(1.2)
    assert found.ratio.estimate == pytest.approx(1.0)
    assert found.regressions == ["energy"]


def test_a_technique_that_lost_its_saving_is_a_regression():
    found = compared(one(), one(ratios=(1.0, 1.01, 0.99, 1.0)))
    assert found.ratio.estimate == pytest.approx(1.0 / 0.8, rel=1e-3)
    assert found.regressions == ["energy", "ratio"]


def test_a_change_within_its_interval_is_none():
    found = compared(one(ratios=(0.7, 0.9, 0.75, 0.85)), one(ratios=(0.8, 1.0, 0.85, 0.95)))
    assert found.ratio.estimate > 1.05
    assert found.regressions == []


def test_joules_of_other_hardware_are_not_compared():
    found = compared(one(), one(baseline_j=9.0, hardware="another"))
    assert (found.same_hardware, found.energy, found.regressions) == (False, None, [])
    assert found.ratio.estimate == pytest.approx(1.0)


def test_welch_interval_by_hand():
    """Logs 0 and 2 against 1 and 3: difference 1, each mean's variance 1, so sqrt 2 with two degrees of freedom."""
    found = compared(one(ratios=(1.0, math.e**2)), one(ratios=(math.e, math.e**3)))
    assert found.ratio.estimate == pytest.approx(math.e)
    assert found.ratio.high == pytest.approx(math.exp(1 + 4.302653 * 2**0.5), rel=1e-5)


def test_points_of_one_run_alone_are_listed():
    other = one(mitigations=[("int8_dynamic", {})])
    found = compare(points(one()), points(other), energy_tolerance=0.05, ratio_tolerance=0.05)
    assert [(each.a is None, each.b is None) for each in found] == [(False, True), (True, False)]
    assert [each.regressions for each in found] == [["missing"], []]  # a gate must not be passed by leaving a point out


def test_joules_of_a_block_are_weighted_by_the_queries_of_its_windows():
    """Block 1 of B: 100 queries at 1 J and 300 at 2 J are 1.75 J a query; blocks 0 and 1 of A, and 0 of B, have 1 J."""
    seen = windows((1.0, 1.0))
    assert (seen[4].block, seen[4].arm) == (1, "candidate")
    seen[4] = msgspec.structs.replace(seen[4], queries=300, energy_j={"cpu": 600.0})
    found = compared(one(ratios=(1.0, 1.0)), record(run_windows=seen, where=environment("one CPU")))
    assert found.energy.estimate == pytest.approx(1.75**0.5)


def test_a_block_that_was_cut_short_is_left_out():
    whole = windows((1.0, 1.0, 5.0))
    cut = [window for window in whole if (window.block, window.arm) != (2, "baseline")]
    found = compared(one(ratios=(1.0, 1.0)), record(run_windows=cut, where=environment("one CPU")))
    assert found.energy.estimate == pytest.approx(1.0)


def test_energy_of_nothing_is_no_change_and_no_error():
    found = compared(one(), one(baseline_j=0.0))
    assert found.energy is None


def test_a_simulated_run_is_not_compared_with_a_real_one():
    simulated = record(
        run_windows=windows((1.0, 1.0), method="simulated:nvml_energy_counter"), where=environment("one CPU")
    )
    found = compared(one(), simulated)
    assert (found.energy, found.ratio, found.regressions) == (None, None, [])


def test_a_score_that_fell_beyond_the_margin_is_a_regression():
    before, after = (one(scores=binary_scores(right, 0, 0, 1000 - right)) for right in (900, 850))
    assert compared(before, after).regressions == ["accuracy"]
    assert compared(after, before).regressions == []


def test_a_point_that_fails_now_is_a_regression():
    failed = record(status="failed", reason=Reason(kind="crashed", message="gone"), where=environment("one CPU"))
    assert compared(one(), failed).regressions == ["status"]
    assert compared(failed, one()).regressions == []


def across(a, b, names=("device", "dtype")):
    return compare(points(*a), points(*b), energy_tolerance=0.05, ratio_tolerance=0.05, across=names)


def measured(component, joules, **fields):
    seen = windows((0.8, 0.81, 0.79, 0.8), baseline_j=joules, component=component, method="measured:counter")
    return record(run_windows=seen, **fields)


def test_devices_are_compared_where_both_were_measured_and_nothing_is_a_regression():
    cpu, gpu = measured("cpu", 4.0), measured("gpu", 1.0, device="cuda", dtype="bfloat16")
    (found,) = across([gpu], [cpu])
    assert found.energy.estimate == pytest.approx(4.0)
    assert found.energy.low < 4.0 < found.energy.high
    assert (found.same_hardware, found.regressions) == (True, [])
    assert found.point_id == points(cpu)[0].point_id


def test_an_estimate_is_not_compared_with_a_counter():
    (found,) = across([one()], [measured("gpu", 1.0, device="cuda")])
    assert (found.energy, found.same_hardware, found.regressions) == (None, False, [])
    assert found.ratio.estimate == pytest.approx(1.0)


def test_what_is_not_compared_across_still_tells_points_apart():
    found = across([one()], [one(device="cuda", batch_size=8)])
    assert [(each.a is None, each.b is None) for each in found] == [(False, True), (True, False)]


def test_several_points_that_would_be_one_are_refused():
    with pytest.raises(InputError, match="differ only in device, dtype"):
        across([one(), one(dtype="bfloat16")], [one()])


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="choose batch_size, device"):
        across([one()], [one()], names=("colour",))


def test_a_model_on_several_gpus_is_another_point_than_on_one():
    spread, whole = (
        msgspec.structs.replace(found, point=msgspec.structs.replace(found.point, device_map=device_map))
        for found, device_map in ((one(), "auto"), (one(), None))
    )
    assert [point.device_map for point in points(spread, whole)] == ["auto", None]
    found = compare(
        points(spread, whole), points(spread, whole), energy_tolerance=0.05, ratio_tolerance=0.05, across=["dtype"]
    )
    assert len(found) == 2
