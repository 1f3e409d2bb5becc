import dataclasses

import pytest
import torch

from suite.errors import InputError
from suite.isolation import Job, run_here, run_isolated
from suite.overrides import composed, labels, resolved
from suite.record import load

FAST = [
    "protocol.min_blocks=2", "protocol.max_blocks=2", "protocol.window_s={cpu: 0.05, cuda: 0.05}",
    "protocol.warmup_min_s=0", "protocol.warmup_max_s=0.1", "protocol.warmup_slope_s=0.02", "protocol.max_scored=20",
    "task.query_count=16", "threads=1", "device=cpu",
]  # fmt: skip


@pytest.fixture
def job(tmp_path):
    def make(how, timeout_s=120.0):
        overrides = [*FAST, f"runs_dir={tmp_path}"]
        config = resolved(composed(overrides))
        config["mitigation"] = {"fault": {"_target_": "tests.faults.Fault", "how": how}}
        return Job(
            config=config, labels=labels(config, overrides), records=tmp_path / "records", log=tmp_path / "log",
            timeout_s=timeout_s,
        )  # fmt: skip

    return make


def ignore(stage):
    pass


def test_a_point_in_its_own_process_leaves_its_record(job):
    stages = []
    outcome = run_isolated(job("nothing"), stages.append)
    record = load(outcome.record)
    assert (record.status, record.reason) == ("ok", None)
    assert stages[0] == "loading the model"
    assert any(stage.startswith("block 2") for stage in stages)


@pytest.mark.parametrize(("how", "message"), [("kill", "SIGKILL"), ("segfault", "SIGSEGV"), ("exit", "exit code 7")])
def test_a_process_that_dies_says_of_what(job, how, message):
    outcome = run_isolated(job(how), ignore)
    assert (outcome.record, outcome.kind) == (None, "crashed")
    assert message in outcome.message


def test_a_process_that_hangs_is_stopped(job):
    outcome = run_isolated(job("hang", timeout_s=8.0), ignore)
    assert (outcome.record, outcome.kind) == (None, "timeout")


def test_bad_input_found_by_the_process_comes_through(job):
    with pytest.raises(InputError, match="the label is unknown, got 'cat', use dog"):
        run_isolated(job("input"), ignore)


def test_an_error_of_the_technique_is_a_record(job):
    record = load(run_isolated(job("raise"), ignore).record)
    assert (record.status, record.reason.kind) == ("failed", "RuntimeError")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_where_cuda_would_do_the_work_the_process_starts_afresh(job):
    asked = job("nothing")
    with pytest.raises(InputError, match="no CUDA device"):  # found by the child, which was spawned and got so far
        run_isolated(dataclasses.replace(asked, config=asked.config | {"device": "cuda"}), ignore)


def test_without_isolation_the_record_is_the_same_kind(job):
    assert load(run_here(job("nothing"), ignore).record).status == "ok"
