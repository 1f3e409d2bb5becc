"""The benchmark of the measurement's accuracy, with smaller counts: what it promises, and that it can fail."""

import sys
from types import SimpleNamespace

import pytest

from benchmarks.measurement import false_claims, gpu, interpolated, intervals, overhead, window_errors
from benchmarks.measurement.intervals import COVERAGE, RATIO, RATIO_WITHIN
from benchmarks.measurement.table import Row, text
from benchmarks.measurement.virtual import QUERY_S, CounterOnly, real_codecarbon, world
from benchmarks.measurement.window_errors import ADDITIVE, COLD, MEAN, WORST, Errors, Mode

SECONDS = {"baseline": QUERY_S, "candidate": QUERY_S}


def test_hot_gated_windows_are_right():
    errors = window_errors.window_errors(Mode(hot=True, gated=True), 12)
    assert abs(errors.worst) < WORST
    assert abs(errors.bias) < MEAN


def test_cold_ungated_windows_are_wrong():
    assert window_errors.window_errors(Mode(hot=False, gated=False), 12).bias < -COLD


def test_a_gate_narrows_the_errors_of_hot_windows():
    gated, ungated = (window_errors.window_errors(Mode(hot=True, gated=gated), 12) for gated in (True, False))
    assert gated.spread < ungated.spread / 3


@pytest.fixture(scope="module")
def windows_anywhere():
    return interpolated.windows_anywhere(16)


def test_windows_that_end_anywhere_are_right_where_the_counter_is_interpolated(windows_anywhere):
    assert {window.edges for window in windows_anywhere} == {"interpolated"}
    assert abs(Errors.of(windows_anywhere).worst) < interpolated.EACH


def test_they_are_wrong_by_a_step_where_it_is_not(windows_anywhere):
    assert abs(interpolated.codecarbon_alone(windows_anywhere).worst) > 2 * interpolated.EACH


def test_a_window_is_about_as_wrong_as_it_says(windows_anywhere):
    errors = [
        (window.energy_j["gpu"] - window.conditions.truth_j["gpu"]) / window.energy_uncertainty_j["gpu"]
        for window in windows_anywhere
    ]
    assert 0.3 < (sum(error**2 for error in errors) / len(errors)) ** 0.5 < 1.5


@pytest.mark.parametrize("ratio", [1.0, 0.8])
def test_four_blocks_of_long_batches_find_the_ratio(ratio):
    found = interpolated.compared(ratio)
    assert found.low <= ratio <= found.high
    assert abs(found.estimate / ratio - 1) < interpolated.RATIO_WITHIN
    assert found.half_width < interpolated.HALF_WIDTH


def test_a_board_that_lags_is_recognised_and_waited_for():
    ticker, windows = interpolated.lagging_board(2)
    assert ticker.lag_s == pytest.approx(interpolated.LAG_S, abs=interpolated.LAG_WITHIN_S)
    assert ticker.interpolation is None
    assert {window.edges for window in windows} == {"tick_aligned"}
    assert abs(Errors.of(windows).worst) < WORST


def test_twice_the_queries_take_twice_the_energy():
    assert abs(window_errors.additivity(3)) < ADDITIVE


def test_a_known_ratio_is_found_and_covered_under_drift():
    found = intervals.compare(RATIO, real_codecarbon(), 0)
    assert found.covers(RATIO)
    assert abs(found.interval.estimate / RATIO - 1) < RATIO_WITHIN


def test_one_arm_after_the_other_misses_the_known_ratio():
    found = intervals.compare_in_sequence(RATIO, CounterOnly(), 0)
    assert not found.covers(RATIO)
    assert abs(found.interval.estimate / RATIO - 1) > RATIO_WITHIN


def test_the_baseline_against_itself_is_covered():
    assert intervals.compare(1.0, CounterOnly(), 1).covers(1.0)


@pytest.mark.slow
def test_the_energy_interval_holds_the_truth_about_as_often_as_it_says():
    share, blocks = intervals.energy_coverage(200)
    assert COVERAGE[0] <= share <= COVERAGE[1]
    assert blocks > 4  # else the stopping rule was never put to the test


@pytest.mark.parametrize("clustered", [False, True])
def test_the_accuracy_interval_holds_the_truth_about_as_often_as_it_says(clustered):
    assert COVERAGE[0] <= intervals.accuracy_coverage(400, clustered=clustered) <= COVERAGE[1]


def rig(here):
    return gpu.rig(here.arms, here.meter, SECONDS, here.ticker())


def test_energy_is_a_line_through_nothing():
    with world(1.0, CounterOnly(), drift=0.0) as here:
        explained, intercept = gpu.linearity(rig(here), rounds=2)
    assert explained > 0.999
    assert abs(intercept) < 0.01


def test_idle_power_is_found_and_taken_off():
    with world(2.0, CounterOnly(), drift=0.0) as here:
        idle_w = gpu.idle_power_w(here.meter, here.idle)
        windows = gpu.compared(rig(here))
    assert idle_w == pytest.approx(60.0, rel=0.01)
    assert gpu.ratio(windows).estimate == pytest.approx(2.0, rel=0.01)
    assert gpu.ratio(windows, idle_w).estimate == pytest.approx(0.96 * (625 - 60) / (300 - 60), rel=0.01)


def test_the_gpus_rows_hold_on_an_interpolated_counter():
    with world(1.0, real_codecarbon(), lag_s=0.0, drift=0.0) as here:
        found = gpu.rig(here.arms, here.meter, SECONDS, interpolated.probed(here))
        window = found.window("baseline", factor=2)
    assert window.edges == "interpolated"
    assert window.queries == 2 * found.plan.queries["baseline"]


def test_a_run_that_uses_the_network_or_leaves_files_is_seen():
    code = (
        "import pathlib, socket, tempfile; pathlib.Path.home().joinpath('left').touch(); tempfile.mkstemp();"
        "socket.getaddrinfo('127.0.0.1', 80)"
    )
    sockets, files = overhead.left_behind([sys.executable, "-c", code])
    assert sockets == 1
    assert [file.partition("/")[0] for file in files] == ["home", "tmp"]


def test_the_table_says_what_was_met_and_what_was_missed():
    rows = [Row(name="a", figure="1", target="2", met=False), Row(name="b", figure="2")]
    assert text(rows).splitlines()[2:] == ["a       1      2       missed", "b       2"]


def test_a_board_against_itself_is_seldom_said_to_change():
    loud = [verdict for verdict in false_claims.aa_verdicts(20) if verdict not in false_claims.SILENT]
    assert len(loud) <= 2  # of a hundred at most ten; make bench-measurement takes them all


@pytest.mark.parametrize(("blocks", "hung"), [(4, 1), (16, 0), (16, 3)])
def test_hung_blocks_leave_the_interval_its_coverage(blocks, hung):
    held, wrongly = false_claims.hung_coverage(800, blocks, hung)  # its standard error is 0.8 points
    assert held >= 0.93
    assert wrongly < 0.001


class Monitor:
    """Zeus's, as far as it is used: reads the board's truth, and a share more."""

    def __init__(self, here, more):
        self.here, self.more = here, more

    def begin_window(self, key):
        self.began_j = self.here.meter.board.counter_mj() / 1000

    def end_window(self, key):
        used_j = self.here.meter.board.counter_mj() / 1000 - self.began_j
        return SimpleNamespace(total_energy=(1 + self.more) * used_j)


@pytest.mark.parametrize(("more", "met"), [(0.0, True), (0.03, False)])
def test_a_second_meter_is_set_beside_this_suites(more, met):
    with world(1.0, real_codecarbon(), lag_s=0.0, drift=0.0) as here:
        row = gpu.beside_zeus(rig(here), Monitor(here, more))
    assert row.met is met
    assert float(row.figure.split()[0]) == pytest.approx(100 * more, abs=0.5)


def test_without_zeus_the_row_says_how_to_get_it():
    assert gpu.beside_zeus(None, None).figure == "skipped: pip install zeus"
