import dataclasses
import json
import multiprocessing
import multiprocessing.connection
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import torch

from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.errors import InputError
from suite.measure.draft import Draft
from suite.measure.findings import Findings, learn
from suite.sweep import child, deaths, process
from suite.sweep.messages import FORK_UNUSABLE, Job, decoded
from suite.sweep.planning import planned
from suite.sweep.process import run_here, run_isolated
from tests.commands.test_command_line import FAST


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


@pytest.mark.parametrize(
    ("isolation", "schedule", "is_there"),
    [("process", "now", True), ("none", "now", False), ("process", "carbon_aware", False)],
)
def test_the_server_is_started_ahead_where_points_have_processes_and_do_not_wait(isolation, schedule, is_there):
    code = (
        "from multiprocessing import forkserver\n"
        "from suite.sweep import process\n"
        "process.PRELOAD.clear()\n"  # what it imports is another test's
        f"process.start_server({{'isolation': '{isolation}', 'schedule': {{'name': '{schedule}'}}}})\n"
        f"assert (forkserver._forkserver._forkserver_pid is not None) is {is_there}\n"
        "import sys\n"
        "assert 'torch' not in sys.modules"  # it is started before this process imports that itself
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def planned_on(tmp_path, *labels):
    """A point whose data has such labels."""
    file = tmp_path / "reviews.jsonl"
    rows = [{"text": f"{number} words", "label": label} for number, label in enumerate(labels * 9)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return planned([["task=text_classification", f"task.data={file}", f"runs_dir={tmp_path}"]])


@pytest.mark.slow
def test_models_and_data_are_looked_at_by_a_process_of_its_own(tmp_path):
    wrong = process.look_isolated(planned_on(tmp_path, "fr", "Klingon"))
    assert isinstance(wrong, InputError)
    assert "Klingon" in str(wrong)
    assert process.look_isolated(planned_on(tmp_path, "fr", "it")) is None
    assert multiprocessing.active_children() == []


def test_one_that_dies_while_it_looks_is_told_apart_from_good_input(tmp_path):
    (point,) = planned_on(tmp_path, "fr", "it")
    broken = dataclasses.replace(point, labels={})  # no plan can be made of it
    with pytest.raises(ChildProcessError, match="could not be looked at"):
        process.look_isolated([broken])


@pytest.mark.slow
def test_ctrl_c_ends_the_look(tmp_path, monkeypatch):
    def press(content):
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "decoded_look", press)
    with pytest.raises(KeyboardInterrupt):
        process.look_isolated(planned_on(tmp_path, "fr", "it"))
    assert multiprocessing.active_children() == []


def test_a_point_in_its_own_process_tells_its_record(job):
    stages = []
    record = run_isolated(job("nothing"), stages.append).record
    assert (record.status, record.reason) == ("ok", None)
    assert stages[0].text == "loading the model"
    second = next(stage for stage in stages if stage.text.startswith("block 2"))
    assert 0 < second.left_s[0] == second.left_s[1] < 5  # the last of two blocks
    assert set(record.environment["foreign_load"]) == {"cores", "share", "method"}


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [("kill", "killed", "SIGKILL"), ("segfault", "crashed", "SIGSEGV"), ("exit", "crashed", "exit code 7")],
)
def test_a_process_that_dies_says_of_what(job, how, kind, message):
    outcome = run_isolated(job(how), ignore)
    assert (outcome.record, outcome.kind) == (None, kind)
    assert message in outcome.message


@pytest.mark.slow
@pytest.mark.parametrize(("large", "kind"), [(0.0, "out_of_memory"), (2.0, "killed")], ids=["much", "little"])
def test_a_kill_for_want_of_memory_is_the_points_only_where_it_held_much(job, monkeypatch, large, kind):
    counts = iter([5, 5])  # before the point begins; one more from then on
    monkeypatch.setattr(deaths, "kernel_kills", lambda: next(counts, 6))
    monkeypatch.setattr(deaths, "LARGE_SHARE", large)
    monkeypatch.setattr(deaths, "REMEMBERED_S", 600.0)
    outcome = run_isolated(job("kill"), ignore)
    assert outcome.kind == kind
    assert "for want of memory" in outcome.message


def time_is_up_when(monkeypatch, happened):
    """The clock that a point is followed by leaps an hour ahead: no test waits, and none is too early."""
    leap = SimpleNamespace(monotonic=lambda: time.monotonic() + 3600 * bool(happened()))
    monkeypatch.setattr(process, "time", leap)


@pytest.mark.slow
def test_a_process_that_hangs_is_stopped_with_all_that_it_started(job, monkeypatch):
    hanging = job("hang")
    time_is_up_when(monkeypatch, lambda: hanging.log.exists() and "child " in hanging.log.read_text())
    outcome = run_isolated(hanging, ignore)
    assert (outcome.record, outcome.kind) == (None, "timeout")
    grandchild = int(re.search(r"child (\d+)", hanging.log.read_text()).group(1))
    state = Path(f"/proc/{grandchild}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.slow
@pytest.mark.parametrize(("how", "got"), [("input", "'cat'"), ("odd_input", "an odd thing")])
def test_bad_input_found_by_the_process_comes_through(job, how, got):
    outcome = run_isolated(job(how), ignore)
    assert (outcome.record, outcome.kind) == (None, "bad_input")
    assert re.fullmatch(f"the label is unknown, got .*{got}.*, use dog", str(outcome.bad_input))


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_record_that_cannot_be_written_down_is_named(job):
    outcome = run_isolated(job("unserialisable"), ignore)
    assert (outcome.record, outcome.kind) == (None, "TypeError")
    assert "object" in outcome.message


def test_a_job_that_cannot_be_sent_is_a_point_that_did_not_start(job):
    config = job("nothing").config | {"surprise": threading.Lock()}
    outcome = run_isolated(dataclasses.replace(job("nothing"), config=config), ignore)
    assert (outcome.record, outcome.kind) == (None, "not_started")


def test_a_long_temporary_folder_leaves_the_path_of_a_socket_short(tmp_path, monkeypatch):
    long = tmp_path / ("scratch-of-a-very-long-job-name-" * 4)
    long.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {})
    process._keep_socket_short()
    with multiprocessing.connection.Listener(family="AF_UNIX") as listener:  # as the fork server listens
        assert len(listener.address) <= 107
    assert tempfile.gettempdir() == str(long)


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def kill_the_point():
    (process,) = multiprocessing.active_children()
    os.kill(process.pid, signal.SIGKILL)


def at(stage, deed):
    """Does ``deed`` when the point tells that ``stage`` begins."""
    return lambda told: deed() if told.text.startswith(stage) else None


MANY = ("protocol.min_blocks=40", "protocol.max_blocks=40")


def found_by(outcome):
    """The draft of a point, as far as it was told before the end."""
    draft = Draft(plan=None)
    for findings in outcome.found:
        learn(draft, findings)
    return draft


@pytest.mark.slow
def test_ctrl_c_ends_the_point_after_its_block_and_keeps_what_it_measured(job):
    before = signal.getsignal(signal.SIGINT)
    outcome = run_isolated(job("nothing", 120.0, *MANY), at("block 2", ctrl_c))
    record = outcome.record
    assert outcome.interrupted
    assert (record.status, record.reason.kind, record.converged) == ("failed", "interrupted", None)
    assert {window.block for window in record.windows} == {0, 1}
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.slow
def test_ctrl_c_in_the_sweeps_own_process_prints_no_traceback_and_keeps_what_was_measured(job, capfd):
    before = signal.getsignal(signal.SIGINT)
    outcome = run_here(job("nothing", 120.0, *MANY), at("block 2", ctrl_c))
    assert (outcome.interrupted, outcome.kind) == (True, "interrupted")
    assert outcome.message.startswith("stopped by Ctrl-C; the same command again")
    assert {window.block for window in found_by(outcome).windows} == {0, 1}
    assert "Traceback" not in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.slow
@pytest.mark.parametrize("runs", [run_isolated, run_here])
def test_ctrl_c_in_the_last_block_leaves_a_whole_record(job, runs):
    outcome = runs(job("nothing"), at("block 2 of 2", ctrl_c))
    assert outcome.interrupted
    assert (outcome.record.status, outcome.record.reason) == ("ok", None)
    assert outcome.record.peak_memory_bytes


@pytest.mark.slow
@pytest.mark.parametrize("runs", [run_isolated, run_here])
def test_a_second_ctrl_c_ends_at_once_and_keeps_the_finished_blocks(job, runs):
    def press_twice(stage):
        if stage.text.startswith("block 3"):
            ctrl_c()
            ctrl_c()

    outcome = runs(job("nothing", 120.0, *MANY), press_twice)
    assert (outcome.record, outcome.kind, outcome.interrupted) == (None, "interrupted", True)
    assert {window.block for window in found_by(outcome).windows} >= {0, 1}


@pytest.mark.slow
def test_a_second_ctrl_c_leaves_no_process(job):
    at_work = ("applying", "finishing")
    outcome = run_isolated(job("hang"), lambda stage: ctrl_c() if stage.text.startswith(at_work) else None)
    assert (outcome.kind, outcome.found, outcome.interrupted) == ("interrupted", (), True)
    assert multiprocessing.active_children() == []


@pytest.mark.slow
def test_a_killed_point_keeps_its_finished_blocks_and_what_came_before_them(job):
    outcome = run_isolated(job("nothing", 120.0, *MANY), at("block 3", kill_the_point))
    draft = found_by(outcome)
    assert (outcome.record, outcome.kind) == (None, "killed")
    assert {window.block for window in draft.windows} >= {0, 1}
    assert (draft.pairing, draft.converged) == ("resident", None)
    assert draft.effect["proof"]["fault"] == {"seed": [0, 1]}
    assert len(draft.scores.baseline) == 20
    assert draft.environment["meter"]["components"]


@pytest.mark.slow
def test_a_point_whose_time_is_up_keeps_its_finished_blocks(job, monkeypatch):
    endless = ("protocol.min_blocks=100000", "protocol.max_blocks=100000")
    told = []
    time_is_up_when(monkeypatch, lambda: any(stage.text.startswith("block 3") for stage in told))
    outcome = run_isolated(job("nothing", 120.0, *endless), told.append)
    assert (outcome.record, outcome.kind) == (None, "timeout")
    assert found_by(outcome).windows


@pytest.mark.slow
def test_a_record_is_not_accompanied_by_what_it_holds(job):
    assert run_isolated(job("nothing"), ignore).found == ()


def test_figures_that_cannot_be_written_down_cost_their_own_block_only():
    whole = msgspec.json.encode(Findings(pairing="resident"))
    torn = whole.replace(b'"resident"', b"null").replace(b"}", b',"windows":[null]}')
    assert list(process._readable([msgspec.Raw(torn), msgspec.Raw(whole)])) == [Findings(pairing="resident")]


def test_a_point_whose_parent_is_gone_ends_by_itself(job):
    ours, theirs = multiprocessing.get_context("forkserver").Pipe()
    started = multiprocessing.get_context("forkserver").Process(target=child.live, args=(job("hang"), theirs))
    started.start()
    theirs.close()
    assert ours.poll(60)  # it has come to its first stage
    ours.close()
    started.join(timeout=30)
    assert started.exitcode == 1


@pytest.mark.slow
def test_secrets_in_a_points_output_are_masked(job, monkeypatch):
    asked = job("raise")
    monkeypatch.setenv("PLANTED_TOKEN", "the kernel is missing")
    run_isolated(asked, ignore)
    assert "ViTForImageClassification: [secret]" in asked.log.read_text()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_where_cuda_would_do_the_work_the_process_starts_afresh(job):
    asked = job("nothing")
    outcome = run_isolated(dataclasses.replace(asked, config=asked.config | {"device": "cuda"}), ignore)
    assert "no CUDA device" in outcome.message  # found by the child, which was spawned and got so far


@pytest.mark.slow
def test_without_isolation_the_record_is_the_same_kind(job):
    assert run_here(job("nothing"), ignore).record.status == "ok"


def test_without_isolation_bad_input_is_an_outcome_too(job):
    assert run_here(job("input"), ignore).kind == "bad_input"


def test_a_point_starts_from_nothing_where_cuda_was_touched_before_the_fork(job, monkeypatch):
    methods = []

    def run_in(method, job, notify):
        methods.append(method)
        return process.Outcome(record=None, kind=FORK_UNUSABLE if method == "forkserver" else "crashed")

    monkeypatch.setattr(process, "_run_in", run_in)
    assert run_isolated(job("nothing"), ignore).kind == "crashed"
    assert methods == ["forkserver", "spawn"]


def test_a_child_that_no_cuda_context_survives_in_says_so_before_it_begins(job, monkeypatch):
    monkeypatch.setattr(child, "_cannot_use_cuda", lambda: True)
    monkeypatch.setattr(child.point_log, "print_into", lambda log: None)
    monkeypatch.setattr(child.os, "setpgid", lambda *ids: None)
    monkeypatch.setattr(child.signal, "signal", lambda *what: None)
    monkeypatch.setattr(child, "_attend", lambda theirs, stop: None)
    ours, theirs = multiprocessing.Pipe()
    made = job("nothing")
    child.live(dataclasses.replace(made, config=made.config | {"device": "cuda"}), theirs)
    assert decoded(ours.recv_bytes()).kind == FORK_UNUSABLE
