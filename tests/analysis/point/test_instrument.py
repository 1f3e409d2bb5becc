import msgspec
import pytest

from suite.analysis.point.instrument import Agreement, Instrument, instrument
from tests.synthetic import BOARD, COUNTER, environment, windows

GPU = environment(gpu="Example GPU")


def seen(ratios, **changes):
    """Windows of 1 s and 100 queries: 300 W, and as much times ``ratios`` in the candidate's."""
    return windows(
        ratios, baseline_j=3.0, component="gpu", method=COUNTER, edges="tick_aligned", conditions=BOARD | changes
    )


def test_a_gpu_point_in_figures():
    found = instrument(seen([0.5] * 4, throttle_reasons=["power limit reached"]), GPU)
    assert found is not None
    assert (found.windows, found.window_s, found.window_s_total) == (16, 1.0, 16.0)
    assert (found.edges, found.slices, found.tick_s) == ({"tick_aligned": 16}, 1, 0.1)
    assert found.mean_power_w == [150.0, 300.0]
    assert (found.power_limit_w, found.temperature_c, found.sm_clock_mhz) == (400.0, [61.0, 64.0], [1980.0, 1980.0])
    assert (found.throttle_reasons, found.foreign_processes) == (["power limit reached"], 0)


def test_agreement_counts_windows_and_keeps_the_sign_of_the_worst():
    # A step is 10 %. The counter reads 280 J: the baseline's 300 J are 7.1 % more, the candidate's 240 J 14.3 % less.
    found = instrument(seen([0.8], counter_j=280.0), GPU)
    assert found is not None
    assert found.counter == Agreement(windows=4, agreeing=2, worst=pytest.approx(240 / 280 - 1))


def test_the_integral_of_power_is_held_against_all_windows_at_once():
    # The baseline's 300 J twice and the candidate's 270 J twice, against 280 J four times.
    found = instrument(seen([0.9], integral_j=280.0, counter_j=None), GPU)
    assert found is not None
    assert found.integral == Agreement(windows=1, agreeing=1, worst=pytest.approx(1140 / 1120 - 1))


def test_windows_are_counted_by_their_edges_with_their_median_uncertainty():
    one, two, three, four = seen([0.9])
    interpolated = [
        msgspec.structs.replace(
            window,
            edges="interpolated",
            codecarbon_energy_j={"gpu": 290.0},
            energy_uncertainty_j={"gpu": uncertainty_j},
        )
        for window, uncertainty_j in ((one, 0.3), (two, 0.54), (four, 0.9))
    ]
    found = instrument([*interpolated, msgspec.structs.replace(three, edges="unaligned")], GPU)
    assert found is not None
    assert found.edges == {"interpolated": 3, "unaligned": 1}
    assert found.uncertainty == pytest.approx(0.002)  # of 0.001, 0.002 (of the candidate's 270 J) and 0.003


def test_what_was_derived_before_there_were_edges_is_read():
    found = instrument(seen([0.5] * 4), GPU)
    assert found is not None
    older = msgspec.to_builtins(found) | {"gated": 12}
    del older["edges"], older["uncertainty"]
    assert msgspec.convert(older, Instrument).edges == {"tick_aligned": 12, "unaligned": 4}
    assert msgspec.convert(older | {"gated": None}, Instrument).edges == {}


def test_a_cpu_point_has_slices_and_nothing_else():
    found = instrument(windows([0.5] * 4, slices=20), environment())
    assert found is not None
    assert found.slices == 20
    assert found.tick_s is found.counter is found.integral is found.truth is found.uncertainty is None
    assert found.edges == {}
    assert found.temperature_c == found.sm_clock_mhz == found.mean_power_w == found.throttle_reasons == []
    assert found.power_limit_w is found.foreign_processes is None


def test_the_truth_of_a_simulation_is_held_against_the_reading():
    # 300 J and 291 J against a truth of 280 J: half a step of 0.1 s in a window of 1 s allows 5 %.
    found = instrument(seen([0.97], truth_j={"gpu": 280.0}), GPU)
    assert found is not None
    assert found.truth == Agreement(windows=4, agreeing=2, worst=pytest.approx(300 / 280 - 1))


@pytest.mark.parametrize("environment", [{}, {"meter": "codecarbon"}, {"meter": {"components": {"gpu": {}}}}])
def test_a_step_that_no_one_wrote_down_is_unknown(environment):
    found = instrument(seen([0.5]), environment)
    assert found is not None
    assert found.tick_s is None


def test_no_windows_have_no_instrument():
    assert instrument([], GPU) is None
