"""Functions as arms of a comparison: called again and again, each call a batch of queries."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import inspect
import types
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from suite.core.workload import Loop, Work
from suite.errors import InputError

_UNDONE = (types.GeneratorType, types.AsyncGeneratorType, map, filter, zip, concurrent.futures.Future)
"""What a function gives back whose work has not been done when it returns."""
Function = Callable[[], object]
"""Takes no arguments, and does its queries each time it is called."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CallSetup:
    """How a function is run.

    Attributes:
        device: ``cpu`` or ``cuda``.
        batch_size: queries a call.
        boards: numbers of the GPUs that are worked on, as torch numbers them.
    """

    device: str
    batch_size: int
    boards: Sequence[int]

    @property
    def waiting(self) -> int:
        """Those of a call."""
        return self.batch_size

    def held(self) -> AbstractContextManager[None]:
        """Nothing is held."""
        return contextlib.nullcontext()

    def synchronize(self) -> None:
        """Returns when the device has finished all that was queued on it."""
        if self.device == "cuda":
            import torch

            for board in self.boards:
                torch.cuda.synchronize(board)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Calls(Loop):
    """One call after another.

    Attributes:
        function: what is called.
        name: of the function, for people.
        queries: a call does.
        pass_calls: calls after which both arms have done as many queries.
    """

    function: Function
    name: str
    queries: int
    pass_calls: int

    @property
    def pass_queries(self) -> int:
        """See Loop."""
        return self.pass_calls * self.queries

    @property
    def shapes(self) -> Sequence[int]:
        """All calls are alike."""
        return (0,)

    def keep_first(self, queries: int) -> None:
        """All calls are alike."""

    def reset(self) -> None:
        """What a function keeps from one call to the next is its own."""

    def run(self, queries: int, first: int = 0) -> Work:
        """See Loop.

        Raises:
            InputError: the function raised an error, which is the cause.
        """
        calls, function = queries // self.queries, self.function
        try:
            for _ in range(calls):
                function()
        except Exception as error:  # the user's own code may raise anything
            raise failed(self.name, error) from error
        return Work(queries=calls * self.queries, batches=calls, tokens=None, latencies_s=None)


def failed(name: str, error: Exception) -> InputError:
    """What is said of a function that raised ``error``."""
    what = f"{name} raised {type(error).__name__} while it was measured"
    return InputError(what, got=str(error), remedy="it is called many times without arguments, and may not fail")


def check_function(function: object, name: str) -> None:
    """Calls ``function`` once.

    Raises:
        InputError: it is no function, takes arguments, raises an error, or gives back its work undone.
    """
    if not callable(function):
        raise InputError(f"{name} cannot be called", got=function, remedy="give a function, such as lambda: model(x)")
    try:
        result = function()
    except Exception as error:  # the user's own code may raise anything
        raise failed(name, error) from error
    if inspect.iscoroutine(result):
        result.close()
    if inspect.isawaitable(result) or isinstance(result, _UNDONE):
        remedy = "give a function that does the work: lambda: list(f()), lambda: f().result(), lambda: asyncio.run(f())"
        raise InputError(f"{name} gives back work that is still to be done", got=type(result).__name__, remedy=remedy)


def name_of(function: object, otherwise: str) -> str:
    """What a function is called; ``otherwise`` for what has no name of its own."""
    name = getattr(function, "__qualname__", None) or getattr(getattr(function, "func", None), "__qualname__", None)
    last = str(name or "").rpartition("<locals>.")[2]
    return last if last and "<lambda>" not in last else otherwise
