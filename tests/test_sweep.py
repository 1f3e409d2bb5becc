import dataclasses
from pathlib import Path

import msgspec
import pytest

from suite import sweep
from suite.errors import InputError
from suite.isolation import Job, Outcome
from suite.progress import Console
from suite.record import Reason, load_run, save
from suite.runner import OUT_OF_REACH, config_hash
from tests.test_record import record


@pytest.fixture
def point(tmp_path):
    (planned,) = sweep.planned([["mitigation=bf16", "device=cpu", f"runs_dir={tmp_path}"]])
    return planned


def done(point, **changes):
    """A record as the point would leave it on this machine."""
    from suite import environment

    plan = point.plan
    values = {
        "point": plan.point, "config_hash": config_hash(plan.config), "config": plan.config,
        "environment": environment.describe("cpu"),
    }  # fmt: skip
    return record(**(values | changes))


def test_a_point_is_pending_until_it_has_an_ok_record(point):
    assert sweep.pending([point]) == [point]
    save(done(point), sweep.run_folder(point) / "records")
    assert sweep.pending([point]) == []


def test_a_skipped_point_is_done_and_a_failed_one_is_not(point):
    folder = sweep.run_folder(point) / "records"
    save(done(point, status="failed", reason=Reason(kind="x", message="y")), folder)
    assert sweep.pending([point]) == [point]
    save(done(point, status="skipped", reason=Reason(kind="x", message="y")), folder)
    assert sweep.pending([point]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"config_hash": "of another configuration"},
        {"environment": {"hardware": {"name": "another machine"}, "packages": {}}},
    ],
)
def test_a_record_of_another_configuration_or_machine_does_not_count(point, changes):
    save(done(point, **changes), sweep.run_folder(point) / "records")
    assert sweep.pending([point]) == [point]


def test_a_mistake_in_the_last_point_is_found_before_the_first_one_runs(tmp_path):
    with pytest.raises(InputError, match="batch_size"):
        sweep.planned([[f"runs_dir={tmp_path}"], [f"runs_dir={tmp_path}", "batch_size=0"]])


def test_the_forecast_follows_the_protocol(point):
    low, high = sweep.forecast_s([point, point])
    protocol = point.plan.protocol
    # two points, each: two warm-ups, four windows a block, and the start
    assert low == 2 * (2 * protocol.warmup_min_s + 4 * protocol.min_blocks * protocol.window_s["cpu"] + sweep.STARTUP_S)
    assert high > low


def test_the_record_of_a_dead_process_keeps_what_it_was_about(point):
    plan = point.plan
    job = Job(config=plan.config, labels=point.labels, records=sweep.run_folder(point) / "records",
              log=sweep.run_folder(point) / "log", timeout_s=1.0)  # fmt: skip
    made = sweep._record_of(Outcome(record=None, kind="timeout", message="too long"), plan, job, "2026-01-01T00:00:00")
    assert (made.status, made.reason.kind, made.point) == ("failed", "timeout", plan.point)
    assert load_run(sweep.run_folder(point))[0][0][1] == made


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


def test_an_older_record_that_the_report_does_not_show_is_not_enough(point):
    folder = sweep.run_folder(point) / "records"
    save(done(point), folder)
    save(done(point, config_hash="measured otherwise since"), folder)
    assert sweep.pending([point]) == [point]


def test_a_hub_that_was_out_of_reach_is_tried_again(point):
    reason = Reason(kind=OUT_OF_REACH, message="the hub is not reachable")
    save(done(point, status="skipped", reason=reason), sweep.run_folder(point) / "records")
    assert sweep.pending([point]) == [point]


def test_another_content_of_a_local_model_is_another_configuration(tmp_path, point):
    assert point.plan.config["contents"]["model"]
    changed = point.plan.config | {"contents": {"model": "retrained"}}
    assert config_hash(changed) != config_hash(point.plan.config)


@pytest.mark.parametrize(
    "values", [["seed=0", "seed=1"], ["protocol=quick", "protocol=strict"], ["threads=1", "threads=2"]]
)
def test_points_that_the_report_could_not_tell_apart_are_refused(tmp_path, values):
    with pytest.raises(InputError, match="hide each other"):
        sweep.planned([[f"runs_dir={tmp_path}", value] for value in values])


def test_a_sweep_over_names_is_refused(tmp_path):
    with pytest.raises(InputError, match="one run"):
        sweep.planned([[f"runs_dir={tmp_path}", f"name={name}"] for name in ("a", "b")])


def test_embedded_models_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (planned,) = sweep.planned([[f"runs_dir={tmp_path}"]])
    assert Path(planned.plan.model.path).is_dir()


def test_a_record_that_cannot_be_read_back_is_a_failed_point(point):
    folder = sweep.run_folder(point) / "records"
    folder.mkdir(parents=True)
    (folder / f"{point.plan.point.point_id}-1.json").write_text("{")
    job = Job(config=point.plan.config, labels=point.labels, records=folder, log=folder / "log", timeout_s=1.0)
    outcome = Outcome(record=folder / f"{point.plan.point.point_id}-1.json")
    made = sweep._record_of(outcome, point.plan, job, "2026-01-01T00:00:00")
    assert (made.status, made.reason.kind) == ("failed", "unreadable_record")


@pytest.mark.parametrize("name", ["", "  ", "/tmp/x", "../x", "a/../../b", "a/b", "."])
def test_a_run_name_cannot_leave_the_runs_folder(name):
    with pytest.raises(InputError, match="name"):
        sweep.check_name(name)


def test_a_planned_point_says_what_is_unusual(point):
    assert point.title == "image_classification · bf16"
    training = dataclasses.replace(
        point,
        plan=dataclasses.replace(
            point.plan, point=msgspec.structs.replace(point.plan.point, workload="training_steps")
        ),
    )
    assert training.title.endswith("training_steps")
