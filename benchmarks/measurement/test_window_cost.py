"""Start and stop of a window as pytest-benchmark sees them: `make benchmarks`. Times are reported, never asserted."""

import time

import pytest

from benchmarks.measurement.overhead import on_board


@pytest.fixture(scope="module")
def meter():
    with on_board() as opened:
        yield opened


def test_start_of_a_window(benchmark, meter):
    tokens = []

    def close():
        while tokens:
            time.sleep(0.003)
            meter.stop(tokens.pop())

    benchmark.pedantic(lambda: tokens.append(meter.start()), setup=close, rounds=100)
    close()


def test_stop_of_a_window(benchmark, meter):
    def opened():
        token = meter.start()
        time.sleep(0.003)
        return (token,), {}

    benchmark.pedantic(meter.stop, setup=opened, rounds=100)
