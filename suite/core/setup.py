"""Setup: everything that says what will be run. Frozen; a technique returns a changed copy."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

import torch

from suite.core import device_map
from suite.core.engine import Engine
from suite.core.training import Training
from suite.record.schema import Phase

if TYPE_CHECKING:
    from suite.core.task import Task

Context = Callable[[], AbstractContextManager[Any]]

DTYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def _no_options(batch: Mapping[str, Any], new_tokens: int) -> dict[str, Any]:
    return {}


def _as_it_is(module: torch.nn.Module) -> torch.nn.Module:
    return module


def nothing_kept() -> None:
    """What there is to forget where no technique keeps anything."""


def _as_they_come(setup: Setup, examples: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list(examples)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setup:
    """What will be run.

    Attributes:
        task: gives queries, test items and the way a model is asked.
        model: a callable that takes the task's batch as keyword arguments and returns an object with
            ``logits``: a ``torch.nn.Module``, an ONNX Runtime session in a wrapper, …
        processor: the tokenizer or image processor that belongs to the model.
        batch_size: queries a batch, at least 1.
        dtype: torch name of the model's floating type, e.g. ``float32``; floating inputs get it too.
        device: ``cpu`` or ``cuda``.
        phase: ``inference`` or ``training``.
        contexts: entered around each window, in order (autocast, TF32 and other global switches).
        holds: entered around each window from outside, so that what entering takes is no part of it (cores, power
            limits).
        random_weights: the model was never trained; its scores mean nothing and are not taken.
        seed: for whatever a technique draws.
        runtime: name of the runtime that executes it: the point's, or the one that a technique has put in its place.
        generate_options: further arguments of ``generate`` for a batch and a number of new tokens.
        ready_module: makes a module ready that a workload has made itself (training's copy).
        waiting_batches: batches whose queries wait together, so that ``arrange`` may order them before they are cut.
        relative_carbon_intensity: of the electricity that it would run on, to that of the baseline's.
        training: how it is trained, where the phase is training.
        arrange: the same queries, of all waiting batches, in the order in which they are answered.
        forget: drops what a technique keeps from one query to the next (answers, say). Workloads call it wherever a
            pass over the queries begins, so that no pass knows of another.
        engine: answers queries that come and go while others are being answered; None: batch by batch. It has the
            model to itself, so no technique that changes the model may follow.
    """

    task: Task
    model: Any
    processor: Any
    batch_size: int
    dtype: str
    device: str
    phase: Phase
    contexts: tuple[Context, ...] = ()
    holds: tuple[Context, ...] = ()
    random_weights: bool = False
    seed: int = 0
    runtime: str = "eager"
    generate_options: Callable[[Mapping[str, Any], int], dict[str, Any]] = _no_options
    ready_module: Callable[[torch.nn.Module], torch.nn.Module] = _as_it_is
    relative_carbon_intensity: float = 1.0
    training: Training = dataclasses.field(default_factory=Training)
    waiting_batches: int = 1
    arrange: Callable[[Setup, Sequence[Mapping[str, Any]]], list[Mapping[str, Any]]] = _as_they_come
    forget: Callable[[], None] = nothing_kept
    engine: Engine | None = None

    def replace(self, **changes: Any) -> Setup:
        """A copy with ``changes``."""
        return dataclasses.replace(self, **changes)

    @property
    def boards(self) -> tuple[int, ...]:
        """The GPUs in use, as torch numbers them, where the device is ``cuda``: several for a model that is spread."""
        return device_map.boards_of(self.model)

    @property
    def waiting(self) -> int:
        """Queries that wait together: after each so many, both arms of a comparison have answered the same ones."""
        return self.batch_size * self.waiting_batches

    def arranged(self, examples: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """``examples`` in the order in which they are answered: those that wait together stay together."""
        starts = range(0, len(examples), self.waiting)
        return [one for start in starts for one in self.arrange(self, examples[start : start + self.waiting])]

    @property
    def torch_dtype(self) -> torch.dtype:
        """``dtype`` as torch has it."""
        return DTYPES[self.dtype]

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Enters ``contexts``, and switches gradients off unless the phase is training."""
        with ExitStack() as stack:
            if self.phase == "inference":
                stack.enter_context(torch.no_grad())
            for context in self.contexts:
                stack.enter_context(context())
            yield

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Enters ``holds``. Around whatever is timed of this setup: windows and their slices, warm-up, compiling."""
        with ExitStack() as stack:
            for hold in self.holds:
                stack.enter_context(hold())
            yield

    def synchronize(self) -> None:
        """Returns when the device, or each GPU in use, has finished all that was queued on it."""
        if self.device == "cuda":
            for board in self.boards:
                torch.cuda.synchronize(board)
