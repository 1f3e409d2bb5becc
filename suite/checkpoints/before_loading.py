"""What of a local model can be told wrong before its weights are read: a sweep looks before its first point."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from suite.checkpoints import other_architecture
from suite.checkpoints.architecture import architecture_of, config_of, require_known
from suite.checkpoints.auto_classes import without_weights
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.origin import local_origin
from suite.checkpoints.pretrained import quiet
from suite.checkpoints.processors import processor_of
from suite.core.task import Task
from suite.errors import InputError, NotApplicable
from suite.io.paths import MODELS


def is_shipped_for(spec: ModelSpec, task: Task) -> bool:
    """Whether the model is an embedded one that was trained for this kind of task."""
    if spec.path is None or MODELS not in Path(spec.path).resolve().parents:
        return False
    try:
        known = json.loads((Path(spec.path) / "config.json").read_text("utf-8")).get("architectures") or []
    except (OSError, ValueError, AttributeError):
        return False
    kind = task.auto_class.removeprefix("AutoModel") or "Model"
    return any(str(name).endswith(kind) for name in known)


def check_before_loading(spec: ModelSpec, task: Task, *, with_data: bool) -> None:
    """Looks at a local model's files, its configuration and its tokenizer, and whether they fit the task.

    Args:
        spec: which model. One of the hub, or a bare architecture, is left to its point.
        task: checks the model, as far as it can without weights.
        with_data: whether the task's data lies here and may be read for that.

    Raises:
        InputError: the checkpoint has no configuration, weights or tokenizer, or does not fit the task.
    """
    if not spec.is_local:
        return
    model = processor = None
    with quiet(), _without_gpu_libraries(), contextlib.suppress(NotApplicable):
        origin = local_origin(spec)
        config = config_of(spec, task, origin)
        processor = processor_of(spec, task, origin)
        model = without_weights(task, config)
    if model is not None and processor is not None and with_data:
        with contextlib.suppress(NotApplicable):
            task.check_model(model, processor)


def check_smaller(other: ModelSpec, spec: ModelSpec, task: Task) -> None:
    """Looks whether a technique's other model fits the task and has fewer parameters than the one that is measured.

    Args:
        other: a student, an architecture in the model's place, or a model that works before it.
        spec: the model. Where one of the two is of the hub, that is left to the point.
        task: of both.

    Raises:
        InputError: it does not fit, or is no smaller: nothing could be saved.
    """
    if not all(each.path is None or each.is_local for each in (other, spec)):
        return
    with quiet(), _without_gpu_libraries(), contextlib.suppress(NotApplicable):
        own = architecture_of(spec) if spec.path is None else _local_config(spec, task)
        config = other_architecture.config_beside(other, task, own)
        require_known(task, config)
        counts = [_parameters(without_weights(task, each)) for each in (config, own)]
        if None not in counts and counts[0] >= counts[1]:
            what = f"{other.name} has {counts[0]} parameters and the model itself {counts[1]}: nothing could be saved"
            raise InputError(what, got=other.name, remedy="name a smaller model")


def _local_config(spec: ModelSpec, task: Task) -> Any:
    return config_of(spec, task, local_origin(spec))


def _parameters(model: Any) -> Any:
    """How many there are; None without a model."""
    return None if model is None else sum(weight.numel() for weight in model.parameters())


@contextlib.contextmanager
def _without_gpu_libraries() -> Iterator[None]:
    """Without torchao where there is a GPU: its import asks the board what it is, from a process that only plans."""
    if "torchao" in sys.modules or not torch.cuda.is_available():
        yield
        return
    from transformers.utils.import_utils import is_torchao_available

    sys.modules["torchao"] = None  # type: ignore[assignment]  # the import system's own mark of a missing module
    try:
        yield
    finally:
        del sys.modules["torchao"]
        is_torchao_available.cache_clear()
