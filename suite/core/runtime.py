"""Runtime: how a model is executed. Both arms of a point run the same one, unless the runtime is the technique."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod

from suite.core.setup import Setup


@dataclasses.dataclass(frozen=True, kw_only=True)
class Runtime(ABC):
    """A way to execute a model.

    Attributes:
        name: the conf key; part of a point's identity.
    """

    name: str

    @abstractmethod
    def prepare(self, setup: Setup) -> Setup:
        """``setup`` as this runtime executes it. Weights stay shared with ``setup``; nothing is compiled yet.

        Called after the techniques were applied and proven, once an arm.

        Raises:
            NotApplicable: the setup cannot be executed so, with the reason.
        """
