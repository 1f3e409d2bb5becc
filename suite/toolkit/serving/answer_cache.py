"""A cache of answers: what was asked before is answered from memory, and only the rest goes to the model.

Sources: exact and similar matches as in GPTCache, Bang 2023, doi:10.18653/v1/2023.nlposs-1.24; the entry that was not
used for longest makes room (LRU).
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import types
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import torch
from torch import nn

from suite.core.task import Batch
from suite.toolkit.confidence import rows_of

Compute = Callable[[torch.Tensor], Sequence[torch.Tensor]]
"""Answers of the rows with these numbers."""


class Index(Protocol):
    """Finds the place of a query that was asked before."""

    def keys(self, batch: Batch) -> Iterable[Any]:
        """What each row of a batch is known by."""

    def find(self, key: Any) -> int | None:
        """The place of the entry that answers ``key``; None where there is none."""

    def put(self, place: int, key: Any) -> None:
        """What is at ``place`` answers ``key`` from here on."""

    def clear(self) -> None:
        """Knows nothing any more."""


class ExactIndex:
    """The same inputs, padding left out, are the same query."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._keys: dict[int, bytes] = {}

    def keys(self, batch: Batch) -> list[bytes]:
        """A digest of each row."""
        mask = batch.get("attention_mask")
        kept = None if mask is None else mask.cpu().bool()
        inputs = [tensor.cpu() for name, tensor in sorted(batch.items()) if name != "attention_mask"]
        return [_digest([_kept(tensor, kept, row) for tensor in inputs]) for row in range(len(inputs[0]))]

    def find(self, key: bytes) -> int | None:
        """See Index."""
        return self._places.get(key)

    def put(self, place: int, key: bytes) -> None:
        """See Index."""
        self._places.pop(self._keys.get(place, b""), None)
        self._places[key], self._keys[place] = place, key

    def clear(self) -> None:
        """See Index."""
        self._places.clear()
        self._keys.clear()


def _kept(tensor: torch.Tensor, kept: torch.Tensor | None, row: int) -> torch.Tensor:
    is_per_token = kept is not None and tensor.shape[:2] == kept.shape
    return tensor[row][kept[row]] if is_per_token and kept is not None else tensor[row]


def _digest(tensors: Sequence[torch.Tensor]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for tensor in tensors:
        digest.update(tensor.contiguous().view(torch.uint8).numpy().data)
    return digest.digest()


class SimilarIndex:
    """Queries whose embeddings point the same way are the same query: one that was asked before, or nearly."""

    def __init__(self, embed: Callable[[Batch], torch.Tensor], threshold: float, capacity: int) -> None:
        """``embed`` gives (batch, width); ``threshold`` is the least cosine of two queries that are the same."""
        self._embed, self._threshold, self._capacity = embed, threshold, capacity
        self._vectors = torch.empty(0)
        self._used = 0

    def keys(self, batch: Batch) -> torch.Tensor:
        """Embeddings of length 1 (batch, width), in the host's memory, where they are compared."""
        return nn.functional.normalize(self._embed(batch).float(), dim=1).cpu()

    def find(self, key: torch.Tensor) -> int | None:
        """The nearest, if it is near enough."""
        if not self._used:
            return None
        cosine, place = (self._vectors[: self._used] @ key).max(dim=0)
        return int(place) if float(cosine) >= self._threshold else None

    def put(self, place: int, key: torch.Tensor) -> None:
        """See Index."""
        if self._vectors.shape[-1] != len(key):
            self._vectors = torch.zeros(self._capacity, len(key))
        self._vectors[place] = key
        self._used = max(self._used, place + 1)

    def clear(self) -> None:
        """See Index."""
        self._used = 0


def mean_embedding(model: Any) -> Callable[[Batch], torch.Tensor]:
    """The mean of the model's own input embeddings over a text, padding left out; of an image its pixels."""

    def embed(batch: Batch) -> torch.Tensor:
        if "input_ids" not in batch:
            return batch["pixel_values"].flatten(1)
        hidden = model.get_input_embeddings()(batch["input_ids"])
        mask = batch.get("attention_mask", torch.ones_like(batch["input_ids"]))[..., None].to(hidden.dtype)
        mean: torch.Tensor = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        return mean

    return embed


@dataclasses.dataclass(eq=False)
class _Entry:
    answer: Any = None


class AnswerCache:
    """Answers by query, at most ``capacity`` of them.

    Attributes:
        asked: queries so far.
        computed: of these, answered by the model.
    """

    def __init__(self, index: Index, capacity: int) -> None:
        """Begins empty."""
        self._index, self._capacity = index, capacity
        self._entries: OrderedDict[int, _Entry] = OrderedDict()  # by place, the one used last at the end
        self.asked = self.computed = 0

    def clear(self) -> None:
        """Forgets every answer."""
        self._entries.clear()
        self._index.clear()

    def answers(self, batch: Batch, compute: Compute) -> list[torch.Tensor]:
        """One answer a row; a query that stands in the batch twice is computed once."""
        entries: list[_Entry] = []
        missed: dict[int, _Entry] = {}
        for row, key in enumerate(self._index.keys(batch)):
            place = self._index.find(key)
            if place is None:
                place = self._room()
                missed[row] = self._entries[place] = _Entry()
                self._index.put(place, key)
            self._entries.move_to_end(place)
            entries.append(self._entries[place])
        self.asked += len(entries)
        self.computed += len(missed)
        if missed:
            rows = torch.tensor(list(missed), device=next(iter(batch.values())).device)
            for entry, answer in zip(missed.values(), compute(rows), strict=True):
                entry.answer = answer
        return [entry.answer for entry in entries]

    def _room(self) -> int:
        """A place for a new entry: the next free one, else that of the entry which was not used for longest."""
        if len(self._entries) < self._capacity:
            return len(self._entries)
        place, _ = self._entries.popitem(last=False)
        return place


class CachedModel(nn.Module):
    """Answers from a cache what it can, and has ``model`` answer the rest as a smaller batch.

    Attributes:
        model: the model.
        cache: of the logits of classification, or of the new tokens of generation.
        config: the model's.
    """

    def __init__(self, model: Any, cache: AnswerCache, *, generates: bool) -> None:
        super().__init__()
        self.model: Any = model
        self.cache = cache
        self.config: Any = copy.deepcopy(model.config)
        self._generates = generates

    def forward(self, **batch: torch.Tensor) -> Any:
        """Logits (batch, classes); where the model generates, they are no answers, and it is the model's own call."""
        if self._generates:
            return self.model(**batch)
        found = self.cache.answers(batch, lambda rows: self.model(**_rows(batch, rows)).logits.unbind())
        return types.SimpleNamespace(logits=torch.stack(found))

    def generate(self, **asked: Any) -> Any:
        """As the model does: prompts with their answers, or what a decoder beside an encoder writes.

        Where more is asked than tokens, the call is the model's own.
        """
        if asked.get("return_dict_in_generate"):
            return self.model.generate(**asked)
        prompts = asked["input_ids"][:, :0] if self.config.is_encoder_decoder else asked["input_ids"]
        length, size = prompts.shape[1], len(prompts)
        batch = {name: value for name, value in asked.items() if isinstance(value, torch.Tensor) and len(value) == size}
        options = {name: value for name, value in asked.items() if name not in batch}

        def compute(rows: torch.Tensor) -> Sequence[torch.Tensor]:
            made: torch.Tensor = self.model.generate(**_rows(batch, rows), **options)
            return made[:, length:].unbind()

        return torch.cat([prompts, torch.stack(self.cache.answers(batch, compute))], dim=1)


def _rows(batch: Batch, rows: torch.Tensor) -> Batch:
    """The batch itself where all of its rows are asked for."""
    return batch if len(rows) == len(next(iter(batch.values()))) else rows_of(batch, rows)
