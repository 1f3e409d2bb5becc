"""The benchmarks of starting and of overhead: their arithmetic, on logs and records made up here."""

import pytest

from benchmarks.stages import seconds_by_stage
from benchmarks.sweep_overhead import text, time_by_purpose
from suite.record.store import save
from suite.sweep.planning import planned
from suite.sweep.point_run import Reporter
from suite.sweep.run import run as run_points
from tests.sweep.test_process import FAST
from tests.synthetic import record, windows

LOG = """\
2026-01-02T03:00:00.000+00:00 started
a library's word
2026-01-02T03:00:00.100+00:00 loading the model
2026-01-02T03:00:00.300+00:00 opening the meter
2026-01-02T03:00:00.600+00:00 applying bf16
2026-01-02T03:00:01.600+00:00 scoring
2026-01-02T03:00:03.600+00:00 warming up the baseline
2026-01-02T03:00:04.600+00:00 warming up the candidate
2026-01-02T03:00:05.600+00:00 block 1 of 2 to 4
2026-01-02T03:00:10.100+00:00 block 2 of 2 to 4
2026-01-02T03:00:14.600+00:00 profiling the device
2026-01-02T03:00:14.700+00:00 taking the peak memory
2026-01-02T03:00:15.000+00:00 finished
"""
STAGES = {
    "building the point": 0.1, "loading the model": 0.2, "opening the meter": 0.3, "applying the technique": 1.0,
    "scoring": 2.0, "warm-up": 2.0, "blocks": 9.0, "profiling the device": 0.1,
    "peak memory": 0.3,
}  # fmt: skip


def test_the_log_tells_what_each_stage_took():
    assert seconds_by_stage(LOG) == pytest.approx(STAGES)


@pytest.mark.parametrize("log", ["", LOG.rpartition("2026")[0], LOG.replace("scoring", "pondering")])
def test_a_log_that_leaves_time_unexplained_is_refused(log):
    with pytest.raises(ValueError, match=r"stage|ended"):
        seconds_by_stage(log)


@pytest.fixture
def run(tmp_path):
    """Two points of that log, each with eight windows of one second in its nine seconds of blocks."""
    for minute, mitigations in enumerate([(), [("bf16", {})]]):
        made = record(mitigations=mitigations, run_windows=windows((1.0, 1.0)), minute=minute)
        save(made, tmp_path / "records")
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / f"{made.point_id}.log").write_text(LOG)
    return tmp_path


def test_every_second_of_the_command_has_a_purpose(run):
    found = time_by_purpose(run, 40.0)
    assert sum(found.values()) == pytest.approx(40.0)
    assert (found["windows"], found["between windows"]) == pytest.approx((16.0, 2.0))
    assert found["outside points: command, forks, records, report"] == pytest.approx(10.0)


def test_overhead_is_what_is_neither_window_nor_warm_up_nor_scoring(run):
    """Of 40 s: windows 16, warm-up 4 and scoring 4 are measuring, so that 16 are left; 2 of them applied techniques."""
    assert "overhead 40.0% (target: at most 15%), 35.0% without applying" in text(time_by_purpose(run, 40.0), 2)


@pytest.mark.slow
def test_a_real_point_tells_every_stage(tmp_path):
    (point,) = planned([[*FAST, "mitigation=none", f"runs_dir={tmp_path}"]])
    run_points([point], Reporter())
    (log,) = (point.plan.run_folder / "logs").iterdir()
    stages = seconds_by_stage(log.read_text())
    assert set(stages) == set(STAGES)
