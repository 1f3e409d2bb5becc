"""gradient_accumulation: the gradients of pieces are those of the whole batch, worked out both ways."""

import dataclasses

import pytest
import torch

from suite.errors import InputError, NoEffect, NotApplicable
from suite.measure.memory import peak_work_bytes
from suite.mitigations.batch_and_precision.gradient_accumulation import GradientAccumulation, counted, gradients
from suite.workloads.training_steps import TrainingSteps
from tests.fakes import FakeTask, fake_setup


def training(kind="image", **changes):
    return fake_setup(kind, layers=2, phase="training", batch_size=8, locked=True, **changes)


def accumulated(setup, rows=3):
    return GradientAccumulation(micro_batch=rows).apply(setup)


@pytest.mark.parametrize("kind", ["image", "text", "generation"])
@pytest.mark.parametrize("rows", [1, 3, 4])  # 3 leaves a last piece of 2
def test_gradients_are_those_of_the_whole_batch(kind, rows):
    setup = training(kind)
    whole, _ = gradients(setup)
    added, _ = gradients(accumulated(setup, rows))
    torch.testing.assert_close(added, whole, rtol=1e-4, atol=1e-6)


class Padded(FakeTask):
    """Each text has another number of labels that count."""

    def training_batch(self, setup, examples):
        batch = super().training_batch(setup, examples)
        labels = batch["labels"].clone()
        for row in range(len(labels)):
            labels[row, 3 + row :] = -100
        return batch | {"labels": labels}


def test_texts_of_unequal_length_weigh_by_their_tokens():
    plain = training("generation")
    fields = {field.name: getattr(plain.task, field.name) for field in dataclasses.fields(plain.task)}
    setup = plain.replace(task=Padded(**fields))
    whole, _ = gradients(setup)
    added, _ = gradients(accumulated(setup))
    torch.testing.assert_close(added, whole, rtol=1e-4, atol=1e-6)


def test_labels_that_count_worked_by_hand():
    assert counted({"labels": torch.tensor([1, 0, 4])}) == 3
    assert counted({"labels": torch.tensor([[5, 6, -100], [5, 6, 7]])}) == 3  # the first token is nobody's next one


def test_the_proof_has_the_passes_of_a_step():
    setup = training()
    proof = GradientAccumulation(micro_batch=3).proof(setup, accumulated(setup))
    assert proof["samples_at_once"] == {"before": 8, "after": 3}
    assert proof["passes_per_step"] == {"before": 1, "after": 3}
    assert proof["gradient_difference"] < 1e-4


def test_a_quarter_of_the_batch_is_the_default():
    setup = training()
    _, rows = gradients(accumulated(setup, None))
    assert rows == [2, 2, 2, 2]


def test_a_step_holds_less():
    steps = TrainingSteps(default_batch_size=8, learning_rate=1e-3, scored_steps=1)
    setup = training()
    loops = [steps.loop(each, 8) for each in (setup, accumulated(setup, 1))]
    peaks = []
    for loop in loops:
        loop.run(8)  # the optimiser's state is there
        peaks.append(peak_work_bytes(lambda loop=loop: loop.run(8), "cpu"))
    assert peaks[1] < peaks[0]


def test_a_batch_in_one_piece_is_refused():
    with pytest.raises(NotApplicable, match="a batch of 8 is one piece of 8"):
        accumulated(training(), 8)


def test_twice_is_refused():
    with pytest.raises(NotApplicable, match="already"):
        accumulated(accumulated(training()), 1)


def test_a_loss_that_is_no_mean_is_refused():
    class Summed(FakeTask):
        def loss(self, model, batch):
            return torch.nn.functional.cross_entropy(*self.logits(model, batch), reduction="sum")

    plain = training()
    fields = {field.name: getattr(plain.task, field.name) for field in dataclasses.fields(plain.task)}
    setup = plain.replace(task=Summed(**fields))
    with pytest.raises(NotApplicable, match="gradients of pieces differ"):
        GradientAccumulation(micro_batch=4).proof(setup, accumulated(setup, 4))


def test_pieces_that_are_no_smaller_have_no_effect():
    with pytest.raises(NoEffect):
        GradientAccumulation(micro_batch=1).proof(training(), training())


def test_a_piece_of_nothing_is_refused():
    with pytest.raises(InputError, match=r"gradient_accumulation\.micro_batch"):
        GradientAccumulation(micro_batch=0)
