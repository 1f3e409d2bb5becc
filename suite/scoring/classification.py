"""Classification: what tasks with one label a sample share. A subclass adds data and the way to inputs."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.errors import InputError, NotApplicable
from suite.scoring import items
from suite.scoring.labels import Classes, classes_of, label_numbers
from suite.scoring.split_task import SplitTask
from suite.text.suggest import MOST_LISTED


@dataclasses.dataclass(frozen=True, kw_only=True)
class Classification(SplitTask):
    """One label a sample; the score of an item is 1 where the largest logit is its label's, else 0.

    A model without a processor, as random weights of a bare architecture have none, gets random inputs and random
    labels that are drawn for each sample: its energy can be measured, and it is not scored.
    """

    kind: ClassVar[Literal["image", "text"]]
    """What the user's own data holds."""
    main_input: ClassVar[str]
    """The model input that carries the sample, as ``transformers`` names it."""

    @abstractmethod
    def content(self, example: Example) -> bytes:
        """What tells a sample from another, to draw its random inputs with."""

    @abstractmethod
    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """See Task."""

    def chance_score(self) -> float:
        """The share of the most frequent label, which is what always answering with it scores."""
        labels = Counter(example["label"] for example in self.test())
        return max(labels.values()) / labels.total()

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task. Only random weights come without a processor; ``load_pretrained`` refuses a trained model."""
        found = getattr(model, "main_input_name", self.main_input)
        if found != self.main_input:
            raise InputError(
                f"the model for task {self.name!r} must take {self.main_input}", got=found, remedy="name another model"
            )
        if processor is not None:
            self._check_labels(classes_of(model.config), model.config)

    def _check_labels(self, classes: Classes, config: Any) -> None:
        try:
            label_numbers(self.labelled(), config)
        except InputError as error:
            if self.data is not None:
                raise
            known = ", ".join(classes.names[:MOST_LISTED])
            remedy = f"give data with the model's own labels: task.data=FILE (its labels: {known})"
            what = "the embedded data has a label that the model does not know"
            raise InputError(what, got=error.got, remedy=remedy) from error

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """See Task."""
        config = setup.model.config
        labels = self._random_labels(config, examples) if setup.processor is None else label_numbers(examples, config)
        return {**self.batch(setup, examples), "labels": torch.tensor(labels, device=setup.device)}

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """See Task."""
        setup.model(**batch)
        return None

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Cross-entropy in nats, mean over the batch."""
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """See Task."""
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        return model(**inputs).logits.float(), batch["labels"]

    def evaluate(self, setup: Setup) -> list[float]:
        """1.0 or 0.0 a test item."""
        return self.score(setup, self.test())

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """1.0 for each of ``examples`` that the setup answers right, else 0.0.

        Raises:
            InputError: the model does not know a label.
            ImpossibleOutput: its logits are not finite.
            NotApplicable: the setup has no processor.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a processor cannot be scored")
        targets = label_numbers(examples, setup.model.config)
        answers: list[int] = []
        with items.scoring(setup):
            for chosen in items.scored_batches(setup, examples):
                logits = items.finite(setup.model(**self.batch(setup, chosen)).logits)
                answers.extend(logits.argmax(dim=-1).tolist())
        return [float(answer == target) for answer, target in zip(answers, targets, strict=True)]

    def _random_labels(self, config: Any, examples: Sequence[Example]) -> list[int]:
        generators = [items.generator_for(self.seed, b"label " + self.content(example)) for example in examples]
        return [int(torch.randint(config.num_labels, (), generator=generator)) for generator in generators]
