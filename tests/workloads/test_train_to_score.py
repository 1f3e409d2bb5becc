"""train_to_score: how many steps a training takes, and that every measured one takes exactly these."""

import dataclasses

import pytest
import torch

from suite.core.task import with_split
from suite.core.training import Training
from suite.errors import InputError, NoEffect, NotApplicable
from suite.toolkit.training.adamw import epoch_batches
from suite.workloads.train_to_score import TrainToScore, fresh
from tests.fakes import fake_setup, tiny_bert, tiny_vit

SMALL = TrainToScore(
    default_batch_size=8, learning_rate=5e-3, first_weights="random", target_score=0.7, reference_steps=6,
    check_every=2, most_steps=40, held_out_items=20,
)  # fmt: skip
TO_THE_END = dataclasses.replace(SMALL, target_score="none", most_steps=6)


def setup_of(**changes):
    return fake_setup("image", layers=1, phase="training", batch_size=8, **changes)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_training_ends_at_the_first_check_that_reaches_the_target():
    found = SMALL.rehearsed(SMALL.prepared(setup_of()))
    assert found.refusal is None
    assert found.checks[-1].score >= 0.7
    assert all(check.score < 0.7 for check in found.checks[:-1])
    assert [check.steps for check in found.checks] == [2 * number for number in range(1, len(found.checks) + 1)]
    assert found.checks[-1].samples == 8 * found.setup.training.steps


def test_where_lower_is_better_a_target_is_reached_from_above():
    task = dataclasses.replace(fake_setup("image").task, higher_is_better=False)
    found = SMALL.rehearsed(SMALL.prepared(setup_of(task=task)))
    assert found.setup.training.steps == 2  # a first score under 0.7 is as good as wanted already


def test_a_target_that_is_not_reached_is_refused_with_the_course_kept():
    workload = dataclasses.replace(SMALL, target_score=1.1, most_steps=5)
    found = workload.rehearsed(workload.prepared(setup_of()))
    assert [check.steps for check in found.checks] == [2, 4, 5]
    assert isinstance(found.refusal, NotApplicable)
    with pytest.raises(NotApplicable, match=r"at best in 5 steps, not to the target of 1\.1"):
        workload.loop(workload.prepared(setup_of()), 1)


def test_looking_at_the_score_changes_nothing_in_the_training():
    setup = fake_setup("text", model=tiny_bert(num_hidden_layers=1), phase="training", batch_size=8)  # it has dropout
    ends = []
    for every in (1, 6):
        workload = dataclasses.replace(TO_THE_END, check_every=every)
        trainer = workload._trainer(workload.prepared(setup))
        trainer.reset()
        for start in range(0, 6, every):
            trainer.run(every, start)
            workload.held_out(setup.task).evaluate(setup.replace(model=trainer.model.eval(), phase="inference"))
            trainer.model.train()
        ends.append(weights(trainer.model))
    assert same(*ends)


def test_a_query_is_one_whole_training_from_the_same_weights():
    setup = TO_THE_END.rehearsed(TO_THE_END.prepared(setup_of())).setup
    loop = TO_THE_END.loop(setup, 1)
    ends = []
    for queries in (1, 2):
        work = loop.run(queries)
        ends.append(weights(loop._trainer.model))
        assert (work.queries, work.batches) == (queries, queries)
    assert setup.training.steps == 6
    assert same(*ends)
    assert not same(ends[0], weights(setup.model))


def test_the_reference_is_what_the_baseline_scores_after_its_steps():
    workload = dataclasses.replace(SMALL, target_score="reference")
    target = workload.prepared(setup_of()).training.target_score
    to_there = dataclasses.replace(SMALL, target_score="none", most_steps=6)
    assert to_there.rehearsed(to_there.prepared(setup_of())).checks[-1].score == target


def test_fresh_weights_are_drawn_by_the_seed_and_others_than_the_models():
    setup = setup_of(seed=1)
    before = torch.get_rng_state()
    first, again, other = fresh(setup), fresh(setup), fresh(setup.replace(seed=2))
    assert same(weights(first), weights(again))
    assert not same(weights(first), weights(other))
    assert not same(weights(first), weights(setup.model))
    assert torch.equal(before, torch.get_rng_state())


def test_the_current_weights_are_the_models_own():
    workload = dataclasses.replace(TO_THE_END, first_weights="current")
    setup = setup_of()
    assert workload.prepared(setup).model is setup.model


def test_training_never_asks_for_a_test_item(monkeypatch):
    setup = setup_of()

    def refuse(self):
        raise AssertionError("the test split was asked for")

    monkeypatch.setattr(type(setup.task), "test", refuse)
    found = SMALL.rehearsed(SMALL.prepared(setup))
    SMALL.loop(found.setup, 1).run(1)


def test_a_rule_that_never_cut_anything_has_no_effect():
    setup = TO_THE_END.prepared(setup_of())
    training = dataclasses.replace(setup.training, enough=lambda scores: False)
    assert isinstance(TO_THE_END.rehearsed(setup.replace(training=training)).refusal, NoEffect)


def test_a_rule_cuts_a_training_short():
    setup = TO_THE_END.prepared(setup_of())
    training = dataclasses.replace(setup.training, enough=lambda scores: len(scores) == 2)
    assert TO_THE_END.rehearsed(setup.replace(training=training)).setup.training.steps == 4


def test_scores_are_those_of_the_test_split_after_the_training():
    setup = SMALL.rehearsed(SMALL.prepared(setup_of())).setup
    scores = SMALL.evaluate(setup)
    assert len(scores) == len(setup.task.test())
    assert sum(scores) / len(scores) > 0.4  # five classes


def test_a_model_of_random_inputs_has_no_score_to_reach():
    with pytest.raises(NotApplicable, match="random inputs"):
        SMALL.prepared(setup_of(random_weights=True))


def test_of_a_large_split_no_more_is_read_than_is_trained_on():
    setup = setup_of()
    assert [len(epoch_batches(setup, most)) for most in (2, 100)] == [2, 6]  # of 48 samples, 8 a batch
    firsts = [epoch_batches(setup, most)[1]["labels"].tolist() for most in (2, 100)]
    assert firsts[0] == firsts[1]


def test_a_part_of_a_training_is_its_first_two_steps():
    setup = TO_THE_END.rehearsed(TO_THE_END.prepared(setup_of())).setup
    loop = TO_THE_END.loop(setup, 1)
    loop.run_part(1)
    trainer = TO_THE_END._trainer(setup)
    trainer.reset()
    trainer.run(2)
    assert same(weights(loop._trainer.model), weights(trainer.model))


def test_windows_count_trainings_not_samples():
    setup = setup_of()
    assert (TO_THE_END.as_counted(setup).waiting, setup.waiting) == (1, 8)


@pytest.mark.parametrize(
    "bad",
    [{"first_weights": "old"}, {"target_score": "best"}, {"target_score": True}, {"most_steps": 0},
     {"target_score": "reference", "reference_steps": 50}],
)  # fmt: skip
def test_figures_that_train_nothing_are_refused(bad):
    with pytest.raises(InputError):
        dataclasses.replace(SMALL, **bad)


def test_another_split_leaves_the_task_as_it_was():
    task = fake_setup("image").task
    view = with_split(task, "train", task.train()[:3])
    assert (len(view.train()), len(task.train()), len(view.test())) == (3, 48, 48)
    assert type(view) is type(task)


def test_a_setup_trains_steps_unless_a_workload_says_otherwise():
    assert setup_of(model=tiny_vit(num_hidden_layers=1)).training == Training()
