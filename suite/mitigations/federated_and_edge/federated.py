"""federated: clients train on their own samples and send weights, which are averaged."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import random
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.core.training import Trainer
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers
from suite.toolkit.libraries import load
from suite.toolkit.training.adamw import whole_batches
from suite.toolkit.training.retraining import own_randomness
from suite.units import BYTES_PER_GB, kwh_to_joules

OPTIMISERS = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}
SKEWS = ("iid", "label")
PROOF_RATE = 1e-3
"""Learning rate of the round that the proof looks at, which counts bytes."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Federated(Mitigation):
    """Federated averaging of all clients in every round, one after the other on this device.

    Attributes:
        clients: at least 1.
        local_steps: steps of each client in a round, at least 1.
        skew: ``iid``, or ``label`` for clients that each have few labels.
        optimiser: of the clients, ``sgd`` or ``adamw``; a new one in each round.
        learning_rate: of the clients; None for the workload's.
        network_kwh_per_gb: energy that the network takes for 10^9 bytes, for the modelled figure of the proof.
    """

    intervention: ClassVar[str] = "federated_and_edge"
    source: ClassVar[str] = (
        "McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized Data, "
        "arXiv:1602.05629; averaged and serialised by Flower, https://flower.ai; energy of the network, Aslan et al. "
        "2018, doi:10.1111/jiec.12630"
    )
    idea: ClassVar[str] = (
        "Samples stay where they are: each client trains the current weights on its own for a few steps and sends the "
        "result, and the mean of what all have sent is what they go on from."
    )
    effect: ClassVar[str] = (
        "Saves nothing in computing: it takes as many samples as central training or more, the more so the less the "
        "clients' samples are alike, and adds copying of weights and the network. What it gives is that data need not "
        "be moved; it can save where moving the data would have cost more."
    )
    accuracy: ClassVar[str] = "That of central training after as many samples, or below it; it falls with the skew."
    deviations: ClassVar[str] = (
        "All clients take part in every round and train in turn on one device, so that a window holds the work of all "
        "of them; a real device's power and idle time are not in it. Clients take a number of steps, not of epochs. "
        "Weights travel in float32. The network's energy is modelled from the bytes that were serialised, is shown "
        "beside the measured joules and never added to them."
    )
    requires: ClassVar[Requires] = Requires(
        packages={"flwr": "flwr"},
        phase="training",
        trained=True,
        reasons={
            "phase": "add workload=train_to_score",
            "trained": "there is no score to train random weights to",
        },
    )

    clients: int
    local_steps: int
    skew: str
    optimiser: str
    learning_rate: float | None
    network_kwh_per_gb: float

    def __post_init__(self) -> None:
        checks.count("federated.clients", self.clients, least=1)
        checks.count("federated.local_steps", self.local_steps, least=1)
        checks.positive("federated.network_kwh_per_gb", self.network_kwh_per_gb)
        if self.learning_rate is not None:
            checks.positive("federated.learning_rate", self.learning_rate)
        for field, known in (("skew", SKEWS), ("optimiser", tuple(OPTIMISERS))):
            if getattr(self, field) not in known:
                got = getattr(self, field)
                raise InputError(f"federated.{field} is unknown", got=got, remedy=f"use {' or '.join(known)}")

    def apply(self, setup: Setup) -> Setup:
        """The same model, trained by clients."""
        layers.require_float(setup)
        if not setup.training.is_whole:
            raise NotApplicable("it changes how many samples a training takes: add workload=train_to_score")
        if setup.training.make_trainer is not None:
            raise NotApplicable("the training is done in another way already")
        if len(setup.task.train()) < self.clients:
            raise NotApplicable(f"{len(setup.task.train())} samples are too few for {self.clients} clients")
        make = functools.partial(FederatedTrainer, how=self)
        return setup.replace(training=dataclasses.replace(setup.training, make_trainer=make))

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The clients that trained in one round, on how many samples each, and the bytes that they were sent and sent.

        ``modelled_network_j_per_round`` is an estimate from a published figure, not a measurement.
        """
        make = after.training.make_trainer
        seen = effect.changes(before, after)
        if not isinstance(make, functools.partial) or make.func is not FederatedTrainer:
            return effect.require(False, "one trainer sees all samples, as before", seen)
        with own_randomness(after):
            trainer = make(after, PROOF_RATE, self.clients * self.local_steps)
            trainer.reset()
            trainer.run(trainer.round_steps)
        network_j = kwh_to_joules(trainer.bytes_sent / BYTES_PER_GB * self.network_kwh_per_gb)
        figures = {
            "clients": len(trainer.trained),
            "samples_of_clients": list(trainer.trained.values()),
            "rounds": trainer.rounds,
            "steps_per_round": trainer.round_steps,
            "bytes_sent_per_round": trainer.bytes_sent,
            "modelled_network_j_per_round": network_j,
        }
        return effect.require(trainer.bytes_sent > 0, "no client was sent any weights", seen | figures)


class FederatedTrainer(Trainer):
    """Rounds of all clients in turn. A step is a batch of one client.

    Attributes:
        bytes_sent: of serialised weights, to clients and from them, since the last reset.
        rounds: since the last reset.
        trained: samples of each client that has trained, by its number.
    """

    def __init__(self, setup: Setup, learning_rate: float, most_steps: int, *, how: Federated) -> None:
        self._setup, self._how = setup, how
        self._rate = learning_rate if how.learning_rate is None else how.learning_rate
        self._flower = load("flwr.common")
        self._strategy = load("flwr.server.strategy").FedAvg(fit_metrics_aggregation_fn=lambda metrics: {})
        self.model = setup.ready_module(layers.editable_copy(setup).train())
        self._first = arrays_of(self.model)
        shares = dealt(setup.task.train(), clients=how.clients, skew=how.skew, seed=setup.seed)
        self._sizes = [len(share) for share in shares]
        self.round_steps = how.clients * how.local_steps
        used = (
            setup.batch_size * how.local_steps * math.ceil(most_steps / self.round_steps)
        )  # a large split is not read
        self._batches: list[list[Batch]] = [whole_batches(setup, share[:used]) for share in shares]
        self.bytes_sent, self.rounds = 0, 0
        self.trained: dict[int, int] = {}

    def reset(self) -> None:
        """See Trainer."""
        torch.manual_seed(self._setup.seed)
        put_arrays(self.model, self._first)
        self.model.train()
        self.bytes_sent, self.rounds, self.trained = 0, 0, {}

    def run(self, steps: int, first: int = 0) -> None:
        """See Trainer."""
        weights = self._flower.ndarrays_to_parameters(arrays_of(self.model))
        for number in range(first // self.round_steps, (first + steps) // self.round_steps):
            results = [(None, self._fitted(client, weights, number)) for client in range(self._how.clients)]
            weights, _ = self._strategy.aggregate_fit(number + 1, results, [])
            self.rounds += 1
        put_arrays(self.model, self._flower.parameters_to_ndarrays(weights))

    def _fitted(self, client: int, weights: Any, number: int) -> Any:
        """What a client sends back in a round, as Flower has it: its weights, and how many samples it has."""
        flower, setup, batches = self._flower, self._setup, self._batches[client]
        put_arrays(self.model, flower.parameters_to_ndarrays(weights))
        optimizer = OPTIMISERS[self._how.optimiser](self.model.parameters(), lr=self._rate)
        with setup.active():
            for index in range(number * self._how.local_steps, (number + 1) * self._how.local_steps):
                optimizer.zero_grad(set_to_none=True)
                setup.training.backward(setup.task, self.model, batches[index % len(batches)])
                optimizer.step()
        sent = flower.ndarrays_to_parameters(arrays_of(self.model))
        self.bytes_sent += sum(len(array) for message in (weights, sent) for array in message.tensors)
        self.trained[client] = self._sizes[client]
        status = flower.Status(code=flower.Code.OK, message="")
        return flower.FitRes(status=status, parameters=sent, num_examples=self._sizes[client], metrics={})


def dealt(examples: Sequence[Example], *, clients: int, skew: str, seed: int) -> list[list[Example]]:
    """The samples of each client, of as many each as can be: in turn, or in a row of samples that labels are put in.

    Raises:
        NotApplicable: the samples have no labels to be dealt by.
    """
    order = list(examples)
    random.Random(seed).shuffle(order)
    if skew == "iid":
        return [order[client::clients] for client in range(clients)]
    if any("label" not in example for example in order):
        raise NotApplicable("the samples have no label: add mitigation.federated.skew=iid")
    order.sort(key=lambda example: str(example["label"]))
    ends = [round(len(order) * client / clients) for client in range(clients + 1)]
    return [order[start:end] for start, end in itertools.pairwise(ends)]


def arrays_of(model: nn.Module) -> list[Any]:
    """Copies of all floating parameters and buffers, as NumPy arrays of float32."""
    return [value.detach().float().cpu().numpy().copy() for value in _floating(model)]


def put_arrays(model: nn.Module, arrays: Sequence[Any]) -> None:
    """Puts what ``arrays_of`` gave into ``model``, in place and in its own dtype."""
    with torch.no_grad():
        for value, array in zip(_floating(model), arrays, strict=True):
            value.copy_(torch.from_numpy(array.copy()))


def _floating(model: nn.Module) -> list[torch.Tensor]:
    return [value for value in model.state_dict().values() if value.is_floating_point()]
