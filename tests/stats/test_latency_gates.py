"""How long answers may take, and servers that do not keep up."""

import msgspec
import pytest

from suite.stats.latency_gates import gate_warnings, idle_warnings, missed_gates, percentile, saturation_warnings
from tests.synthetic import ESTIMATED, windows

NO_GATE = {"p50": None, "p90": None, "p99": None}


def served(candidate_s, *, duration_s=1.0):
    """A block of windows whose candidate answers with these latencies, its baseline always in 10 ms."""
    return [
        msgspec.structs.replace(
            window, latencies_s=candidate_s if window.arm == "candidate" else [0.01] * len(candidate_s)
        )
        for window in windows([1.0], queries=len(candidate_s), duration_s=duration_s)
    ]


def test_a_percentile_is_a_latency_that_occurred():
    hundred = [number / 100 for number in range(100, 0, -1)]
    assert [percentile(hundred, percent) for percent in (50, 90, 99)] == [0.5, 0.9, 0.99]
    assert percentile([0.3], 99) == 0.3
    assert percentile([], 50) is None


def test_a_gate_is_missed_where_its_percentile_lies_above_it():
    found = served([0.1] * 9 + [0.5])
    assert missed_gates(found, "candidate", NO_GATE | {"p50": 0.1, "p90": 0.1}) == []
    (missed,) = missed_gates(found, "candidate", NO_GATE | {"p50": 0.1, "p99": 0.4})
    assert (missed.percent, missed.limit_s, missed.found_s) == (99, 0.4, 0.5)
    assert missed_gates(found, "baseline", NO_GATE | {"p99": 0.4}) == []


def test_the_arm_that_misses_a_gate_is_warned_of():
    (warning,) = gate_warnings(served([0.1] * 9 + [0.5]), NO_GATE | {"p99": 0.4})
    assert warning.code == "latency_gate_missed"
    assert warning.message == "the candidate misses the latency gate: p99 500 ms instead of at most 400 ms"


def test_windows_without_latencies_miss_nothing():
    assert gate_warnings(windows([1.0]), NO_GATE | {"p50": 1e-9}) == []
    assert saturation_warnings(windows([1.0]), 1e9) == []


def test_a_queue_that_grows_is_a_saturated_server():
    # Ten queries arrive in a second and each takes 0.2 s: the tenth is answered after 2 s, a second after it came.
    growing = [0.1 * number for number in range(1, 11)]
    (warning,) = saturation_warnings(served(growing, duration_s=2.0), 10.0)
    assert warning.code == "saturated"
    assert warning.message.startswith("the candidate answered 5 queries a second where 10 arrive")


@pytest.mark.parametrize(("latencies_s", "duration_s"), [([0.2] * 10, 1.2), ([0.01] * 5 + [0.1] * 5, 1.0)])
def test_a_slow_answer_or_a_burst_is_no_saturation(latencies_s, duration_s):
    assert saturation_warnings(served(latencies_s, duration_s=duration_s), 10.0) == []


@pytest.mark.parametrize(
    ("component", "method", "told"),
    [("cpu", ESTIMATED, True), ("cpu", "measured:rapl", False), ("gpu", "measured:nvml_energy_counter", False)],
)
def test_an_estimate_from_cpu_time_leaves_idle_time_out(component, method, told):
    found = idle_warnings(windows([1.0], component=component, method=method))
    assert [warning.code for warning in found] == (["idle_not_counted"] if told else [])
