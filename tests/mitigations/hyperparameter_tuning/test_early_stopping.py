"""early_stopping: when it ends a training, worked by hand."""

import dataclasses

import pytest

from suite.core.training import Training
from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.hyperparameter_tuning.early_stopping import EarlyStopping, ends_after, stands_still
from suite.workloads.train_to_score import TrainToScore
from tests.fakes import fake_setup

TO_THE_END = TrainToScore(
    default_batch_size=8, learning_rate=1e-2, first_weights="current", target_score="none", reference_steps=1,
    check_every=1, most_steps=30, held_out_items=10,
)  # fmt: skip


def whole(**changes):
    return fake_setup("image", layers=1, phase="training", batch_size=8, training=Training(is_whole=True, **changes))


def stopping(patience=2, min_gain=0.0):
    return EarlyStopping(patience=patience, min_gain=min_gain)


@pytest.mark.parametrize(
    ("scores", "ends"),
    [
        ([0.5], False),
        ([0.5, 0.4, 0.4], True),  # two looks without a better one
        ([0.5, 0.4, 0.6, 0.6], False),
        ([0.5, 0.4, 0.6, 0.6, 0.6], True),
        ([], False),
    ],
)
def test_it_ends_after_two_looks_without_a_better_score(scores, ends):
    assert stands_still(scores, patience=2, min_gain=0.0) is ends


def test_a_gain_that_is_too_small_does_not_count():
    creeping = [0.50, 0.504, 0.508]
    assert stands_still(creeping, patience=2, min_gain=0.01)
    assert not stands_still(creeping, patience=2, min_gain=0.001)


def test_a_training_that_stands_still_ends_early():
    setup = TO_THE_END.prepared(whole())
    full = TO_THE_END.rehearsed(setup)
    cut = TO_THE_END.rehearsed(stopping(min_gain=1.0).apply(setup))  # only the first look is any better
    assert (full.setup.training.steps, cut.setup.training.steps) == (30, 3)
    assert cut.checks == full.checks[:3]
    assert cut.refusal is None


def test_a_training_that_it_did_not_cut_is_said_to_be_so():
    workload = dataclasses.replace(TO_THE_END, most_steps=2)
    assert isinstance(workload.rehearsed(stopping().apply(workload.prepared(whole()))).refusal, NoEffect)


def test_the_proof_tries_the_rule_on_a_score_that_stands_still():
    setup = whole()
    proof = stopping(patience=3).proof(setup, stopping(patience=3).apply(setup))
    assert proof["ends_after_checks"] == {"before": None, "after": 4}
    assert ends_after(setup) is None


@pytest.mark.parametrize(
    ("training", "words"),
    [
        (Training(), "add workload=train_to_score"),
        (Training(is_whole=True, target_score=0.9), r"add workload\.target_score=none"),
        (Training(is_whole=True, enough=lambda scores: True), "end of its own already"),
    ],
)
def test_where_there_is_no_end_to_bring_forward_it_is_refused(training, words):
    with pytest.raises(NotApplicable, match=words):
        stopping().apply(whole().replace(training=training))


@pytest.mark.parametrize("bad", [{"patience": 0}, {"min_gain": -0.1}])
def test_figures_out_of_range_are_refused(bad):
    with pytest.raises(InputError):
        stopping(**bad)
