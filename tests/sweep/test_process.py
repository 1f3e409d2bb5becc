import dataclasses
import multiprocessing
import os
import re
import signal
import threading
from pathlib import Path

import pytest
import torch

from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.sweep import child, deaths
from suite.sweep.messages import Job
from suite.sweep.process import run_here, run_isolated

FAST = [
    "protocol.min_blocks=2", "protocol.max_blocks=2", "protocol.window_s={cpu: 0.05, cuda: 0.05}",
    "protocol.warmup_min_s=0", "protocol.warmup_max_s=0.1", "protocol.warmup_slope_s=0.02", "protocol.max_scored=20",
    "task.query_count=16", "threads=1", "device=cpu",
]  # fmt: skip


@pytest.fixture
def job(tmp_path):
    def make(how, timeout_s=120.0, *more):
        overrides = [*FAST, f"runs_dir={tmp_path}", *more]
        config = resolved(composed(overrides))
        config["mitigation"] = {"fault": {"_target_": "tests.faults.Fault", "how": how}}
        return Job(config=config, labels=labels(config, overrides), log=tmp_path / "log", timeout_s=timeout_s)

    return make


def ignore(stage):
    pass


def test_a_point_in_its_own_process_tells_its_record(job):
    stages = []
    record = run_isolated(job("nothing"), stages.append).record
    assert (record.status, record.reason) == ("ok", None)
    assert stages[0] == "loading the model"
    assert any(stage.startswith("block 2") for stage in stages)
    assert set(record.environment["foreign_load"]) == {"cores", "share", "method"}


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [("kill", "killed", "SIGKILL"), ("segfault", "crashed", "SIGSEGV"), ("exit", "crashed", "exit code 7")],
)
def test_a_process_that_dies_says_of_what(job, how, kind, message):
    outcome = run_isolated(job(how), ignore)
    assert (outcome.record, outcome.kind) == (None, kind)
    assert message in outcome.message


@pytest.mark.parametrize(("large", "kind"), [(0.0, "out_of_memory"), (2.0, "killed")], ids=["much", "little"])
def test_a_kill_for_want_of_memory_is_the_points_only_where_it_held_much(job, monkeypatch, large, kind):
    counts = iter([5, 5])  # before the point begins; one more from then on
    monkeypatch.setattr(deaths, "kernel_kills", lambda: next(counts, 6))
    monkeypatch.setattr(deaths, "LARGE_SHARE", large)
    monkeypatch.setattr(deaths, "REMEMBERED_S", 600.0)
    outcome = run_isolated(job("kill"), ignore)
    assert outcome.kind == kind
    assert "for want of memory" in outcome.message


def test_a_process_that_hangs_is_stopped_with_all_that_it_started(job):
    run_isolated(job("exit"), ignore)  # the server is warm from here on, so that the time goes to the point
    hanging = job("hang", timeout_s=8.0)
    outcome = run_isolated(hanging, ignore)
    assert (outcome.record, outcome.kind) == (None, "timeout")
    grandchild = int(re.search(r"child (\d+)", hanging.log.read_text()).group(1))
    state = Path(f"/proc/{grandchild}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(("how", "got"), [("input", "'cat'"), ("odd_input", "an odd thing")])
def test_bad_input_found_by_the_process_comes_through(job, how, got):
    outcome = run_isolated(job(how), ignore)
    assert (outcome.record, outcome.kind) == (None, "bad_input")
    assert re.fullmatch(f"the label is unknown, got .*{got}.*, use dog", str(outcome.bad_input))


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("raise", "RuntimeError"),
        ("memory", "out_of_memory"),
        ("torch_memory", "out_of_memory"),
        ("disk", "disk_full"),
        ("cuda", "cuda_error"),
    ],
)
def test_an_error_of_the_technique_is_a_record_with_its_kind(job, how, kind):
    record = run_isolated(job(how), ignore).record
    assert (record.status, record.reason.kind) == ("failed", kind)


def test_a_record_that_cannot_be_written_down_is_named(job):
    outcome = run_isolated(job("unserialisable"), ignore)
    assert (outcome.record, outcome.kind) == (None, "TypeError")
    assert "object" in outcome.message


def test_a_job_that_cannot_be_sent_is_a_point_that_did_not_start(job):
    config = job("nothing").config | {"surprise": threading.Lock()}
    outcome = run_isolated(dataclasses.replace(job("nothing"), config=config), ignore)
    assert (outcome.record, outcome.kind) == (None, "not_started")


@pytest.mark.parametrize("runs", [run_isolated, run_here])
def test_ctrl_c_ends_the_point_after_its_window_and_keeps_what_it_measured(job, runs):
    def press(stage):
        if stage.startswith("block 2"):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    outcome = runs(job("nothing", 120.0, "protocol.min_blocks=40", "protocol.max_blocks=40"), press)
    record = outcome.record
    assert outcome.interrupted
    assert (record.status, record.reason.kind) == ("failed", "interrupted")
    assert len(record.windows) >= 4
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_ctrl_c_ends_at_once(job):
    def press(stage):
        if stage.startswith(("applying", "finishing")):
            os.kill(os.getpid(), signal.SIGINT)

    hanging = job("hang")
    with pytest.raises(KeyboardInterrupt):
        run_isolated(hanging, press)
    assert multiprocessing.active_children() == []


def test_a_point_whose_parent_is_gone_ends_by_itself(job):
    ours, theirs = multiprocessing.get_context("forkserver").Pipe()
    started = multiprocessing.get_context("forkserver").Process(target=child.live, args=(job("hang"), theirs))
    started.start()
    theirs.close()
    assert ours.poll(60)  # it has come to its first stage
    ours.close()
    started.join(timeout=30)
    assert started.exitcode == 1


def test_secrets_in_a_points_output_are_masked(job, monkeypatch):
    asked = job("raise")
    monkeypatch.setenv("PLANTED_TOKEN", "the kernel is missing")
    run_isolated(asked, ignore)
    assert "RuntimeError: [secret]" in asked.log.read_text()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_where_cuda_would_do_the_work_the_process_starts_afresh(job):
    asked = job("nothing")
    outcome = run_isolated(dataclasses.replace(asked, config=asked.config | {"device": "cuda"}), ignore)
    assert "no CUDA device" in outcome.message  # found by the child, which was spawned and got so far


def test_without_isolation_the_record_is_the_same_kind(job):
    assert run_here(job("nothing"), ignore).record.status == "ok"


def test_without_isolation_bad_input_is_an_outcome_too(job):
    assert run_here(job("input"), ignore).kind == "bad_input"
