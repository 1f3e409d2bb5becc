"""Exits between the blocks of a classifier: rows that are sure leave, the rest go on in a smaller batch."""

from __future__ import annotations

import copy
import types
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from suite.core.task import Batch
from suite.toolkit import blocks, confidence, effect


class Exit(nn.Module):
    """A linear head on the mean of a block's tokens, each row normalised first."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(width, classes)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Logits (batch, classes) of ``hidden`` (batch, tokens, width); ``mask`` (batch, tokens) is 0 at padding."""
        pooled = hidden.mean(dim=1)
        if mask is not None:
            weights = mask.to(hidden.dtype).unsqueeze(2)
            pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        logits: torch.Tensor = self.classifier(nn.functional.layer_norm(pooled, pooled.shape[-1:]))
        return logits


class Flow:
    """Which rows of the batch that is being answered are still in the model, and what the others left with.

    Attributes:
        depths: rows by the number of blocks that they went through, added up while it is no None.
    """

    def __init__(self, threshold: float) -> None:
        """Rows leave that are as sure as ``threshold``."""
        self.decide: Callable[[torch.Tensor], torch.Tensor] = lambda logits: confidence.sure(logits, threshold)
        self.depths: Counter[int] | None = None
        self.end()

    def begin(self, batch: Batch) -> None:
        """All rows of ``batch`` go in."""
        first = next(iter(batch.values()))
        self.rows, self.mask = len(first), batch.get("attention_mask")
        self.inside = torch.arange(self.rows, device=first.device)

    def end(self) -> None:
        """No batch is being answered."""
        self.rows, self.mask = 0, None
        self.inside = torch.empty(0)
        self.as_block: Callable[[torch.Tensor], Any] = lambda hidden: hidden
        self.left: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._narrowed: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def narrow(self, value: Any) -> Any:
        """``value`` with the rows that are still in, where it is of the whole batch; also inside tuples and dicts."""
        if len(self.inside) == self.rows:
            return value
        if isinstance(value, tuple | list):
            return type(value)(self.narrow(part) for part in value)
        if isinstance(value, dict):
            return {name: self.narrow(part) for name, part in value.items()}
        if not isinstance(value, torch.Tensor) or value.dim() == 0 or len(value) != self.rows:
            return value
        if id(value) not in self._narrowed:  # the same mask goes to every block; kept beside, so that its id stays its
            self._narrowed[id(value)] = (value, value[self.inside])
        return self._narrowed[id(value)][1]

    def leave(self, going: torch.Tensor, logits: torch.Tensor, depth: int) -> None:
        """The rows ``going`` (bool, of those inside) leave after ``depth`` blocks with their ``logits``."""
        self.left.append((self.inside[going], logits[going]))
        self.inside = self.inside[~going]
        self._narrowed.clear()
        self.count(depth, len(self.left[-1][0]))

    def count(self, depth: int, rows: int) -> None:
        """Notes ``rows`` at ``depth``."""
        if self.depths is not None and rows:
            self.depths[depth] += rows


class Stage(nn.Module):
    """A block, and perhaps an exit behind it, in the block's place. Its other attributes are the block's."""

    def __init__(self, block: nn.Module, way_out: Exit | None, flow: Flow, depth: int) -> None:
        super().__init__()
        self.block, self.way_out = block, way_out
        self.flow, self.depth = flow, depth

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("block"), name)

    def forward(self, hidden: torch.Tensor, *given: Any, **named: Any) -> Any:
        """As the block, with the rows that are in the model."""
        flow = self.flow
        if not len(hidden):  # all have left
            return flow.as_block(hidden)
        made = self.block(hidden, *flow.narrow(given), **flow.narrow(named))
        flow.as_block = as_first_of(made)
        if self.way_out is None or not flow.rows:
            return made
        hidden = first_of(made)
        logits = self.way_out(hidden, flow.narrow(flow.mask))
        going = flow.decide(logits)
        if bool(going.any()):
            flow.leave(going, logits, self.depth)
            hidden = hidden[~going]
        return flow.as_block(hidden)


def first_of(made: Any) -> torch.Tensor:
    """The hidden states in what a block returned."""
    found: torch.Tensor = made[0] if isinstance(made, tuple | list) else made
    return found


def as_first_of(made: Any) -> Callable[[torch.Tensor], Any]:
    """How a block like that returns hidden states."""
    if isinstance(made, tuple | list):
        return lambda hidden: type(made)((hidden, *made[1:]))
    return lambda hidden: hidden


class ManyExits(nn.Module):
    """A classifier whose rows may leave it early.

    Attributes:
        config: the classifier's, which tells tasks its labels and its longest input.
        blocks: number of blocks.
    """

    def __init__(self, model: nn.Module, ways_out: Mapping[int, Exit], threshold: float) -> None:
        """``model`` is changed in place: the exits ``ways_out`` stand behind its blocks, by number from 0."""
        super().__init__()
        stack = blocks.stack_of(model)
        self.flow, self.blocks = Flow(threshold), len(stack.modules)
        stages = [
            Stage(block, ways_out.get(number), self.flow, number + 1) for number, block in enumerate(stack.modules)
        ]
        model.set_submodule(stack.name, nn.ModuleList(stages))
        self.model = model
        self.config: Any = copy.deepcopy(getattr(model, "config", None))

    def forward(self, **batch: torch.Tensor) -> types.SimpleNamespace:
        """Logits (batch, classes)."""
        flow = self.flow
        flow.begin(batch)
        try:
            last = self.model(**batch).logits
            flow.count(self.blocks, len(last))
            if not flow.left:
                return types.SimpleNamespace(logits=last)
            logits = last.new_empty((flow.rows, last.shape[1]))
            for index, values in [*flow.left, (flow.inside, last)]:
                logits[index] = values.to(logits.dtype)
            return types.SimpleNamespace(logits=logits)
        finally:
            flow.end()


def hidden_states(model: nn.Module, numbers: list[int], run: Callable[[], Any]) -> list[torch.Tensor]:
    """Hidden states behind the blocks ``numbers`` of ``model`` while ``run`` has it answer."""
    stack, states = blocks.stack_of(model), []
    with effect.hooks(
        stack.modules[number].register_forward_hook(lambda _, given, made: states.append(first_of(made)))
        for number in numbers
    ):
        run()
    return states


def depths_of(model: ManyExits, run: Callable[[], Any]) -> Counter[int]:
    """Rows by the number of blocks they went through while ``run`` has ``model`` answer."""
    model.flow.depths = found = Counter[int]()
    try:
        run()
    finally:
        model.flow.depths = None
    return found


def rows_that_stay_are_right(model: ManyExits, batch: Batch, plain: torch.Tensor, tolerance: float) -> bool:
    """Whether the odd rows of ``batch`` get their ``plain`` logits where the even ones leave at the first exit.

    An architecture whose parts look at the whole batch (a head that reads the ids) fails here, by its error or its
    answers.
    """
    flow, decide = model.flow, model.flow.decide
    flow.decide = lambda logits: flow.inside % 2 == 0
    try:
        found = model(**batch).logits
    finally:
        flow.decide = decide
    return bool((found - plain)[1::2].abs().max() <= tolerance * plain.abs().max())


def every(depth: int, step: int) -> list[int]:
    """Numbers of the blocks with an exit: each ``step``-th of ``depth``, never the last, which has the model's own."""
    return list(range(step - 1, depth - 1, step))
