"""Queries that join while others are being answered: the same tokens, all of them answered, no thread left behind."""

import threading

import pytest
import torch

from suite.errors import InputError, NotApplicable
from suite.mitigations.optimised_hardware.continuous_batching import ContinuousBatching
from suite.workloads.server import Server
from tests.embedded import embedded_setup
from tests.fakes import fake_setup

NO_GATE = {"p50": None, "p90": None, "p99": None}


def technique(**changes):
    return ContinuousBatching(**({"cache_tokens": 512, "page_tokens": 16, "step_tokens": 64} | changes))


def server(rate_per_s):
    return Server(
        default_batch_size=4, arrivals="poisson", rate_per_s=rate_per_s, max_wait_s=0.0, repeat_share=0.0,
        zipf_exponent=1.0, latency_gate_s=NO_GATE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def arms():
    setup = fake_setup("generation")
    return setup, technique().apply(setup)


def generated(setup, batch):
    with setup.active():
        return setup.model.generate(**batch, max_new_tokens=4, min_new_tokens=4, do_sample=False)


def test_the_tokens_are_those_of_answering_batch_by_batch(arms):
    before, after = arms
    batch = before.task.batch(before, before.task.samples(8))
    assert torch.equal(generated(before, batch), generated(after, batch))


def test_padding_on_the_left_is_no_part_of_a_prompt(arms):
    before, after = arms
    batch = before.task.batch(before, before.task.samples(2))
    batch["attention_mask"][0, :5] = 0
    assert torch.equal(generated(before, batch), generated(after, batch))


def test_a_query_that_comes_later_is_answered_beside_the_first(arms):
    seen = technique().proof(*arms)
    assert seen["same_tokens"] == 1.0
    assert seen["calls_of_two_queries"] == 5  # four for the first; the second one call behind it
    assert seen["calls_of_each_by_itself"] == 8


def test_a_server_answers_every_query_as_it_arrives(arms):
    _, after = arms
    work = server(rate_per_s=2000.0).loop(after, 8).run(16)
    assert (work.queries, work.tokens, len(work.latencies_s)) == (16, 64, 16)
    assert min(work.latencies_s) > 0


def test_weights_are_shared_with_the_baseline(arms):
    before, after = arms
    assert {id(weight) for weight in before.model.parameters()} == {id(weight) for weight in after.model.parameters()}


def test_no_thread_outlives_a_session(arms):
    _, after = arms
    before = set(threading.enumerate())
    with after.engine.session():
        with after.engine.session():  # inside another it does nothing
            pass
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) == before


def test_no_thread_outlives_an_error(arms):
    _, after = arms
    before = set(threading.enumerate())

    def stopped():
        with after.engine.session():
            after.engine.submit(after.task.batch(after, after.task.samples(4)), 4)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stopped()
    assert set(threading.enumerate()) == before


def test_a_query_that_the_cache_has_no_room_for_is_not_applicable():
    with pytest.raises(NotApplicable, match="does not generate with continuous batching"):
        technique(cache_tokens=8, page_tokens=4).apply(fake_setup("generation"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"batch_size": 1}, "no other query can join"), ({"contexts": (torch.no_grad,)}, "would not hold")],
)
def test_where_nothing_could_join_it_is_not_applicable(changes, why):
    with pytest.raises(NotApplicable, match=why):
        technique().apply(fake_setup("generation", **changes))


def test_nothing_that_changes_the_model_may_follow(arms):
    with pytest.raises(NotApplicable, match="name continuous_batching last"):
        technique().apply(arms[1])


def test_classification_is_not_applicable():
    with pytest.raises(NotApplicable, match="generates nothing"):
        technique().apply(fake_setup("text"))


def test_an_encoder_decoder_is_not_applicable():
    with pytest.raises(NotApplicable, match="an encoder-decoder"):
        technique().apply(embedded_setup("summarisation", "t5_dates"))


@pytest.mark.parametrize("bad", [{"page_tokens": 3}, {"cache_tokens": 8}, {"step_tokens": 0}])
def test_bad_sizes_are_named(bad):
    with pytest.raises(InputError, match=f"continuous_batching.{next(iter(bad))}"):
        technique(**bad)
