"""data_pruning: which samples are kept, worked by hand, and that an epoch of training is shorter."""

import math

import pytest
import torch

from suite.core.training import Training
from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.data_efficiency.data_pruning import DataPruning, el2n, embeddings, likeness_to_earlier
from suite.toolkit.training.adamw import epoch_batches
from tests.fakes import fake_setup, unequal_texts
from tests.mitigations.test_adaptive import TRAINING

UNTRAINED = TRAINING | {"steps": 0}


def training(kind="image", **changes):
    whole = {"training": Training(is_whole=True), "task": changes.pop("task", None)}
    kept = {name: value for name, value in whole.items() if value is not None}
    return fake_setup(kind, layers=1, phase="training", locked=True, **(kept | changes))


def pruning(method="el2n", keep_share=0.5, recipe=UNTRAINED):
    return DataPruning(method=method, keep_share=keep_share, training=recipe)


@pytest.mark.parametrize("method", ["random", "el2n", "near_duplicates"])
def test_an_epoch_of_training_is_shorter(method):
    setup = training()
    changed = pruning(method, 0.25).apply(setup)
    assert (len(epoch_batches(setup, 100)), len(epoch_batches(changed, 100))) == (12, 3)  # of 48 samples, 4 a batch
    assert pruning(method).proof(setup, changed)["train_samples"] == {"before": 48, "after": 12}


def test_samples_kept_are_samples_of_the_split_in_their_order():
    setup = training()
    all_of_them = [example["image"] for example in setup.task.train()]
    places = [
        next(place for place, image in enumerate(all_of_them) if torch.equal(image, example["image"]))
        for example in pruning("random").apply(setup).task.train()
    ]
    assert places == sorted(set(places))


def test_el2n_is_the_length_of_the_error_worked_by_hand():
    class Told(torch.nn.Module):
        def forward(self, pixel_values):
            logits = torch.zeros(len(pixel_values), 2)
            logits[0, 0] = math.log(3)  # 3 to 1 for class 0
            return type("Answer", (), {"logits": logits})

    setup = training(model=Told())
    examples = [{"image": torch.zeros(1, 8, 8), "label": label} for label in (0, 1)]
    # (3/4 - 1, 1/4) has the length 1/4 * sqrt 2; (1/2, 1/2 - 1) has 1/2 * sqrt 2.
    torch.testing.assert_close(el2n(setup, examples), torch.tensor([0.25, 0.5]) * math.sqrt(2))


def test_el2n_keeps_those_with_the_largest_error():
    setup = training()
    scores = el2n(setup, setup.task.train())
    kept = el2n(setup, pruning(recipe=UNTRAINED).apply(setup).task.train())
    torch.testing.assert_close(kept.sort().values, scores.sort().values[24:])


def test_likeness_to_an_earlier_one_worked_by_hand():
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.6, 0.8]])
    torch.testing.assert_close(likeness_to_earlier(vectors), torch.tensor([-1.0, 0.0, 1.0, 0.8]))


def test_likeness_is_the_same_in_pieces():
    vectors = torch.nn.functional.normalize(torch.randn(1500, 4, generator=torch.Generator().manual_seed(0)), dim=-1)
    cosines = (vectors @ vectors.T).masked_fill(~torch.ones(1500, 1500, dtype=torch.bool).tril(-1), -1.0)
    torch.testing.assert_close(likeness_to_earlier(vectors), cosines.amax(dim=1))


def test_the_copy_of_a_sample_is_left_out_first(monkeypatch):
    setup = training()
    twins = [*setup.task.train()[:24], *setup.task.train()[:24]]
    monkeypatch.setattr(type(setup.task), "train", lambda self: twins)
    kept = pruning("near_duplicates", 0.5).apply(setup).task.train()
    assert len({example["image"].numpy().tobytes() for example in kept}) == 24


def test_padding_says_nothing_of_a_text():
    setup = training("text", task=unequal_texts(locked=True))
    alone = torch.cat([embeddings(setup, [example]) for example in setup.task.train()[:6]])
    torch.testing.assert_close(embeddings(setup, setup.task.train()[:6]), alone, rtol=1e-4, atol=1e-5)


def test_other_splits_are_the_tasks_own():
    setup = training(task=None).replace(task=fake_setup("image").task)
    changed = pruning().apply(setup)
    assert len(changed.task.test()) == len(setup.task.test()) == 48


def test_where_steps_alone_are_measured_it_is_refused():
    with pytest.raises(NotApplicable, match="add workload=train_to_score"):
        pruning().apply(training(training=Training()))


def test_texts_without_labels_have_no_error():
    with pytest.raises(NotApplicable, match="one label a sample"):
        pruning().apply(training("generation"))


@pytest.mark.parametrize("keep_share", [0.01, 0.999])
def test_less_than_a_batch_and_all_are_refused(keep_share):
    with pytest.raises(NotApplicable, match="all of them or less than a batch"):
        pruning("random", keep_share).apply(training())


def test_as_many_samples_as_before_have_no_effect():
    with pytest.raises(NoEffect):
        pruning().proof(training(), training())


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match=r"data_pruning\.method"):
        pruning("best")
