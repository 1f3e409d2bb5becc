import dataclasses
import importlib.util
import time
from pathlib import Path

import msgspec
import pytest

from suite.errors import InputError
from suite.record.store import load_run, save
from suite.sweep import planning, resume
from suite.sweep import run as sweep
from suite.sweep.launchers import dispatch, gpus, ray_cluster, slurm
from suite.sweep.launchers.choice import launcher_of, settings_of
from suite.sweep.launchers.outcome import Lost
from suite.sweep.pace import Pace, forecast
from suite.sweep.point_run import Reporter
from tests import slurm as real_slurm
from tests.launched import answer, meet, threads
from tests.sweep.test_process import FAST
from tests.sweep.test_run import done

needs_submitit = pytest.mark.skipif(
    importlib.util.find_spec("submitit") is None, reason="submitit is not installed: pip install '.[slurm]'"
)
needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install '.[ray]'"
)
NODE_GPUS = ["GPU-aa", "GPU-bb"]
"""Stand-ins: no driver is asked."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A Slurm of one node."""
    if real_slurm.why_not():
        pytest.skip(real_slurm.why_not())
    with real_slurm.running(tmp_path_factory.mktemp("slurm") / "node") as environment:
        yield environment


@pytest.fixture
def on_slurm(cluster, monkeypatch):
    """This process is a login node; answers are looked for often."""
    for name, value in cluster.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(slurm, "POLL_S", 0.2)
    monkeypatch.setattr(slurm, "GRACE_S", 1.0)


def slurm_settings(folder, **changes):
    overrides = [f"runs_dir={folder}", "hydra/launcher=submitit_slurm"]
    return slurm.with_node_alone(settings_of(overrides), "cpu") | changes


# Choosing


def test_without_a_launcher_points_run_one_after_another():
    assert launcher_of([["mitigation=none"], []]) == "basic"


@pytest.mark.parametrize("name", ["joblib", "submitit_local"])
def test_a_launcher_that_shares_one_device_is_refused_with_the_reason(name):
    with pytest.raises(InputError, match=r"side by side on one device.*energy.*gpus for several"):
        launcher_of([[f"hydra/launcher={name}"]])


def test_an_unknown_launcher_is_refused():
    with pytest.raises(InputError, match="unknown launcher, got 'hydra/launcher=pbs'"):
        launcher_of([["hydra/launcher=pbs"]])


def test_a_sweep_has_one_launcher():
    with pytest.raises(InputError, match="one launcher"):
        launcher_of([["hydra/launcher=gpus"], []])


@pytest.mark.parametrize(("name", "extra"), [("submitit_slurm", "slurm"), ("ray", "ray")])
def test_a_launcher_that_is_not_installed_says_how_to_get_it(name, extra, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    with pytest.raises(InputError, match=rf"pip install .*\[{extra}\]"):
        launcher_of([[f"hydra/launcher={name}"]])


# Planning for other machines


@needs_ray
def test_the_device_of_other_machines_is_taken_at_its_word(tmp_path):
    (point,) = planning.planned([["hydra/launcher=ray", "device=cuda", f"runs_dir={tmp_path}"]])
    assert (point.plan.point.device, point.plan.point.dtype) == ("cuda", "bfloat16")
    assert point.plan.config["device"] == "cuda"


@needs_ray
def test_the_device_of_other_machines_cannot_be_left_open(tmp_path):
    with pytest.raises(InputError, match=r"other machines.*got 'auto'"):
        planning.planned([["hydra/launcher=ray", f"runs_dir={tmp_path}"]])


@needs_ray
def test_the_same_point_is_the_same_here_and_there(tmp_path):
    overrides = ["device=cpu", "mitigation=bf16", f"runs_dir={tmp_path}"]
    (here,), (there,) = planning.planned([overrides]), planning.planned([[*overrides, "hydra/launcher=ray"]])
    assert (here.plan.point, here.plan.config) == (there.plan.point, there.plan.config)


@needs_ray
@pytest.mark.parametrize(("launcher", "missing"), [([], 1), (["hydra/launcher=ray"], 0)])
def test_a_record_of_another_node_is_missing_here_but_not_on_a_cluster(tmp_path, launcher, missing):
    (point,) = planning.planned([["device=cpu", f"runs_dir={tmp_path}", *launcher]])
    packages = done(point).environment["packages"]
    save(
        done(point, environment={"hardware": {"name": "a node"}, "packages": packages}),
        point.plan.run_folder / "records",
    )
    assert len(resume.scan([point]).todo) == missing


@needs_ray
def test_a_record_of_other_versions_is_missing_on_a_cluster_too(tmp_path):
    (point,) = planning.planned([["device=cpu", f"runs_dir={tmp_path}", "hydra/launcher=ray"]])
    old = {"hardware": {"name": "a node"}, "packages": {"torch": "1.0"}}
    save(done(point, environment=old), point.plan.run_folder / "records")
    assert resume.scan([point]).todo == [point]


# How many at once


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["hydra/launcher=gpus", "hydra.launcher.devices=[GPU-aa,GPU-bb]", "device=cuda"], 2),
        (["hydra/launcher=gpus", "hydra.launcher.devices=[GPU-aa,GPU-bb]"], 1),  # refused when it starts
        pytest.param(["hydra/launcher=submitit_slurm"], None, marks=needs_submitit),
        pytest.param(["hydra/launcher=submitit_slurm", "hydra.launcher.array_parallelism=3"], 3, marks=needs_submitit),
        ([], 1),
    ],
)
def test_how_many_points_are_measured_at_once(tmp_path, more, expected):
    (point,) = planning.planned([["device=cpu", f"runs_dir={tmp_path}"]])
    overrides = [f"runs_dir={tmp_path}", *more]
    device = "cuda" if "device=cuda" in more else "cpu"
    plan = dataclasses.replace(point.plan, point=msgspec.structs.replace(point.plan.point, device=device))
    asked = dataclasses.replace(point, overrides=overrides, plan=plan)
    assert dispatch.devices_at_once([asked] * 8) == expected


@pytest.mark.parametrize(
    ("init", "device", "expected"),
    [
        ({"address": None, "num_gpus": None}, "cpu", 1),  # a point takes all processors of the one node
        ({"address": None, "num_gpus": 4}, "cuda", 4),
        ({"address": None, "num_gpus": None}, "cuda", None),
        ({"address": "auto", "num_gpus": None}, "cpu", None),
    ],
)
def test_how_many_points_a_ray_cluster_measures_at_once(init, device, expected):
    assert ray_cluster.workers({"init": init}, device) == expected


@needs_submitit
def test_the_forecast_is_for_as_many_jobs_as_run_at_once(tmp_path):
    overrides = ["device=cpu", f"runs_dir={tmp_path}", "hydra/launcher=submitit_slurm"]
    (point,) = planning.planned([[*overrides, "hydra.launcher.array_parallelism=4"]])
    one, eight = forecast([point], Pace()), forecast([point] * 8, Pace())
    assert (eight.devices, eight.low_s, eight.high_s) == (4, 2 * one.low_s, 2 * one.high_s)


# Gathering


class Told(Reporter):
    def __init__(self):
        self.ended = []

    def end(self, title, status, reason):
        self.ended.append((title, status, reason and reason.kind))


@pytest.fixture
def remote_point(tmp_path, monkeypatch):
    """A point whose launcher is whatever the test says."""
    (point,) = planning.planned([["device=cpu", "mitigation=bf16", f"runs_dir={tmp_path}"]])

    def run(engine):
        monkeypatch.setattr(dispatch, "launcher_of", lambda points: "ray")
        monkeypatch.setattr(dispatch, "settings_of", lambda overrides: {})
        monkeypatch.setattr(dispatch, "_ENGINES", {"ray": engine})
        told = Told()
        (found,) = dispatch.run_remote([point], told)
        return point, found, told, load_run(point.plan.run_folder)[0]

    return run


def test_a_lost_point_is_a_failed_record_that_claims_no_hardware(remote_point):
    def engine(work, arguments, settings):
        yield 0, Lost(kind="node_fail", message="the node died")

    point, found, told, saved = remote_point(engine)
    assert (found.status, found.reason.kind, found.point) == ("failed", "node_fail", point.plan.point)
    assert found.environment["hardware"] == {}
    assert [record for _, record in saved] == [found]
    assert told.ended == [(point.title, "failed", "node_fail")]


def test_a_point_that_was_lost_after_its_record_was_written_is_not_doubled(remote_point):
    def engine(work, arguments, settings):
        config = arguments[0].config
        (point,) = planning.planned([["device=cpu", "mitigation=bf16", f"runs_dir={config['runs_dir']}"]])
        save(done(point), point.plan.run_folder / "records")
        yield 0, Lost(kind="cancelled", message="too late")

    _, found, _, saved = remote_point(engine)
    assert found.status == "ok"
    assert len(saved) == 1


def test_a_record_from_a_node_that_does_not_share_the_folder_is_kept_here(remote_point):
    def engine(work, arguments, settings):
        (point,) = planning.planned([["device=cpu", "mitigation=bf16", f"runs_dir={arguments[0].config['runs_dir']}"]])
        yield 0, done(point)

    _, found, _, saved = remote_point(engine)
    assert [record.record_id for _, record in saved] == [found.record_id]


def test_bad_input_found_on_the_node_comes_back_as_a_sentence(tmp_path):
    (point,) = planning.planned([["device=cpu", f"runs_dir={tmp_path}"]])
    config = point.plan.config | {"seed": -1}
    remote = dispatch.RemotePoint(overrides=[], labels=point.labels, config=config, folder=Path.cwd())
    lost = dispatch.measure(remote)
    assert (lost.kind, "seed must be" in lost.message) == ("bad_input", True)


# Several GPUs


def test_every_gpu_has_a_worker_that_sees_it_alone_and_works_beside_the_others(tmp_path):
    answers = dict(gpus.run(meet, [tmp_path, tmp_path], {"devices": NODE_GPUS}))  # each waits for the other
    assert sorted(answers.values()) == NODE_GPUS


def test_one_gpu_works_off_all_points():
    answers = dict(gpus.run(answer, ["a", "b", "c"], {"devices": ["GPU-aa"]}))
    assert answers == {number: (text, "GPU-aa") for number, text in enumerate("abc")}


def test_a_worker_that_dies_costs_its_point_alone():
    answers = dict(gpus.run(answer, ["kill", "b"], {"devices": ["GPU-aa"]}))
    assert answers[0].kind == "crashed"
    assert answers[1] == ("b", "GPU-aa")


@pytest.mark.parametrize("devices", [["GPU-a", "GPU-a"], "GPU-a"])
def test_a_gpu_serves_one_worker(devices):
    with pytest.raises(InputError, match="a GPU of its own"):
        next(gpus.run(answer, ["a"], {"devices": devices}))


def test_points_on_a_processor_get_no_parallel_workers(tmp_path):
    (point,) = planning.planned([["device=cpu", "hydra/launcher=gpus", f"runs_dir={tmp_path}"]])
    with pytest.raises(InputError, match="spoil each other's energy"):
        sweep.run([point], Reporter())


@pytest.mark.parametrize("name", ["gpus", pytest.param("ray", marks=needs_ray)])
def test_a_launcher_that_gives_each_point_one_gpu_spreads_no_model(tmp_path, name):
    (planned,) = planning.planned([["device=cpu", f"runs_dir={tmp_path}"]])
    of = msgspec.structs.replace(planned.plan.point, device="cuda", device_map="auto")
    point = dataclasses.replace(
        planned,
        overrides=[*planned.overrides, f"hydra/launcher={name}"],
        plan=dataclasses.replace(planned.plan, point=of),
    )
    with pytest.raises(InputError, match=f"hydra/launcher={name} gives each point one GPU, and device_map"):
        dispatch.run_remote([point], Reporter())


# Slurm


@needs_submitit
@pytest.mark.parametrize(
    ("device", "changes", "expected"),
    [
        ("cpu", {}, {"exclusive": True}),
        ("cpu", {"additional_parameters": {"exclusive": False, "nice": 5}}, {"nice": 5}),
        ("cuda", {}, {}),
    ],
)
def test_a_point_on_a_cpu_has_its_node_alone(tmp_path, device, changes, expected):
    settings = settings_of([f"runs_dir={tmp_path}", "hydra/launcher=submitit_slurm"]) | changes
    assert slurm.with_node_alone(settings, device)["additional_parameters"] == expected


@needs_submitit
@pytest.mark.parametrize(("changes", "expected"), [({}, 1), ({"gres": "gpu:h100:1"}, None), ({"gpus_per_node": 2}, 2)])
def test_a_point_on_cuda_asks_for_a_gpu(tmp_path, changes, expected):
    settings = settings_of([f"runs_dir={tmp_path}", "hydra/launcher=submitit_slurm"]) | changes
    assert slurm.with_node_alone(settings, "cuda")["gpus_per_node"] == expected


@pytest.mark.parametrize(
    ("state", "kind"),
    [("TIMEOUT", "timeout"), ("OUT_OF_MEMORY", "out_of_memory"), ("NODE_FAIL", "node_fail"), ("FAILED", "crashed")],
)
def test_the_reason_of_a_lost_job_is_what_slurm_says(state, kind):
    lost = slurm._lost("12_3", state, Path("runs/a/12_3_0_log.err"))
    assert lost.kind == kind
    assert "12_3" in lost.message
    assert state in lost.message


@needs_submitit
def test_a_machine_without_slurm_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="Slurm is not here"):
        next(slurm.run(answer, ["a"], slurm_settings(tmp_path)))


@needs_submitit
@pytest.mark.cluster
def test_every_job_of_a_real_slurm_is_answered_for(tmp_path, on_slurm):
    jobs = ["a", "raise", "kill", "cancel", "b"]
    answers = dict(slurm.run(answer, jobs, slurm_settings(tmp_path)))
    assert (answers[0][0], answers[4][0]) == ("a", "b")
    assert [answers[number].kind for number in (1, 2, 3)] == ["crashed", "crashed", "cancelled"]
    assert "RuntimeError: the node has no such library" in answers[1].message


@needs_submitit
@pytest.mark.cluster
def test_a_refused_job_says_what_slurm_said(tmp_path, on_slurm):
    with pytest.raises(InputError, match="invalid partition"):
        next(slurm.run(answer, ["a"], slurm_settings(tmp_path, partition="nowhere")))


@needs_submitit
@pytest.mark.cluster
def test_leaving_early_cancels_the_jobs(tmp_path, on_slurm):
    running = slurm.run(answer, ["a", *["b"] * 20], slurm_settings(tmp_path))
    next(running)
    running.close()
    at_work = {"PENDING", "CONFIGURING", "RUNNING"}
    while at_work & set(
        (slurm.queue_states() or {}).values()
    ):  # Slurm takes a moment to tell; pytest's timeout ends it
        time.sleep(0.2)
    assert "CANCELLED" in (slurm.queue_states() or {}).values()


@needs_submitit
@pytest.mark.slow
@pytest.mark.cluster
def test_a_sweep_over_slurm_gives_the_points_of_a_local_one(tmp_path, on_slurm):
    here = [[*FAST, f"runs_dir={tmp_path}", f"mitigation={name}"] for name in ("bf16", "tf32")]
    there = planning.planned([[*point, "hydra/launcher=submitit_slurm"] for point in here])
    told = Told()
    records = sweep.run(there, told)
    assert {record.point_id: record.status for record in records} == dict(
        zip([point.plan.point.point_id for point in planning.planned(here)], ["ok", "skipped"], strict=True)
    )
    assert len(told.ended) == 2
    assert resume.scan(there).todo == []
    assert resume.scan(planning.planned(here)).todo == []  # this node is this machine


# Ray


@pytest.fixture
def ray_settings():
    overrides = ["hydra/launcher=ray", "hydra.launcher.init.num_cpus=2"]
    return settings_of(overrides) | {"device": "cpu"}


@needs_ray
@pytest.mark.slow
@pytest.mark.cluster
def test_every_point_on_a_local_ray_is_answered_for(ray_settings):
    answers = dict(ray_cluster.run(answer, ["a", "kill", "b"], ray_settings))
    assert (answers[0][0], answers[2][0]) == ("a", "b")
    assert answers[1].kind == "crashed"


@needs_ray
@pytest.mark.slow
@pytest.mark.cluster
def test_ray_does_not_choose_the_number_of_threads(ray_settings, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert dict(ray_cluster.run(threads, [0], ray_settings)) == {0: None}


@needs_ray
@pytest.mark.slow
@pytest.mark.cluster
def test_a_sweep_over_ray_gives_the_points_of_a_local_one(tmp_path):
    here = [[*FAST, f"runs_dir={tmp_path}", f"mitigation={name}"] for name in ("bf16",)]
    there = planning.planned([[*point, "hydra/launcher=ray", "hydra.launcher.init.num_cpus=2"] for point in here])
    records = sweep.run(there, Reporter())
    assert {record.point_id: record.status for record in records} == dict(
        zip([point.plan.point.point_id for point in planning.planned(here)], ["ok"], strict=True)
    )
    assert resume.scan(planning.planned(here)).todo == []
