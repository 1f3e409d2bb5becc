"""Queries that arrive over time: when, in which batches they are answered, and how long they wait."""

import math
import statistics

import pytest

from suite.errors import InputError, NotApplicable
from suite.workloads import server
from suite.workloads.server import Server
from tests.embedded import embedded_setup
from tests.fakes import fake_setup

NO_GATE = {"p50": None, "p90": None, "p99": None}


def made(**changes):
    plain = {
        "default_batch_size": 4, "arrivals": "fixed", "rate_per_s": 10.0, "max_wait_s": 0.0, "repeat_share": 0.0,
        "zipf_exponent": 1.0, "latency_gate_s": NO_GATE,
    }  # fmt: skip
    return Server(**(plain | changes))


class Clock:
    """Time that passes only where somebody sleeps, or a batch is answered."""

    def __init__(self):
        self.now_s = 100.0
        self.slept_s = 0.0

    def perf_counter(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds
        self.slept_s += seconds


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(server, "time", found)
    return found


@pytest.fixture
def served(monkeypatch, clock):
    """Runs a server whose batches each take a declared time; gives its work and the batches, as labels."""

    def run(workload, *, service_s, queries=8, batch_size=4, first=0):
        setup = fake_setup("image", batch_size=batch_size)
        batches = []
        monkeypatch.setattr(type(setup.task), "batch", lambda self, setup, examples: list(examples))

        def answer(self, setup, batch):
            batches.append(batch)
            clock.now_s += service_s

        monkeypatch.setattr(type(setup.task), "run", answer)
        return workload.loop(setup, 8).run(queries, first), batches

    return run


def test_fixed_gaps_are_equal():
    assert made().gaps_s(4, seed=0) == [0.1] * 4


def test_poisson_gaps_have_the_mean_that_was_asked_for_and_the_spread_of_an_exponential_law():
    gaps_s = made(arrivals="poisson", rate_per_s=50.0).gaps_s(20_000, seed=3)
    assert statistics.fmean(gaps_s) == pytest.approx(0.02)
    assert statistics.stdev(gaps_s) == pytest.approx(0.02, rel=0.05)  # of an exponential law it is the mean
    assert statistics.median(gaps_s) == pytest.approx(0.02 * math.log(2), rel=0.05)


def test_arrivals_are_those_of_the_seed():
    workload = made(arrivals="poisson")
    assert workload.gaps_s(8, seed=1) == workload.gaps_s(8, seed=1) != workload.gaps_s(8, seed=2)


def test_both_arms_and_every_window_have_the_same_arrivals(served, clock):
    workload = made(arrivals="poisson")
    began, found = clock.now_s, []
    for _ in range(2):
        work, _ = served(workload, service_s=0.0, batch_size=1)
        found.append((work.latencies_s, clock.now_s - began))
        began = clock.now_s
    assert found[0][1] == pytest.approx(found[1][1]) == pytest.approx(0.8)


def test_a_quick_server_answers_each_query_by_itself_and_sleeps_in_between(served, clock):
    work, batches = served(made(), service_s=0.02)
    assert (work.queries, work.batches, [len(batch) for batch in batches]) == (8, 8, [1] * 8)
    assert work.latencies_s == pytest.approx([0.02] * 8)
    assert clock.slept_s == pytest.approx(0.8 - 7 * 0.02)  # the last answer comes after the last arrival


def test_what_arrived_meanwhile_is_answered_together(served):
    # Arrivals at 0.1, 0.2, … 0.8; a batch takes 0.25 s. It answers 1 at 0.35, 2 and 3 at 0.6, 4 to 6 at 0.85, 7 and 8
    # at 1.1.
    work, batches = served(made(), service_s=0.25)
    assert [len(batch) for batch in batches] == [1, 2, 3, 2]
    assert work.latencies_s == pytest.approx([0.25, 0.4, 0.3, 0.45, 0.35, 0.25, 0.4, 0.3])


def test_no_batch_is_larger_than_the_batch_size_and_the_order_is_kept(served):
    work, batches = served(made(rate_per_s=1000.0), service_s=0.1)
    expected = list(fake_setup("image").task.queries())[:8]
    assert max(len(batch) for batch in batches) == 4
    assert [each["label"] for batch in batches for each in batch] == [each["label"] for each in expected]
    assert len(work.latencies_s) == 8


def test_a_query_waits_for_its_batch_to_fill_but_no_longer_than_allowed(served):
    _, patient = served(made(max_wait_s=10.0), service_s=0.01)
    work, hasty = served(made(max_wait_s=0.15), service_s=0.01)
    assert [len(batch) for batch in patient] == [4, 4]
    assert [len(batch) for batch in hasty] == [2, 2, 2, 2]
    assert work.latencies_s == pytest.approx([0.16, 0.06] * 3 + [0.11, 0.01])  # nothing follows the last two


def test_no_batch_reaches_into_the_next_pass(served):
    _, batches = served(made(rate_per_s=1000.0), service_s=1.0, queries=16, first=4)
    assert sum(map(len, batches[:2])) == 4  # to the end of the list: the first, and what came meanwhile
    assert sum(map(len, batches[2:])) == 12


def test_real_work_lasts_at_least_as_long_as_its_queries_take_to_arrive():
    began_s = server.time.perf_counter()
    work = made(rate_per_s=200.0).loop(fake_setup("text"), 8).run(16)
    assert server.time.perf_counter() - began_s >= 16 / 200
    assert (work.queries, len(work.latencies_s), work.has_overlap) == (16, 16, True)
    assert min(work.latencies_s) > 0


def test_tokens_of_all_batches_are_counted():
    assert made(rate_per_s=1e4).loop(fake_setup("generation"), 8).run(8).tokens == 8 * 4


def test_a_shorter_list_still_arrives_at_the_rate():
    loop = made(arrivals="poisson").loop(fake_setup("image"), 16)
    loop.keep_first(4)
    assert math.fsum(loop._gaps_s) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"rate_per_s": 0.0}, "rate_per_s"),
        ({"rate_per_s": -1.0}, "rate_per_s"),
        ({"arrivals": "bursts"}, "arrivals"),
        ({"max_wait_s": -0.1}, "max_wait_s"),
        ({"repeat_share": 1.2}, "repeat_share"),
        ({"repeat_share": 1.0}, "repeat_share"),
        ({"zipf_exponent": -1.0}, "zipf_exponent"),
        ({"latency_gate_s": NO_GATE | {"p99": -0.1}}, r"latency_gate_s\.p99"),
        ({"latency_gate_s": {"p99": 0.1}}, "latency_gate_s"),
        ({"latency_gate_s": NO_GATE | {"p95": 0.1}}, "latency_gate_s"),
        ({"default_batch_size": 0}, "default_batch_size"),
    ],
)
def test_bad_figures_are_named(changes, what):
    with pytest.raises(InputError, match=rf"workload\.{what}"):
        made(**changes)


def test_what_is_compiled_by_shape_is_refused():
    with pytest.raises(NotApplicable, match="runtime=eager"):
        made().loop(fake_setup("image", runtime="compiled"), 8)


def test_another_order_of_the_queries_is_refused():
    with pytest.raises(NotApplicable, match="in which they arrive"):
        made().loop(fake_setup("text", waiting_batches=4), 16)


def test_an_encoder_decoder_is_served_and_its_tokens_are_counted():
    setup = embedded_setup("summarisation", "t5_dates", query_count=4)
    work = made(rate_per_s=1000.0).loop(setup, 4).run(4)
    assert (work.queries, work.tokens, len(work.latencies_s)) == (4, 4 * setup.task.new_tokens, 4)
