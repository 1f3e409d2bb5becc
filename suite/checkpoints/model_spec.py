"""Which model is under test, as conf/model describes it."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args

from suite.checkpoints import locations
from suite.errors import InputError

Weights = Literal["pretrained", "random"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Which model.

    Attributes:
        name: the conf key.
        path: a local directory, a GGUF file, ``package:NAME/FILE`` for either in an installed package, or a hub id;
            None for random weights of ``architecture``.
        revision: branch, tag or commit of a hub repository; None for its default branch.
        weights: ``pretrained``, or ``random`` (energy can be measured, accuracy means nothing).
        architecture: keyword arguments of ``AutoConfig.for_model`` (with ``model_type``); only where path is None.
    """

    name: str
    path: str | None
    revision: str | None
    weights: Weights
    architecture: dict[str, Any] | None

    def __post_init__(self) -> None:
        if self.weights not in get_args(Weights):
            raise InputError("model.weights is unknown", got=self.weights, remedy="use pretrained or random")
        if self.path is not None and not self.path.strip():
            raise InputError("model.path is empty", got=self.path, remedy="give a directory or a hub id")
        if self.path is None and self.weights == "pretrained":
            raise InputError("model.path is missing", got=None, remedy="give a directory or a hub id")
        if self.path is None and not (self.architecture or {}).get("model_type"):
            remedy = "give model.path, or model.architecture with a model_type"
            raise InputError("random weights need an architecture", got=self.architecture, remedy=remedy)

    @property
    def is_local(self) -> bool:
        """True if ``path`` means a place of this machine, whether it exists or not."""
        return self.path is not None and locations.is_local(self.path)
