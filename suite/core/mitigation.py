"""Mitigation: one efficiency technique. It takes a setup and returns a changed one."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from suite.core.setup import Setup


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mitigation(ABC):
    """A technique said to lower energy.

    A subclass is a frozen, keyword-only dataclass without defaults (those stand in its yaml) and checks
    its fields in ``__post_init__``, raising InputError.
    """

    source: ClassVar[str]
    """Paper or document that describes the technique, with DOI or arXiv number where it has one."""

    @abstractmethod
    def apply(self, setup: Setup) -> Setup:
        """The setup with the technique applied. Never changes ``setup`` or its model; may use ``setup.task.train()``.

        Raises:
            NotApplicable: a precondition is not met, or the value is already in force.
        """

    @abstractmethod
    def effect(self, before: Setup, after: Setup) -> dict[str, Any]:
        """What the technique changed, as seen on the two setups (not as configured): JSON-able figures.

        Raises:
            NoEffect: nothing that the technique promises to change has changed.
        """
