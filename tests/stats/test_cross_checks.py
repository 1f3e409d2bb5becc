import msgspec
import pytest

from suite.record.schema import Idle
from suite.stats.counter_checks import (
    counter_allowed,
    counter_difference,
    integral_difference,
    truth_allowed,
    truth_difference,
)
from suite.stats.cross_checks import not_converged, not_steady, partly_quantised, warnings_of
from tests.synthetic import BOARD, COUNTER, ESTIMATED, environment, windows

METER = environment(gpu="Example GPU")["meter"]
HALVES = [0.5] * 4  # sixteen windows


def gpu_windows(block_ratios=HALVES, *, baseline_j=3.0, method=COUNTER, edges="tick_aligned", **conditions):
    """Sixteen windows of 1 s and 100 queries: 300 W and 150 W on a board limited to 400 W."""
    return windows(
        block_ratios, baseline_j=baseline_j, component="gpu", method=method, edges=edges, conditions=BOARD | conditions
    )


def changed(seen, index, **conditions):
    """``seen`` with other conditions in the window at ``index``."""
    one = seen[index]
    one = msgspec.structs.replace(one, conditions=msgspec.structs.replace(one.conditions, **conditions))
    return [*seen[:index], one, *seen[index + 1 :]]


def only(found, code):
    assert [warning.code for warning in found] == [code]
    assert found[0].remedy
    return found[0].message


def test_nothing_is_said_of_a_sound_gpu_point():
    assert warnings_of(gpu_windows(), None, METER, pairing="resident") == []


def test_no_windows_no_warnings():
    assert warnings_of([], None, METER) == []


def test_an_estimate_in_the_headline_is_named():
    message = only(warnings_of(windows(HALVES), None, {}), "cpu_energy_estimated")
    assert message.startswith("CPU energy is an estimate (CPU time x TDP)")


def test_an_estimate_beside_a_measured_headline_is_not():
    seen = windows(HALVES, component="gpu", method=COUNTER, beside={"cpu": (0.1, ESTIMATED)})
    assert warnings_of(seen, None, {}) == []


@pytest.mark.parametrize("basis", ["simulated", "replayed"])
def test_what_was_not_measured_is_named(basis):
    found = warnings_of(gpu_windows(method=f"{basis}:nvml_energy_counter"), None, METER)
    assert only(found, "not_measured").startswith(f"energy was {basis}, not measured")


def test_the_counter_may_differ_by_one_step():
    # Windows of 1 s and a step of 0.1 s: 10 % are allowed. 300 J against 275 J are 9.1 %, against 270 J 11.1 %.
    assert warnings_of(changed(gpu_windows(), 0, counter_j=275.0, integral_j=275.0), None, METER) == []
    message = only(
        warnings_of(changed(gpu_windows(), 0, counter_j=270.0, integral_j=270.0), None, METER), "counter_disagrees"
    )
    assert "in 1 of 16 windows, by up to 11.1 %" in message


def test_long_windows_may_differ_by_half_a_percent():
    (window, *_) = windows([1.0], duration_s=100.0)
    assert counter_allowed(window, tick_s=0.1) == 0.005
    assert truth_allowed(window, tick_s=0.1) == 0.01
    assert truth_allowed(window, tick_s=0.1) == 0.01
    assert truth_allowed(window, tick_s=0.1) == 0.01


def test_the_integral_of_power_may_differ_by_five_percent():
    # Eight windows of 300 J and eight of 150 J, 3600 J in all: 4.7 % over an integral of 3440 J, 7.1 % over 3360 J.
    assert warnings_of(gpu_windows(integral_j=215.0), None, METER) == []
    message = only(warnings_of(gpu_windows(integral_j=210.0), None, METER), "integral_disagrees")
    assert message == "energy and the integral of the board's power differ by 7.1 % over all windows"


def test_one_window_whose_power_was_caught_badly_is_no_fault():
    # A board that renews its power every 100 ms: 300 J against 200 J in one window are 50 %, 3 % of all.
    assert warnings_of(changed(gpu_windows(), 0, integral_j=200.0), None, METER) == []


def test_the_integral_is_held_against_the_reading_where_there_is_no_counter():
    (window,) = changed(gpu_windows()[:1], 0, counter_j=None, integral_j=200.0)
    assert integral_difference([window]) == pytest.approx(0.5)


def test_differences_are_unknown_without_conditions():
    (window, *_) = windows([1.0])
    assert counter_difference(window) is integral_difference([window]) is truth_difference(window) is None


def test_the_truth_of_a_simulation_is_compared():
    (window,) = changed(gpu_windows()[:1], 0, truth_j={"gpu": 240.0})
    assert truth_difference(window) == pytest.approx(0.25)


def test_a_counter_that_stands_still_for_more_than_three_steps_is_named():
    seen = changed(changed(gpu_windows(), 3, longest_still_s=0.45), 4, longest_still_s=0.29)
    message = only(warnings_of(seen, None, METER), "missing_ticks")
    assert "rises every 100 ms, stood still for up to 450 ms in 1 of 16 windows" in message


@pytest.mark.parametrize(("has_counter", "words"), [(True, "could not be timed"), (False, "no energy counter")])
def test_a_gpu_without_a_known_step_is_named(has_counter, words):
    gpu = {"method": COUNTER, "energy_counter": has_counter, "tick_s": None}
    found = warnings_of(gpu_windows(edges=None), None, {"components": {"gpu": gpu}})
    assert words in only(found, "no_tick")


def test_windows_that_do_not_wait_for_a_known_step_are_named():
    # A step of 0.1 s in a window of 1 s.
    message = only(warnings_of(gpu_windows(edges="unaligned"), None, METER), "unaligned")
    assert message.startswith("16 of 16 windows")
    assert "by up to 10.0 %" in message


def test_power_a_little_above_the_limit_is_named():
    # 412 J in 1 s at a limit of 400 W; the candidate's 206 W are below it.
    message = only(warnings_of(gpu_windows(baseline_j=4.12), None, METER), "power_above_limit")
    assert "in 8 of 16 windows, by up to 3.0 %" in message


def test_throttling_is_named_once_with_all_its_reasons():
    seen = changed(gpu_windows(), 0, throttle_reasons=["too hot (driver)"])
    seen = changed(seen, 9, throttle_reasons=["clocks set by the user", "too hot (hardware)"])
    message = only(warnings_of(seen, None, METER), "throttled")
    assert message == "the GPU held its clocks back in 2 of 16 windows: too hot (driver), too hot (hardware)"


def test_a_board_at_its_power_limit_is_noted_once_and_its_clocks_may_move():
    # As an H100 under a large matrix product: 1845 to 1965 MHz, held back in every window.
    seen = gpu_windows(throttle_reasons=["power limit reached"], sm_clock_mhz=[1845.0])
    seen = changed(changed(seen, 0, sm_clock_mhz=[1965.0]), 1, sm_clock_mhz=[1965.0])
    assert "that is no fault" in only(warnings_of(seen, None, METER), "power_limited")


def test_clocks_that_the_user_fixed_are_welcome():
    assert warnings_of(gpu_windows(throttle_reasons=["clocks set by the user"]), None, METER) == []


def test_clocks_that_moved_within_an_arm_are_named():
    # Window 0 is the baseline's. A board at rest at a window's start is no change of clock.
    assert warnings_of(changed(gpu_windows(), 0, sm_clock_mhz=[345.0, 1900.0]), None, METER) == []
    message = only(warnings_of(changed(gpu_windows(), 0, sm_clock_mhz=[345.0, 1800.0]), None, METER), "clocks_moved")
    assert message == "the GPU ran the baseline's windows at 1800 to 1980 MHz"


@pytest.mark.parametrize(("candidate_mhz", "is_named"), [(1900.0, False), (1500.0, True)])
def test_clocks_that_differ_between_the_arms_are_named(candidate_mhz, is_named):
    seen = gpu_windows()
    for index, window in enumerate(seen):
        if window.arm == "candidate":
            seen = changed(seen, index, sm_clock_mhz=[candidate_mhz])
    found = warnings_of(seen, None, METER)
    assert [warning.code for warning in found] == ["clocks_differ"] * is_named
    assert not found or "the baseline at 1980 MHz and the candidate at 1500 MHz" in found[0].message


def interpolated(window, codecarbon_j, uncertainty_j=1.0):
    return msgspec.structs.replace(
        window,
        edges="interpolated",
        codecarbon_energy_j={"gpu": codecarbon_j},
        energy_uncertainty_j={"gpu": uncertainty_j},
    )


def test_codecarbon_may_differ_from_the_interpolated_counter_by_a_step_and_a_quarter():
    # Windows of 1 s at 300 W and a step of 0.1 s: 37.5 J.
    near, far = ([interpolated(each, each.energy_j["gpu"] * share) for each in gpu_windows()] for share in (1.12, 1.13))
    assert warnings_of(near, None, METER) == []
    message = only(warnings_of(far, None, METER), "counter_disagrees")
    assert "in 16 of 16 windows, by up to 13.0 %" in message


def test_an_interpolated_window_may_miss_the_truth_by_three_times_its_uncertainty():
    (window, *_) = gpu_windows()
    assert truth_allowed(interpolated(window, 300.0), tick_s=0.1) == 0.01
    assert truth_allowed(interpolated(window, 300.0, 2.0), tick_s=0.1) == pytest.approx(3 * 2 / 300)


def test_the_step_of_an_older_record_is_found():
    old = {"components": {"gpu": {"method": COUNTER, "energy_counter": True, "tick_s": 0.1}}}
    assert only(warnings_of(gpu_windows(edges="unaligned"), None, old), "unaligned")


def last_block_at(celsius):
    seen = gpu_windows()
    for index in range(12, 16):
        seen = changed(seen, index, temperature_c=[celsius])
    return seen


def test_a_board_that_warmed_up_by_more_than_ten_kelvin_is_named():
    # The first block is at 62.5 degrees on average.
    assert warnings_of(last_block_at(72.0), None, METER) == []
    assert "from 62 to 73 °C" in only(warnings_of(last_block_at(73.0), None, METER), "temperature")


def test_a_hot_board_is_named():
    assert "at most 85 °C" in only(warnings_of(gpu_windows(temperature_c=[80.0, 85.0]), None, METER), "temperature")


def test_other_processes_are_named_with_the_most_of_them():
    seen = changed(changed(gpu_windows(), 0, foreign_processes=1), 1, foreign_processes=2)
    message = only(warnings_of(seen, None, METER), "foreign_processes")
    assert message.startswith("other processes (up to 2) had work on this GPU in 2 of 16 windows")


def test_processes_that_cannot_be_counted_are_not_named():
    assert warnings_of(gpu_windows(foreign_processes=None), None, METER) == []


def idle(before_w, after_w):
    return Idle(
        power_w={"gpu": (before_w + after_w) / 2},
        method={"gpu": COUNTER},
        before_w={"gpu": before_w},
        after_w={"gpu": after_w},
    )


def test_idle_power_that_moved_by_more_than_a_tenth_is_named():
    assert warnings_of(gpu_windows(), idle(95.0, 104.0), METER) == []
    assert "90.0 W before the blocks and 110.0 W after" in only(
        warnings_of(gpu_windows(), idle(90.0, 110.0), METER), "idle_moved"
    )


def test_windows_that_drew_no_more_than_idle_are_named():
    message = only(warnings_of(gpu_windows(), idle(150.0, 150.0), METER), "idle_above_work")
    assert message == "8 of 16 windows drew no more than the idle power of 150.0 W (least 150.0 W)"


def test_swapped_models_are_named():
    assert "swapped" in only(warnings_of(gpu_windows(), None, METER, pairing="swapped"), "swapped")


def test_records_that_saw_nothing_beside_the_energy_raise_nothing_about_it():
    seen = windows(HALVES, component="gpu", method=COUNTER)
    assert warnings_of(seen, None, {"components": {"gpu": {"method": COUNTER, "scope": "board"}}}) == []


def test_a_warm_up_that_did_not_settle():
    assert not_steady("candidate", 0.031, 30.0).message == (
        "the candidate's time per query still varied by 3.1 % after 30 s"
    )
    assert not_steady("candidate", None, 30.0).message == (
        "the candidate's time per query could not be seen to be steady after 30 s"
    )


def test_a_comparison_that_did_not_converge():
    assert not_converged(8, 0.02).message == "after 8 blocks the interval is still wider than 2 % each way"


def effect_with(before, after):
    return {"baseline": {"quantised_share_of_all": before}, "candidate": {"quantised_share_of_all": after}}


def test_a_model_quantised_in_part_is_named():
    warning = partly_quantised(effect_with(0.0, 0.034))
    assert warning.code == "partly_quantised"
    assert warning.message.startswith("3 % of the model's parameters are quantised: ")


@pytest.mark.parametrize(
    "effect",
    [effect_with(0.0, 0.5), effect_with(0.0, 0.0), effect_with(0.3, 0.3), {"baseline": {}, "candidate": {}}, {}],
    ids=["half", "no quantiser", "both arms", "an older record", "nothing was applied"],
)
def test_a_model_quantised_mostly_or_not_at_all_is_no_fault(effect):
    assert partly_quantised(effect) is None


def test_gpus_that_were_in_use_and_have_no_figure_are_named():
    rapl = {"cpu": {"method": "measured:rapl"}}
    seen = windows(HALVES, method="measured:rapl")
    described = {"components": rapl, "boards": {"0": {"name": "A"}, "2": {"name": "B"}}}
    message = only(warnings_of(seen, None, described), "gpu_energy_not_read")
    assert message.startswith("the energy of 2 GPUs is absent")
    assert warnings_of(seen, None, {"components": rapl}) == []
