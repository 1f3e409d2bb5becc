"""The suite's own speed: `make benchmarks`. Times are reported, never asserted."""

import pytest

from suite.meters.codecarbon import CodeCarbon
from suite.record.store import load, load_run, newest_by_point, save
from suite.stats.interval import mean_interval
from tests.record.test_record import record, window


@pytest.fixture(scope="module")
def meter():
    with CodeCarbon(tdp_w=None).open("cpu") as opened:
        yield opened


def test_start_and_stop_of_a_window(benchmark, meter):
    benchmark(lambda: meter.stop(meter.start()))


def test_interval_of_sixteen_blocks(benchmark):
    benchmark(mean_interval, [0.01 * index for index in range(16)])


def test_saving_a_record(benchmark, tmp_path):
    full = record(windows=[window("baseline", block, 1.0) for block in range(64)])
    benchmark.pedantic(save, args=(full, tmp_path), rounds=50)


def test_loading_a_record(benchmark, tmp_path):
    path = save(record(windows=[window("baseline", block, 1.0) for block in range(64)]), tmp_path)
    benchmark(load, path)


def test_loading_a_run_of_two_hundred_records(benchmark, tmp_path):
    for _ in range(200):
        save(record(), tmp_path / "records")
    benchmark.pedantic(lambda: newest_by_point(load_run(tmp_path)[0]), rounds=5)
