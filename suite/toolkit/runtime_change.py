"""Techniques that are a runtime: the candidate alone is executed in another way."""

from __future__ import annotations

from typing import Any

from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.toolkit import effect


def require_eager(setup: Setup, name: str) -> Setup:
    """``setup``, if it runs eager so far.

    Raises:
        NotApplicable: it does not, so that ``name`` would change nothing.
    """
    if setup.runtime != "eager":
        raise NotApplicable(f"the point runs with runtime={setup.runtime}: measure {name} with runtime=eager")
    return setup


def proof(before: Setup, after: Setup) -> dict[str, Any]:
    """Snapshots and runtimes of both setups.

    Raises:
        NoEffect: the runtime is the same.
    """
    seen = effect.changes(before, after) | {"runtime": {"before": before.runtime, "after": after.runtime}}
    return effect.require(before.runtime != after.runtime, "the model is executed as before", seen)
