"""Points whose arms are real processes that serve: small servers whose tokens take a set CPU time."""

import dataclasses
import signal
import sys
import threading

import msgspec
import psutil
import pytest

from suite.config.build import plan_of
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.endpoint.served_model import base_url
from suite.errors import NotApplicable
from suite.measure import point
from suite.measure.block_limits import UNLIMITED
from suite.measure.blocks import is_narrow
from suite.measure.served import served_point
from suite.measure.served.served_blocks import ServedBlocks
from suite.stats.paired import paired_ratio
from tests import endpoint_server, synthetic
from tests.meters.test_codecarbon import rapl_readable

SERVE = f"{sys.executable} {endpoint_server.__file__} {{port}}"
RULES = [
    "protocol.min_blocks=2", "protocol.max_blocks=2", "protocol.warmup_min_s=0", "protocol.warmup_max_s=0.3",
    "protocol.warmup_slope_s=0.05", "workload.concurrency=2", "workload.requests=9", "workload.new_tokens=8",
    "meter.tdp_w=100", "device=cpu",
]  # fmt: skip


@pytest.fixture
def plan(tmp_path):
    def make(*overrides):
        every = ["workload=endpoint", f"runs_dir={tmp_path}", "name=served", *RULES, *overrides]
        config = resolved(composed(every))
        return plan_of(config, labels(config, every))

    return make


def started(arm, **settings):
    words = " ".join(f"{name}={value}" for name, value in settings.items())
    return [f"endpoint.{arm}.command='{SERVE}'", f"endpoint.{arm}.arguments='{words}'"]


def by_token(windows):
    return paired_ratio([msgspec.structs.replace(each, queries=each.tokens) for each in windows], "cpu")


@pytest.mark.slow
@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: the whole machine is counted")
def test_half_the_work_a_token_is_half_the_energy(plan):
    record = point.measure(plan(*started("baseline", burn_s=0.02), *started("candidate", burn_s=0.01)))
    assert (record.status, record.reason) == ("ok", None)
    assert [window.arm for window in record.windows] == [
        "baseline", "candidate", "candidate", "baseline", "candidate", "baseline", "baseline", "candidate",
    ]  # fmt: skip
    assert by_token(record.windows).estimate == pytest.approx(0.5, rel=0.15)
    assert record.point.label == "endpoint"
    assert record.denominator == "token"
    assert record.environment["meter"]["components"]["cpu"]["scope"] == "the server and its children"
    for window in record.windows:
        assert window.method == {"cpu": "estimated:cpu_time_x_tdp"}
        assert window.tokens == pytest.approx(8 * window.queries, abs=0.5)  # answers are of 8 tokens
        assert 9 - 2 * 2 <= window.queries <= 9
        assert len(window.first_token_s) == len(window.latencies_s) == len(window.between_tokens_s)
    assert record.prompt_tokens_per_query == 5


@pytest.mark.slow
@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: the whole machine is counted")
def test_a_window_is_charged_the_servers_cpu_time(plan):
    """100 W over all cores, 10 ms of CPU time a token: a token costs a hundredth of a core's watts, and some more."""
    record = point.measure(plan(*started("baseline", burn_s=0.01)))
    watts = 100 / psutil.cpu_count()
    for window in record.windows:
        assert 0.9 < window.energy_j["cpu"] / window.tokens / (0.01 * watts) < 1.6


@pytest.mark.slow
def test_a_candidate_that_names_nothing_is_the_baseline_again(plan):
    made = plan(*started("baseline"))
    assert made.point.label == "none"
    record = point.measure(made)
    assert record.status == "ok"
    assert record.environment["servers"]["baseline"] == record.environment["servers"]["candidate"]


class Killing:
    """An observer that kills the candidate's server as the second block starts."""

    def __init__(self):
        self.killed = None

    def stage(self, text, left_s=None):
        if text.startswith("block 2"):
            servers = [each for each in psutil.Process().children() if endpoint_server.__file__ in each.cmdline()]
            self.killed = next(each for each in servers if "burn_s=0.011" in each.cmdline())
            threading.Timer(0.1, self.killed.send_signal, [signal.SIGKILL]).start()

    def progress(self, draft):
        pass


@pytest.mark.slow
def test_a_server_that_is_killed_fails_the_point_and_loses_nothing(plan):
    killing = Killing()
    made = plan(*started("baseline", burn_s=0.01), *started("candidate", burn_s=0.011))
    record = point.measure(made, killing, UNLIMITED)
    assert (record.status, record.reason.kind) == ("failed", "server_failed")
    assert "the server ended (SIGKILL)" in record.reason.message
    assert len([window for window in record.windows if window.block == 0]) == 4
    assert not [each for each in psutil.Process().children() if endpoint_server.__file__ in each.cmdline()]


def test_a_server_that_does_not_start_fails_the_point(plan):
    record = point.measure(plan(f"endpoint.baseline.command='{sys.executable} -c 1/0 {{port}}'"))
    assert (record.status, record.reason.kind) == ("failed", "server_failed")
    assert "ZeroDivisionError" in record.reason.message


def test_an_engine_that_is_not_installed_skips_the_point(plan, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    record = point.measure(plan("endpoint.baseline.engine=vllm", "endpoint.baseline.model=some/model"))
    assert (record.status, record.reason.kind) == ("skipped", "not_applicable")
    assert "vllm serve some/model" in record.reason.message


@pytest.fixture
def running(serve):
    return lambda **settings: base_url(serve(**settings)[0].base_url)


@pytest.mark.slow
def test_energy_that_nobody_reads_is_absent(plan, running):
    """Without a pid an estimate would be the client's own CPU time."""
    if rapl_readable():
        pytest.skip("RAPL counts any process")
    record = point.measure(plan(f"endpoint.url={running()}", "protocol.max_blocks=5"))
    assert record.status == "ok"
    assert {len(window.energy_j) for window in record.windows} == {0}
    assert {window.block for window in record.windows} == {0, 1}  # more blocks would make no ratio known
    assert all(window.latencies_s and window.tokens for window in record.windows)
    assert [each.code for each in record.warnings].count("energy_not_read") == 2
    assert not record.converged


def test_a_pid_lets_it_be_read(plan, serve):
    client, process = serve()
    record = point.measure(plan(f"endpoint.url={client.base_url}", f"endpoint.baseline.pid={process.pid}"))
    assert all(window.energy_j["cpu"] > 0 for window in record.windows)


def test_answers_are_scored_in_pairs(plan, tmp_path):
    file = tmp_path / "prompts.jsonl"
    file.write_text(
        '{"prompt": "wet?", "answer": "yes", "choices": ["yes", "no"]}\n'
        '{"prompt": "dry?", "answer": "no", "choices": ["yes", "no"]}\n'
    )
    record = point.measure(
        plan(
            *started("baseline", answer="yes"),
            *started("candidate", answer="maybe"),
            f"workload.prompts={file}",
            "workload.metric=choice",
        )
    )
    assert (record.scores.baseline, record.scores.candidate) == ([1.0, 0.0], [0.0, 0.0])
    assert (record.scores.metric, record.scores.chance) == ("choice", 0.5)
    assert record.scores.scored_from == "2 of 2 items of prompts.jsonl"
    assert record.distinct_queries == 2


def test_tokens_that_the_server_does_not_count_are_warned_of(plan):
    record = point.measure(plan(*started("baseline", usage=0)))
    assert "tokens_not_counted" in [each.code for each in record.warnings]
    assert record.denominator == "query"  # chunks of two servers may hold unequal numbers of tokens
    assert record.prompt_tokens_per_query is None


def test_the_stopping_rule_looks_at_joules_a_token(plan):
    """Blocks whose requests differ by a third and whose tokens cost the same: known by token, not by request."""
    written = {0: 300, 1: 400}
    windows = [
        msgspec.structs.replace(each, tokens=written[each.block] if each.arm == "candidate" else 400)
        for each in synthetic.windows([0.75, 1.0], queries=100)
    ]
    protocol = plan(*started("baseline")).protocol
    blocks = ServedBlocks(
        arms={}, load=None, prompts=(), requests=9, seconds_per_request={}, protocol=protocol, limits=UNLIMITED,
        device="cpu", denominator="token",
    )  # fmt: skip
    assert blocks.is_known(windows)
    assert not is_narrow(windows, blocks.protocol, "cpu")


def test_where_several_gpus_are_visible_the_user_says_which_count(plan, monkeypatch):
    monkeypatch.setattr(served_point, "visible_uuids", lambda: ["GPU-1", "GPU-2"])
    made = plan(*started("baseline"))
    on = dataclasses.replace(made, point=msgspec.structs.replace(made.point, device="cuda"))
    with pytest.raises(NotApplicable, match=r"2 GPUs are visible.*CUDA_VISIBLE_DEVICES.*device_map=auto"):
        served_point._boards(on)
    spread = dataclasses.replace(on, point=msgspec.structs.replace(on.point, device_map="auto"))
    assert list(served_point._boards(spread)) == [0, 1]
    assert list(served_point._boards(made)) == [0]
