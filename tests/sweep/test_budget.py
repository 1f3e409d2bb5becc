"""A budget: the fewest blocks of every point first, further blocks where the interval is widest, and an end in time."""

import dataclasses

import msgspec
import pytest

from suite.config.composition import budget_s
from suite.errors import InputError
from suite.measure.block_limits import BUDGET
from suite.record.store import load_run, save
from suite.sweep import budget, planning, point_run, run
from suite.sweep.budget import Budget, BudgetedSweep
from suite.sweep.point_run import Reporter, run_one
from suite.sweep.process import TIMEOUT, Outcome
from suite.sweep.progress import Console
from suite.sweep.resume import scan
from tests.sweep.test_run import done
from tests.synthetic import windows

POINT_S = 30.0
NARROW, WIDE, WIDEST = [0.8] * 4, [0.8, 0.85, 0.75, 0.82], [0.8, 1.2, 0.5, 0.9]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("1.5m", 90), (None, None)])
def test_a_budget_is_a_time(text, seconds):
    assert budget_s(text) == seconds


@pytest.mark.parametrize("text", ["10", "m", "0s", "-5m", "10 minutes", 600])
def test_what_is_no_time_is_one_clear_line(text):
    with pytest.raises(InputError, match="write it as 90s, 10m or 1h"):
        budget_s(text)


@pytest.fixture
def clock(monkeypatch):
    """A clock that points move."""

    class Clock:
        now_s = 1000.0

    monkeypatch.setattr(budget.time, "monotonic", lambda: Clock.now_s)
    return Clock


@pytest.fixture
def points(tmp_path):
    names = ("bf16", "fp16", "nf4")
    common = ["device=cpu", f"runs_dir={tmp_path}", "budget=100s"]
    return planning.planned([[f"mitigation={name}", *common] for name in names])


@pytest.fixture
def measured(monkeypatch, clock):
    """Points that take their time and leave the ratios that the test says."""
    asked, ratios = [], {}

    def stand_in(point, reporter, *, limits):
        asked.append((point.plan.point.label, limits))
        clock.now_s += POINT_S
        made = windows(ratios[point.plan.point.label])
        return done(point, windows=made, converged=ratios[point.plan.point.label] is NARROW)

    monkeypatch.setattr(budget, "run_one", stand_in)
    return asked, ratios


def test_every_point_gets_its_fewest_blocks_first(points, measured, clock):
    asked, ratios = measured
    ratios |= {"bf16": NARROW, "fp16": NARROW, "nf4": NARROW}
    sweep = BudgetedSweep(points, Budget(text="100s", deadline_s=clock.now_s + 100), Reporter())
    records = [sweep.fewest_blocks(point) for point in points]
    assert [record.status for record in records] == ["ok"] * 3
    assert {limits.most_blocks for _, limits in asked} == {points[0].plan.protocol.min_blocks}
    assert sweep.more_blocks(records) == []


def test_what_does_not_fit_is_skipped_and_measured_by_the_same_command_again(points, measured, clock):
    _, ratios = measured
    ratios |= {"bf16": NARROW, "fp16": NARROW}
    sweep = BudgetedSweep(points, Budget(text="70s", deadline_s=clock.now_s + 70), Reporter())
    last = [sweep.fewest_blocks(point) for point in points][-1]
    assert (last.status, last.reason.kind) == ("skipped", BUDGET)
    assert "budget=70s; the same command again measures it" in last.reason.message
    for point in points[:2]:
        save(done(point, windows=windows(NARROW)), point.plan.run_folder / "records")
    assert scan(points).todo == [points[2]]


def test_time_that_is_left_goes_to_the_widest_interval_first_and_on_from_its_windows(points, measured, clock):
    asked, ratios = measured
    ratios |= {"bf16": WIDE, "fp16": NARROW, "nf4": WIDEST}
    sweep = BudgetedSweep(points, Budget(text="160s", deadline_s=clock.now_s + 160), Reporter())
    records = [sweep.fewest_blocks(point) for point in points]
    sweep.more_blocks(records)
    assert [label for label, _ in asked[3:]] == ["nf4", "bf16"]
    assert asked[3][1].earlier == tuple(records[2].windows)
    assert asked[3][1].most_blocks is None


def test_open_verdicts_come_before_wide_intervals(points, measured, clock):
    asked, ratios = measured
    ratios |= {
        "bf16": WIDE,
        "fp16": [0.5, 0.7, 0.4, 0.6],
        "nf4": [0.95, 1.1, 0.97, 1.06],
    }  # only of nf4 nothing is known
    sweep = BudgetedSweep(points, Budget(text="200s", deadline_s=clock.now_s + 200), Reporter())
    sweep.more_blocks([sweep.fewest_blocks(point) for point in points])
    assert [label for label, _ in asked[3:]] == ["nf4", "fp16", "bf16"]


def test_the_same_command_goes_on_from_the_blocks_of_points_that_are_still_wide(points, measured, clock, monkeypatch):
    asked, ratios = measured
    ratios |= {"bf16": NARROW, "fp16": WIDE, "nf4": NARROW}
    for point in points:
        wide = point.plan.point.label == "fp16"
        save(done(point, windows=windows(ratios[point.plan.point.label]), converged=not wide),
             point.plan.run_folder / "records")  # fmt: skip
    state = scan(points)
    assert [point.plan.point.label for point in state.todo] == ["fp16"]
    monkeypatch.setattr(run, "run_one", lambda point, reporter, *, alone, limits: asked.append(limits) or done(point))
    run.run([dataclasses.replace(point, budget=None) for point in state.todo], Reporter(), unfinished=state.unfinished)
    assert [len(limits.earlier) for limits in asked] == [len(windows(WIDE))]
    assert asked[0].most_blocks is None
    asked.clear()
    ample = [dataclasses.replace(point, budget="100h") for point in state.todo]
    run.run(ample, Reporter(), unfinished=state.unfinished)  # within a budget there is no first round for it
    assert [len(limits.earlier) for _, limits in asked] == [len(windows(WIDE))]


def test_a_point_that_has_had_its_most_blocks_is_done(points):
    most = points[0].plan.protocol.max_blocks
    save(done(points[0], windows=windows([0.8] * most), converged=False), points[0].plan.run_folder / "records")
    assert points[0] not in scan(points).todo


def test_points_without_time_are_one_line(points, measured, clock, capsys):
    console = Console(3)
    sweep = BudgetedSweep(points, Budget(text="1s", deadline_s=clock.now_s + 1), console)
    for point in points:
        sweep.fewest_blocks(point)
    sweep.tell_left_out()
    console.summary(0, 60.0)
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "3 of 3 points left out: no time was left in budget=1s; the same command again measures them",
        "0 points measured in 1.0 minutes, 3 left out",
    ]


def test_the_deadline_keeps_time_back_for_the_report(points):
    made = Budget.of(points)
    assert made.left_s < 100 - 5
    assert Budget.of([dataclasses.replace(point, budget=None) for point in points]) is None


def test_a_point_that_the_deadline_stops_is_skipped_with_its_finished_blocks(points, monkeypatch, clock):
    from suite.measure.block_limits import Limits
    from suite.measure.findings import Findings

    monkeypatch.setattr("suite.measure.block_limits.time.monotonic", lambda: clock.now_s)
    found = (Findings(windows=windows([0.8, 0.9])),)
    stopped = Outcome(record=None, kind=TIMEOUT, message="stopped", found=found)
    monkeypatch.setattr(point_run, "run_isolated", lambda job, notify: stopped)
    record = run_one(points[0], Reporter(), limits=Limits(deadline_s=clock.now_s))
    assert (record.status, record.reason.kind, len(record.windows)) == ("skipped", BUDGET, len(windows([0.8, 0.9])))
    ((_, kept),), torn = load_run(points[0].plan.run_folder)
    assert (msgspec.to_builtins(kept.windows), torn) == (msgspec.to_builtins(record.windows), [])


def test_a_budget_and_a_cluster_do_not_go_together(points, monkeypatch):
    monkeypatch.setattr(run, "launcher_of", lambda points: "ray")
    with pytest.raises(InputError, match="one after another here"):
        run.run(points, Reporter())
