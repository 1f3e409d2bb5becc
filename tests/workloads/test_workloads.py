import pytest
import torch

from suite.errors import InputError, NotApplicable
from suite.workloads.offline import Offline
from suite.workloads.single_stream import SingleStream
from suite.workloads.training_steps import TrainingSteps
from tests.fakes import fake_setup

OFFLINE = Offline(default_batch_size=8)
STREAM = SingleStream(default_batch_size=1)
TRAINING = TrainingSteps(default_batch_size=8, learning_rate=1e-2, scored_steps=3)


def test_offline_runs_whole_batches_of_the_list():
    loop = OFFLINE.loop(fake_setup("image", batch_size=8), 16)
    work = loop.run(40)  # two and a half passes
    assert (loop.pass_queries, work.queries, work.batches, work.tokens, work.latencies_s) == (16, 40, 5, None, None)


def test_offline_counts_the_tokens_of_every_query():
    loop = OFFLINE.loop(fake_setup("generation", batch_size=8), 16)
    assert loop.run(16).tokens == 16 * 4


def test_both_arms_see_the_same_queries_in_the_same_order(monkeypatch):
    seen = []
    setup = fake_setup("image", batch_size=4)
    monkeypatch.setattr(type(setup.task), "run", lambda self, setup, batch: seen.append(batch["pixel_values"]))
    for size in (4, 8):
        OFFLINE.loop(setup.replace(batch_size=size), 16).run(16)
    assert torch.equal(torch.cat(seen[:4]), torch.cat(seen[4:]))


def test_a_query_is_one_sample_whatever_the_batch():
    assert OFFLINE.loop(fake_setup("image", batch_size=16), 16).run(16).queries == 16


def test_single_stream_waits_for_every_query():
    work = STREAM.loop(fake_setup("image", batch_size=1), 4).run(6)
    assert len(work.latencies_s) == work.queries == 6
    assert min(work.latencies_s) > 0


def test_single_stream_refuses_batches():
    with pytest.raises(NotApplicable, match="one query at a time"):
        STREAM.loop(fake_setup("image", batch_size=2), 4)


def test_training_starts_every_window_from_the_same_weights():
    setup = fake_setup("image", batch_size=8, phase="training")
    loop = TRAINING.loop(setup, 16)
    ends = []
    for _ in range(2):
        loop.reset()
        loop.run(16)
        ends.append({name: value.clone() for name, value in loop.model.state_dict().items()})
    first = setup.model.state_dict()
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in first)
    assert any(not torch.equal(ends[0][name], first[name]) for name in first)


def test_training_leaves_the_setups_model_alone():
    setup = fake_setup("image", batch_size=8, phase="training")
    before = {name: value.clone() for name, value in setup.model.state_dict().items()}
    TRAINING.evaluate(setup)
    assert all(torch.equal(value, before[name]) for name, value in setup.model.state_dict().items())


def test_training_touches_the_train_split_only():
    setup = fake_setup("image", batch_size=8, phase="training", locked=True)
    loop = TRAINING.loop(setup, 16)
    assert loop.run(16).queries == 16


def test_inference_makes_no_gradients():
    setup = fake_setup("image", batch_size=4)
    with setup.active():
        logits = setup.model(**setup.task.batch(setup, setup.task.queries()[:4])).logits
    assert not logits.requires_grad


@pytest.mark.parametrize("bad", [{"learning_rate": 0.0}, {"scored_steps": 0}, {"default_batch_size": 0}])
def test_training_refuses_figures_that_train_nothing(bad):
    with pytest.raises(InputError):
        TrainingSteps(**({"default_batch_size": 8, "learning_rate": 1e-2, "scored_steps": 3} | bad))


def test_single_stream_has_one_batch_size():
    with pytest.raises(InputError):
        SingleStream(default_batch_size=2)
