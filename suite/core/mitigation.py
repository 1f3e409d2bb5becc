"""Mitigation: one efficiency technique. It takes a setup and returns a changed one, and describes itself as data."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from suite.core.setup import Setup
from suite.core.task import Task
from suite.plugins.requires import Requires


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mitigation(ABC):
    """A technique said to lower energy.

    A subclass is a frozen, keyword-only dataclass without defaults (those stand in its yaml) and checks
    its fields in ``__post_init__``, raising InputError. It describes itself in the class attributes below, each
    written as a literal: ``suite.plugins.cards`` reads them from the file without importing it.
    """

    intervention: ClassVar[str]
    """Key of the intervention that it is a way of (``suite.plugins.interventions``); empty where it is none."""
    source: ClassVar[str]
    """Paper or document that describes the technique, with DOI, arXiv number or address."""
    idea: ClassVar[str]
    """How it works."""
    effect: ClassVar[str]
    """What it is expected to do to energy and memory, on which hardware, and when it does nothing."""
    accuracy: ClassVar[str]
    """What it is expected to do to the score."""
    deviations: ClassVar[str]
    """How this implementation departs from ``source``."""
    requires: ClassVar[Requires] = Requires()
    """What must hold for it to be applicable; checked before a model is loaded (``suite.toolkit.requirements``)."""
    kinds: ClassVar[tuple[str, ...]] = ()
    """What rules on stacks call it beside its name (``suite.plugins.stacking``); empty: its intervention's key."""
    before: ClassVar[tuple[str, ...]] = ()
    """Names and kinds of techniques that come after it wherever both stand in a stack."""
    after: ClassVar[tuple[str, ...]] = ()
    """Names and kinds of techniques that come before it wherever both stand in a stack."""
    conflicts: ClassVar[tuple[str, ...]] = ()
    """Names and kinds of techniques that stand in no stack with it."""
    stack_reason: ClassVar[str] = ""
    """Why, in one clause; empty: what ``suite.plugins.stacking`` says of the kind that is named."""

    @abstractmethod
    def apply(self, setup: Setup) -> Setup:
        """The setup with the technique applied. Never changes ``setup`` or its model; may use ``setup.task.train()``.

        Called only where ``requires`` is met.

        Raises:
            NotApplicable: the model does not suit the technique, or the value is already in force.
        """

    def asked(self, task: Task) -> Task | None:
        """What the other model that it names is asked, where the point's own is asked ``task``; None: it cannot be."""
        return task

    @abstractmethod
    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """What the technique changed, as seen on the two setups (not as configured): JSON-able figures.

        Raises:
            NoEffect: nothing that the technique promises to change has changed.
        """
