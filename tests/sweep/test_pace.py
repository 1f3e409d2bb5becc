import datetime

import msgspec
import pytest

from suite.record.store import save
from suite.sweep import planning
from suite.sweep.forecast import point_s
from suite.sweep.pace import Pace, TimeLeft, earlier_records, forecast
from suite.sweep.progress import Console
from tests.sweep.test_run import done


@pytest.fixture
def points(tmp_path):
    common = ["device=cpu", f"runs_dir={tmp_path}"]
    makes = [["mitigation=bf16"], ["mitigation=fp16"], ["task=text_classification"]]
    return planning.planned([[*one, *common] for one in makes])


def lasted(record, seconds):
    began = datetime.datetime.fromisoformat(record.started_at)
    return msgspec.structs.replace(record, finished_at=(began + datetime.timedelta(seconds=seconds)).isoformat())


def test_a_point_takes_as_long_as_others_of_its_kind(points):
    pace = Pace()
    pace.learn(points[0].plan, 40.0)
    pace.learn(points[1].plan, 60.0)
    assert pace.point_s(points[0].plan) == (40.0, 60.0)
    assert forecast(points[:2], pace)[:2] == (80.0, 120.0)


def test_points_of_other_kinds_are_stretched_as_those_that_were_measured(points):
    pace, plan = Pace(), points[2].plan
    foretold = point_s(plan.protocol, "cpu")
    assert pace.point_s(plan) == foretold
    pace.learn(points[0].plan, 1.5 * point_s(points[0].plan.protocol, "cpu")[0])
    assert pace.point_s(plan) == (pytest.approx(1.5 * foretold[0]), foretold[1])
    pace.learn(points[0].plan, 1.0)
    pace.learn(points[0].plan, 1.0)  # quicker than foretold: what else is to come may still take that long
    assert pace.point_s(plan) == foretold


def test_earlier_runs_on_this_machine_are_learnt_from(points, tmp_path):
    save(lasted(done(points[0]), 77.0), tmp_path / "other" / "records")
    save(lasted(done(points[2]), 5.0), tmp_path / "other" / "records")
    elsewhere = lasted(done(points[1]), 1.0)
    elsewhere = msgspec.structs.replace(elsewhere, environment={"hardware": {"name": "another machine"}})
    save(elsewhere, tmp_path / "other" / "records")
    (tmp_path / "other" / "records" / "torn-1.json").write_text("{")
    pace = Pace()
    pace.learn_from(earlier_records(tmp_path), [point.plan for point in points[:2]])
    assert pace.point_s(points[1].plan) == (77.0, 77.0)


def test_what_is_left_is_corrected_as_points_end(points):
    left = TimeLeft(points[:2], Pace(), 1)
    before_s = left.seconds()
    left.ended(points[0].title, 100.0)
    assert left.seconds() == 100.0 != before_s / 2
    left.ended(points[1].title, None)
    assert left.seconds() == 0.0


def test_a_point_that_turns_out_to_be_slow_is_said_once(points, capsys):
    console = Console(1, TimeLeft(points[:1], Pace(), 1))
    console.begin(points[0].title)
    console.stage("warming up the baseline")
    console.stage("block 1 of 4 to 16", (400.0, 1600.0))
    console.stage("block 2 of 4 to 16", (300.0, 1500.0))
    assert capsys.readouterr().out == (
        f"{points[0].title}: takes longer than foretold, 7 to 27 minutes: its queries are slow\n"
    )


def test_a_point_that_takes_as_long_as_foretold_is_not_worth_a_line(points, capsys):
    console = Console(1, TimeLeft(points[:1], Pace(), 1))
    console.begin(points[0].title)
    console.stage("block 1 of 4 to 16", point_s(points[0].plan.protocol, "cpu"))
    assert capsys.readouterr().out == ""
