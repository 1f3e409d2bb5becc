import msgspec
import pytest

from suite.analysis.point.speed import latency_p50, latency_percentile, throughput
from suite.record.schema import Window
from tests.synthetic import windows


def test_latency_is_the_median_of_single_queries_where_they_were_waited_for():
    seen = windows([0.5], queries=3)
    seen = [msgspec.structs.replace(window, latencies_s=[0.1, 0.2, 0.9]) for window in seen]
    assert latency_p50(seen, "candidate") == 0.2


def test_latency_is_else_the_time_of_a_batch():
    # 100 queries in 1 s, in batches of 20: 5 batches, 0.2 s each.
    assert latency_p50(windows([0.5], batch_sizes=(10, 20)), "candidate") == pytest.approx(0.2)


def test_latency_is_unknown_where_batches_were_not_counted():
    assert (
        latency_p50([msgspec.structs.replace(window, batches=None) for window in windows([0.5])], "candidate") is None
    )


def test_throughput_is_all_queries_over_all_time():
    assert throughput(windows([0.5], time_ratio=0.5), "candidate") == pytest.approx(200.0)


def test_throughput_of_nothing_is_unknown():
    assert throughput([], "candidate") is None


def test_percentiles_are_the_nearest_rank_over_single_queries():
    seen = [
        Window(
            arm="candidate", block=0, queries=50, tokens=None, duration_s=1.0, energy_j={}, method={},
            latencies_s=[float(value) for value in range(first, first + 50)],
        )
        for first in (1, 51)
    ]  # fmt: skip
    assert latency_percentile(seen, "candidate", 95) == 95.0
    assert latency_percentile(seen, "candidate", 99) == 99.0
    assert latency_percentile(seen, "baseline", 95) is None
