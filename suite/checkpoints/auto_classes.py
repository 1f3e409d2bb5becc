"""The classes of transformers that load a task's models, and models of them that hold no weights."""

from __future__ import annotations

from typing import Any

import torch

from suite.core.task import Task


def auto_class_of(task: Task) -> Any:
    """The class of transformers that loads the task's models."""
    import transformers

    return getattr(transformers, task.auto_class)


def without_weights(task: Task, config: Any) -> Any:
    """The model with parameters that hold nothing; None where its class does not let itself be built so."""
    try:
        with torch.device("meta"):
            return auto_class_of(task).from_config(config, trust_remote_code=False)
    except (RuntimeError, ValueError, TypeError, AttributeError, KeyError, ImportError):
        return None  # said as its weights are loaded, by whom they concern
