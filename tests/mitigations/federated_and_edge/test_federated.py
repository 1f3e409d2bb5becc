"""federated: with one client it is central training; what is sent is counted."""

import dataclasses

import pytest
import torch

from suite.core.training import Training
from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.federated_and_edge.federated import Federated, arrays_of, dealt, put_arrays
from suite.toolkit.training.adamw import whole_batches
from suite.units import kwh_to_joules
from suite.workloads.train_to_score import TrainToScore
from tests.fakes import fake_setup, tiny_vit

ALONE = Federated(
    clients=1, local_steps=1, skew="iid", optimiser="sgd", learning_rate=0.1, network_kwh_per_gb=0.5
)  # fmt: skip
FOUR = dataclasses.replace(ALONE, clients=4, local_steps=2)


def whole(**changes):
    given = {"phase": "training", "batch_size": 8, "training": Training(is_whole=True), "locked": True} | changes
    return fake_setup("image", model=tiny_vit(num_hidden_layers=1, hidden_dropout_prob=0.0), **given)


def trainer(technique, setup):
    return technique.apply(setup).training.make_trainer(setup, 0.1, 100)


class TestTraining:
    @pytest.fixture(autouse=True)
    def _flower(self):
        pytest.importorskip("flwr")

    def test_one_client_with_full_batches_and_plain_sgd_is_central_training(self):
        setup = whole(batch_size=48)  # all samples
        federated = trainer(ALONE, setup)
        federated.reset()
        federated.run(3)
        central = tiny_vit(num_hidden_layers=1, hidden_dropout_prob=0.0).train()
        optimizer = torch.optim.SGD(central.parameters(), lr=0.1)
        (batch,) = whole_batches(setup, setup.task.train())
        for _ in range(3):
            optimizer.zero_grad()
            setup.task.loss(central, batch).backward()
            optimizer.step()
        for mine, other in zip(federated.model.parameters(), central.parameters(), strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)

    def test_one_round_of_four_is_the_mean_of_what_each_would_have_made(self):
        setup = whole()
        federated = trainer(FOUR, setup)
        federated.reset()
        federated.run(8)
        ends = []
        for share in dealt(setup.task.train(), clients=4, skew="iid", seed=0):
            alone = tiny_vit(num_hidden_layers=1, hidden_dropout_prob=0.0).train()
            optimizer = torch.optim.SGD(alone.parameters(), lr=0.1)
            for batch in whole_batches(setup, share)[:2]:
                optimizer.zero_grad()
                setup.task.loss(alone, batch).backward()
                optimizer.step()
            ends.append([weight.detach() for weight in alone.parameters()])
        for mine, *others in zip(federated.model.parameters(), *ends, strict=True):
            torch.testing.assert_close(mine, torch.stack(others).mean(dim=0), rtol=1e-4, atol=1e-6)

    def test_rounds_are_the_same_in_pieces_and_after_a_reset(self):
        setup = whole()
        federated = trainer(dataclasses.replace(FOUR, optimiser="adamw", learning_rate=None), setup)
        ends = []
        for pieces in ((16,), (8, 8)):
            federated.reset()
            done = 0
            for steps in pieces:
                federated.run(steps, done)
                done += steps
            ends.append(arrays_of(federated.model))
            assert federated.rounds == 2
        assert all((one == other).all() for one, other in zip(*ends, strict=True))

    def test_bytes_are_those_of_the_weights_there_and_back(self):
        setup = whole()
        proof = FOUR.proof(setup, FOUR.apply(setup))
        weights = 4 * sum(weight.numel() for weight in setup.model.parameters())
        sent = proof["bytes_sent_per_round"]
        assert 8 * weights < sent < 8 * weights * 1.5  # each of four clients gets them and sends them, with headers
        assert (proof["clients"], proof["rounds"], proof["steps_per_round"]) == (4, 1, 8)
        assert proof["samples_of_clients"] == [12, 12, 12, 12]
        assert proof["modelled_network_j_per_round"] == pytest.approx(kwh_to_joules(0.5) * sent / 1e9)

    def test_a_training_to_a_score_counts_whole_rounds(self):
        workload = TrainToScore(
            default_batch_size=8, learning_rate=1e-2, first_weights="current", target_score="none", reference_steps=1,
            check_every=3, most_steps=20, held_out_items=10,
        )  # fmt: skip
        setup = FOUR.apply(workload.prepared(whole(locked=False)))
        assert [check.steps for check in workload.rehearsed(setup).checks] == [8, 16]


def test_samples_are_dealt_evenly_and_none_twice():
    examples = [{"label": number % 3, "number": number} for number in range(10)]
    for skew in ("iid", "label"):
        shares = dealt(examples, clients=3, skew=skew, seed=0)
        assert sorted(len(share) for share in shares) == [3, 3, 4]
        assert sorted(example["number"] for share in shares for example in share) == list(range(10))


def test_skewed_clients_have_few_labels():
    examples = [{"label": number % 4} for number in range(16)]
    skewed = dealt(examples, clients=4, skew="label", seed=0)
    assert [len({example["label"] for example in share}) for share in skewed] == [1, 1, 1, 1]


def test_texts_without_labels_cannot_be_skewed():
    with pytest.raises(NotApplicable, match="no label"):
        dealt([{"text": "a"}], clients=1, skew="label", seed=0)


def test_arrays_put_back_are_the_weights_they_were_taken_from():
    model = tiny_vit(num_hidden_layers=1)
    before = arrays_of(model)
    put_arrays(model, [array * 0 for array in before])
    assert all(not array.any() for array in arrays_of(model))
    put_arrays(model, before)
    assert all((one == other).all() for one, other in zip(arrays_of(model), before, strict=True))


def test_central_training_as_before_has_no_effect():
    with pytest.raises(NoEffect):
        FOUR.proof(whole(), whole())


def test_where_steps_alone_are_measured_it_is_refused():
    with pytest.raises(NotApplicable, match="add workload=train_to_score"):
        FOUR.apply(whole(training=Training()))


def test_more_clients_than_samples_are_refused():
    with pytest.raises(NotApplicable, match="48 samples are too few for 49 clients"):
        dataclasses.replace(FOUR, clients=49).apply(whole())


@pytest.mark.parametrize("bad", [{"skew": "some"}, {"optimiser": "lion"}, {"learning_rate": 0.0}, {"clients": 0}])
def test_values_out_of_range_are_refused(bad):
    with pytest.raises(InputError, match=f"federated.{next(iter(bad))}"):
        dataclasses.replace(FOUR, **bad)
