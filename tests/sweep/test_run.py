import dataclasses
import errno
import os
from pathlib import Path

import msgspec
import pytest

from suite.errors import InputError
from suite.machine import device_lock
from suite.measure.findings import Findings
from suite.record.hashing import config_hash
from suite.record.schema import Reason
from suite.record.store import load_run, save
from suite.sweep import planning, point_run, run
from suite.sweep.forecast import STARTUP_S, Forecast
from suite.sweep.pace import Pace, forecast
from suite.sweep.point_run import Reporter
from suite.sweep.process import Outcome
from suite.sweep.progress import Console
from tests.record.test_record import record
from tests.synthetic import windows

WINDOWS = windows([0.8, 0.9])


@pytest.fixture(autouse=True)
def _own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv(device_lock.FOLDER_VARIABLE, str(tmp_path / "locks"))


@pytest.fixture
def point(tmp_path):
    (planned,) = planning.planned([["mitigation=bf16", "device=cpu", f"runs_dir={tmp_path}"]])
    return planned


def done(point, **changes):
    """A record as the point would leave it on this machine."""
    from suite.machine import environment

    plan = point.plan
    values = {
        "point": plan.point, "config_hash": config_hash(plan.config), "config": plan.config,
        "environment": environment.describe("cpu"),
    }  # fmt: skip
    return record(**(values | changes))


def test_a_mistake_in_the_last_point_is_found_before_the_first_one_runs(tmp_path):
    with pytest.raises(InputError, match="batch_size"):
        planning.planned([[f"runs_dir={tmp_path}"], [f"runs_dir={tmp_path}", "batch_size=0"]])


def test_the_forecast_follows_the_protocol(point):
    low, high, devices = forecast([point, point], Pace())
    protocol = point.plan.protocol
    # two points, each: two warm-ups, a block's windows (one an arm, since they are in slices), and the start
    assert low == 2 * (2 * protocol.warmup_min_s + 2 * protocol.min_blocks * protocol.window_s["cpu"] + STARTUP_S)
    assert high > low
    assert devices == 1


@pytest.mark.parametrize(
    ("forecast", "words"),
    [
        (Forecast(20, 40, 1), "2 points to measure, about 20 to 40 s, into runs/a"),
        (Forecast(120, 300, 4), "about 2 to 5 minutes on 4 devices at once, into"),
        (Forecast(120, 300, None), "about 2 to 5 minutes of measuring in all, on as many devices at once as the"),
    ],
)
def test_the_announcement_says_how_long_and_on_how_many_devices(capsys, forecast, words):
    Console(2).announce(0, forecast, Path("runs/a"))
    assert words in capsys.readouterr().out


def test_one_point_is_announced_as_one(capsys):
    Console(1).announce(0, Forecast(20, 40, 1), Path("runs/a"))
    assert capsys.readouterr().out.startswith("1 point to measure, about")


@pytest.fixture
def outcomes(monkeypatch):
    """Points end as the test says, by the number of their turn, instead of being measured."""

    def prepare(*ends):
        left = iter(ends)
        monkeypatch.setattr(point_run, "run_isolated", lambda job, notify: next(left))

    return prepare


def records_of(point):
    return [record for _, record in load_run(point.plan.run_folder)[0]]


def test_the_record_of_a_dead_process_keeps_what_it_was_about(point, outcomes):
    outcomes(Outcome(record=None, kind="timeout", message="too long"))
    (made,) = run.run([point], Reporter())
    assert (made.status, made.reason.kind, made.point) == ("failed", "timeout", point.plan.point)
    assert records_of(point) == [made]


def test_the_record_of_a_dead_process_keeps_the_blocks_that_were_finished(point, outcomes):
    found = (
        Findings(environment={"meter": {"name": "m"}}, effect={"proof": {}}, pairing="resident"),
        Findings(windows=WINDOWS[:4]),
        Findings(windows=WINDOWS[4:]),
    )
    outcomes(Outcome(record=None, kind="timeout", message="too long", found=found))
    (made,) = run.run([point], Reporter())
    assert (made.status, made.reason.kind, made.reason.message) == (
        "failed",
        "timeout",
        "too long; finished blocks kept: 2",
    )
    assert (made.windows, made.pairing, made.converged) == (WINDOWS, "resident", None)
    assert made.environment["meter"] == {"name": "m"}
    assert made.environment["hardware"] == done(point).environment["hardware"]
    assert "cpu_energy_estimated" in {warning.code for warning in made.warnings}
    assert records_of(point) == [made]


def test_findings_that_make_no_record_leave_a_record_without_them(point, outcomes):
    torn = msgspec.structs.replace(WINDOWS[0], queries=0)
    outcomes(Outcome(record=None, kind="killed", message="by SIGKILL", found=(Findings(windows=[torn]),)))
    (made,) = run.run([point], Reporter())
    assert (made.status, made.reason.kind, made.windows) == ("failed", "unreadable_record", [])


@pytest.fixture
def two_points(tmp_path):
    overrides = [["mitigation=bf16"], ["mitigation=none"]]
    return planning.planned([[*each, "device=cpu", f"runs_dir={tmp_path}"] for each in overrides])


BAD = InputError("the label is unknown", got="cat", remedy="use dog")


def test_bad_input_of_one_point_does_not_end_the_others(two_points, outcomes):
    outcomes(
        Outcome(record=None, kind="bad_input", message=str(BAD), bad_input=BAD), Outcome(record=done(two_points[1]))
    )
    bad, good = run.run(two_points, Reporter())
    assert (bad.status, bad.reason.kind, bad.reason.message) == ("failed", "bad_input", str(BAD))
    assert good.status == "ok"


def test_bad_input_of_a_lone_point_is_raised_and_leaves_no_record(point, outcomes):
    outcomes(Outcome(record=None, kind="bad_input", message=str(BAD), bad_input=BAD))
    with pytest.raises(InputError, match="use dog"):
        run.run([point], Reporter(), alone=True)
    assert records_of(point) == []


def test_ctrl_c_saves_the_point_and_starts_no_other(two_points, outcomes):
    outcomes(Outcome(record=done(two_points[0]), interrupted=True))
    with pytest.raises(KeyboardInterrupt):
        run.run(two_points, Reporter())
    assert records_of(two_points[0]) == [done(two_points[0])]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_a_disk_that_takes_no_more_ends_the_sweep_and_keeps_what_is_there(two_points, outcomes, monkeypatch, number):
    outcomes(*(Outcome(record=done(each)) for each in two_points))
    written = []

    def save_once(record, folder):
        if written:
            raise OSError(number, os.strerror(number))
        written.append(save(record, folder))
        return written[0]

    monkeypatch.setattr(point_run, "save", save_once)
    with pytest.raises(InputError, match=r"takes no more .* same command again goes on"):
        run.run(two_points, Reporter())
    assert records_of(two_points[0]) == [done(two_points[0])]


def test_a_device_that_another_run_measures_on_is_refused(tmp_path):
    (point,) = planning.planned([["device=cpu", f"runs_dir={tmp_path}", "lock=error"]])
    taken = r"cpu, by process \d+, run another, .* lock=wait"
    with device_lock.held(["cpu"], "another"), pytest.raises(InputError, match=taken):
        run.run([point], Reporter())


def test_the_sweeps_own_settings_are_in_no_record(tmp_path, point):
    (other,) = planning.planned([["mitigation=bf16", "device=cpu", f"runs_dir={tmp_path}", "retry=none", "lock=wait"]])
    assert (other.retry, other.lock) == ("none", "wait")
    assert other.plan.config == point.plan.config


def test_an_unknown_way_to_lock_is_refused(tmp_path):
    with pytest.raises(InputError, match="lock"):
        planning.planned([[f"runs_dir={tmp_path}", "lock=maybe"]])


def test_a_secret_on_the_command_line_is_refused_and_not_repeated(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANTED_TOKEN", "abc-planted-123")
    with pytest.raises(InputError, match="HF_TOKEN") as raised:
        planning.planned([[f"runs_dir={tmp_path}", "model.path=abc-planted-123"]])
    assert "planted" not in str(raised.value)


def test_a_planted_token_is_nowhere_in_the_run(point, outcomes, monkeypatch):
    token = "hf_" + "plantedPLANTED0123456789"
    monkeypatch.setenv("HF_TOKEN", token)
    outcomes(Outcome(record=None, kind="OSError", message=f"401 for https://me:{token}@huggingface.co?token={token}"))
    run.run([point], Reporter())
    files = [path for path in point.plan.run_folder.rglob("*") if path.is_file()]
    assert any(b"[secret]" in path.read_bytes() for path in files)
    assert not any(token.encode() in path.read_bytes() for path in files)


def test_the_console_counts_and_names_the_reason(capsys):
    console = Console(2)
    with console:
        console.begin("a")
        console.stage("warming up")
        console.end("a", "ok", None)
        console.end("b", "failed", Reason(kind="RuntimeError", message="no kernel\nmore"))
    console.summary(1, 61.0)
    printed = capsys.readouterr().out
    assert "[1/2] ✓ ok" in printed
    assert "[2/2] ✗ failed" in printed
    assert "b: no kernel\n" in printed
    assert "2 points measured in 1.0 minutes, 1 failed" in printed


def test_another_content_of_a_local_model_is_another_configuration(tmp_path, point):
    assert point.plan.config["contents"]["model"]
    changed = point.plan.config | {"contents": {"model": "retrained"}}
    assert config_hash(changed) != config_hash(point.plan.config)


@pytest.mark.parametrize(
    "values", [["seed=0", "seed=1"], ["protocol=quick", "protocol=strict"], ["threads=1", "threads=2"]]
)
def test_points_that_the_report_could_not_tell_apart_are_refused(tmp_path, values):
    with pytest.raises(InputError, match="hide each other"):
        planning.planned([[f"runs_dir={tmp_path}", value] for value in values])


def test_a_sweep_over_names_is_refused(tmp_path):
    with pytest.raises(InputError, match="one run"):
        planning.planned([[f"runs_dir={tmp_path}", f"name={name}"] for name in ("a", "b")])


def test_embedded_models_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (planned,) = planning.planned([[f"runs_dir={tmp_path}"]])
    assert Path(planned.plan.model.path).is_dir()


def test_a_record_that_cannot_be_read_back_is_a_failed_point(point, outcomes):
    outcomes(Outcome(record=done(point, config={"task": {"margin": "oops"}})))
    (made,) = run.run([point], Reporter())
    assert (made.status, made.reason.kind) == ("failed", "unreadable_record")


@pytest.mark.parametrize("name", ["", "  ", "/tmp/x", "../x", "a/../../b", "a/b", "."])
def test_a_run_name_cannot_leave_the_runs_folder(name):
    with pytest.raises(InputError, match="name"):
        planning.check_name(name)


def test_a_planned_point_says_what_is_unusual(point):
    assert point.title == "image_classification · bf16"
    training = dataclasses.replace(
        point,
        plan=dataclasses.replace(
            point.plan, point=msgspec.structs.replace(point.plan.point, workload="training_steps")
        ),
    )
    assert training.title.endswith("training_steps")
