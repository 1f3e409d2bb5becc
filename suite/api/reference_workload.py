"""Fixed work that a function is measured beside, so that its figures of two runs can be held against each other."""

from __future__ import annotations

import dataclasses
import platform

from suite.api.functions import Function


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferenceWorkload:
    """Work that is the same from one run to the next.

    Two runs of a program are two moments: a shared machine may be half as fast in one of them. Windows of a function
    and of a reference that take turns see the same moments, so the ratio of the two stays while joules change, as far
    as both are slowed down alike: a reference should do work of the function's kind.

    Attributes:
        name: figures of two runs are held against each other by it only where both have a reference of this name.
        function: takes no arguments. A call should take milliseconds at most.
    """

    name: str
    function: Function


def _interpret() -> int:
    """About a millisecond of what Python programs do: numbers, a dictionary, strings and a list."""
    counted: dict[int, int] = {}
    for number in range(3000):
        counted[number % 97] = counted.get(number % 97, 0) + number * 3
    return len(",".join(map(str, range(2000))).split(",")) + sum(counted.values())


def interpreted() -> ReferenceWorkload:
    """Interpreted Python. Another version of the interpreter is another reference."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return ReferenceWorkload(name=f"interpreted-1 of {version}", function=_interpret)


def matrices(device: str) -> ReferenceWorkload:
    """Products of matrices by torch on ``cpu`` (64 x 64) or ``cuda`` (1024 x 1024).

    Another version of torch is another reference.
    """
    import torch

    size = 64 if device == "cpu" else 1024
    factor = torch.ones(size, size, device=device)

    def multiply() -> None:
        for _ in range(20):
            factor @ factor

    return ReferenceWorkload(name=f"matrices-1 of torch {torch.__version__} on {device}", function=multiply)
