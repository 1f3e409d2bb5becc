"""A model of another architecture for the inputs and the answers of the one that is measured."""

from __future__ import annotations

from typing import Any

from suite.checkpoints.architecture import architecture_of, config_of
from suite.checkpoints.generation_settings import choose_greedily
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.origin import origin_of
from suite.checkpoints.pretrained import load_pretrained, quiet, random_model
from suite.core.setup import Setup
from suite.core.task import Task

_INPUTS = ("vocab_size", "pad_token_id", "bos_token_id", "eos_token_id", "max_position_embeddings", "num_channels")
"""What a configuration says of its inputs, and a model of another architecture must say too to read the same."""


def config_beside(spec: ModelSpec, task: Task, like: Any) -> Any:
    """The configuration of ``spec``; one without weights gets the inputs and classes of the configuration ``like``.

    Raises:
        InputError: there is no such checkpoint or architecture, or it does not fit the task.
        NotApplicable: the hub is out of reach.
    """
    config = architecture_of(spec) if spec.path is None else config_of(spec, task, origin_of(spec))
    if spec.weights == "pretrained":
        return config
    for name in _INPUTS:
        if hasattr(config, name) and hasattr(like, name):
            setattr(config, name, getattr(like, name))
    if hasattr(like, "image_size"):  # also where the class has no use for it: random images are drawn by it
        config.image_size = like.image_size
    if not task.generates:
        config.id2label, config.label2id = dict(like.id2label), dict(like.label2id)
    return config


def load_other(spec: ModelSpec, setup: Setup) -> tuple[Any, Any]:
    """The model of ``spec`` beside the setup's, in its dtype and on its device, with the processor it brings.

    One without weights is drawn by the setup's seed, and reads what the setup's processor makes.

    Raises:
        InputError: as ``config_beside``.
        NotApplicable: as ``config_beside``.
    """
    if spec.weights == "pretrained":
        return load_pretrained(spec, setup.task, device=setup.device, dtype=setup.dtype, seed=setup.seed)
    with quiet():
        config = config_beside(spec, setup.task, setup.model.config)
        model = random_model(setup.task, config, setup.device, setup.dtype, setup.seed)
    model.eval()
    choose_greedily(model)
    return model, setup.processor
