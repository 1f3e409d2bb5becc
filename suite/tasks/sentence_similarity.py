"""Which of many texts means the same: a name in one language, to be found among names in other languages.

Data: the Unicode Common Locale Data Repository (Unicode License v3) as Babel ships it; see ``suite.data.name_items``.
Names of one thing in several languages are the same source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.name_items import translations
from suite.data.splits import Split
from suite.data.structured import StructuredKind
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.texts import Texts, on_device

TARGET = "target_"
"""What names of the second text's inputs begin with in a training batch."""
SCALE = 20.0
"""Of cosines to logits: a temperature of 0.05, as sentence-transformers has it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SentenceSimilarity(Texts):
    """Retrieval: the score of an item is 1 where its target is among the texts nearest to its own text, else 0.

    A text's vector is the mean of its tokens' last hidden states, scaled to length 1; near means a large cosine.

    Attributes:
        nearest: so many of the candidates count as found: the k of recall@k.
        candidates: the targets of so many items of the test split, at most, drawn by the seed, are searched; items
            whose targets are left out are not scored.
    """

    auto_class: ClassVar[str] = "AutoModel"
    kind: ClassVar[StructuredKind] = "pair"
    reads: ClassVar[Reads | None] = "text"
    logits_alone: ClassVar[bool] = False

    nearest: int
    candidates: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("nearest", "candidates"):
            checks.count(f"task.{field}", getattr(self, field), least=1)

    def embedded(self, split: Split) -> Sequence[Example]:
        """Names in two languages."""
        return translations(split)

    def test(self) -> Sequence[Example]:
        """See Task."""
        return items.sample(self._searched(), self.max_scored, self.seed)

    def _searched(self) -> Sequence[Example]:
        """The items whose targets are the candidates; the same whatever the protocol scores."""
        return items.sample(self.split("test"), self.candidates, self.seed)

    def chance_score(self) -> float:
        """What a random order of the candidates scores."""
        return min(1.0, self.nearest / len(_targets(self._searched())))

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Token ids and mask (batch, longest text of the batch); longer texts than the model takes are cut."""
        if setup.processor is None:
            return self.random_batch(setup, examples)
        return self._texts(setup, [example["text"] for example in examples])

    def _texts(self, setup: Setup, texts: Sequence[str]) -> Batch:
        return on_device(self.encoded(setup, list(texts)), setup)

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """Inputs of the texts, and those of their targets by names that begin with ``target_``."""
        batch = self.batch(setup, examples)
        targets = self.batch(setup, [{"text": example["target"]} for example in examples])
        return batch | {TARGET + name: tensor for name, tensor in targets.items()}

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Vectors of one batch of texts."""
        vectors(setup.model, batch)
        return None

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each text, the scaled cosines to all targets of the batch, and the number of its own: (n, n) and (n,).

        Their cross-entropy is InfoNCE (van den Oord et al. 2018, arXiv:1807.03748), negatives from the batch.
        """
        texts = {name: tensor for name, tensor in batch.items() if not name.startswith(TARGET)}
        targets = {name.removeprefix(TARGET): tensor for name, tensor in batch.items() if name.startswith(TARGET)}
        cosines = vectors(model, texts) @ vectors(model, targets).T
        return SCALE * cosines, torch.arange(len(cosines), device=cosines.device)

    def scores(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """1.0 where fewer than ``nearest`` other candidates are as near as the item's target, else 0.0."""
        targets = _targets([*self._searched(), *examples])  # validation items are searched for among those of test
        known = self._vectors(setup, targets)
        cosines = self._vectors(setup, [example["text"] for example in examples]) @ known.T
        number_of = {text: number for number, text in enumerate(targets)}
        own = torch.tensor([number_of[example["target"]] for example in examples])
        as_near = cosines >= cosines.gather(1, own[:, None])
        return ((as_near.sum(dim=1) - 1) < self.nearest).float().tolist()

    def _vectors(self, setup: Setup, texts: Sequence[str]) -> torch.Tensor:
        examples = [{"text": text} for text in texts]
        return torch.cat(
            [
                items.finite(vectors(setup.model, self.batch(setup, chosen))).cpu()
                for chosen in items.scored_batches(setup, examples)
            ]
        )


def vectors(model: Any, batch: Batch) -> torch.Tensor:
    """The mean of each text's last hidden states, padding left out, scaled to length 1: (batch, width) in float32."""
    states = model(**batch).last_hidden_state.float()
    mask = batch["attention_mask"][:, :, None].to(states.dtype)
    return torch.nn.functional.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=-1)


def _targets(examples: Sequence[Example]) -> list[str]:
    """Each target once, in order."""
    return list(dict.fromkeys(example["target"] for example in examples))
