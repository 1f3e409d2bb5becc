"""Where the parts of a model go that is spread over several GPUs, found before its weights are read."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import torch

from suite.checkpoints.auto_classes import without_weights
from suite.core import device_map
from suite.core.setup import DTYPES
from suite.core.task import Task
from suite.errors import NotApplicable
from suite.machine.which_gpu import free_bytes_before_work


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spread:
    """How a model is spread.

    Attributes:
        way: as transformers' ``device_map`` names it.
        boards: the GPUs that it may use, as torch numbers them; None for all that there are.
    """

    way: str
    boards: Sequence[int] | None = None

    def places(self, task: Task, config: Any, dtype: str) -> device_map.Places:
        """Where the parts go of the task's model with ``config``, by the memory that is free now.

        Raises:
            DoesNotFit: there is too little.
            NotApplicable: the model cannot be looked at before it is loaded, or others have quantised it.
        """
        if getattr(config, "quantization_config", None) is not None:
            raise NotApplicable("a model that others have quantised is not spread here: leave device_map out")
        with torch.random.fork_rng(devices=[]):  # nothing is drawn that others would draw
            model = without_weights(task, copy.deepcopy(config))
        if model is None:
            raise NotApplicable(f"{type(config).__name__} cannot be laid out before it is loaded: leave device_map out")
        free = free_bytes_before_work()
        usable = {board: size for board, size in free.items() if self.boards is None or board in self.boards}
        return device_map.inferred(model, self.way, usable, DTYPES[dtype])
