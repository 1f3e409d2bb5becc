"""Loads the model under test: a local Hugging Face directory, a hub id, or random weights. One path for all."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch

from suite.checkpoints import hub, quantised_checkpoint, tokenizer_fit
from suite.checkpoints.architecture import architecture_of, config_of, require_known
from suite.checkpoints.auto_classes import auto_class_of
from suite.checkpoints.generation_settings import choose_greedily
from suite.checkpoints.model_spec import ModelSpec  # conf/model names it here: that is part of every record's hash
from suite.checkpoints.origin import LOAD_ERRORS, Origin, explained, origin_of
from suite.checkpoints.processors import processor_of
from suite.checkpoints.spread import Spread
from suite.core import device_map
from suite.core.setup import DTYPES, Setup
from suite.core.task import Task
from suite.errors import InputError, NotApplicable

_HARMLESS = re.compile(r"(position_ids|inv_freq|num_batches_tracked|attn\.(masked_)?bias)$")
"""Missing from many good checkpoints: constants and counters that no answer depends on."""

_ON_ONE_DEVICE: device_map.Places = {}


def nothing_to_look_at(config: Any, processor: Any) -> None:
    """Where nobody wants to know what will be loaded."""


def load_pretrained(
    spec: ModelSpec,
    task: Task,
    *,
    device: str,
    dtype: str,
    seed: int,
    spread: Spread | None = None,
    before_weights: Callable[[Any, Any], None] = nothing_to_look_at,
) -> tuple[Any, Any]:
    """The model in eval mode on ``device``, and its tokenizer or image processor.

    Args:
        spec: which model.
        task: names the transformers classes to load with, and checks the result.
        device: ``cpu`` or ``cuda``.
        dtype: name of the floating type, e.g. ``float32``.
        seed: of random weights.
        spread: how it is spread over several GPUs; None for a model on one device.
        before_weights: told the configuration and the processor before any weights are read, fetched or drawn; what it
            raises ends the loading.

    Returns:
        Model and processor; the processor is None for random weights that have none.

    Raises:
        InputError: the checkpoint does not exist, is damaged, or does not fit the task.
        NotApplicable: the hub is out of reach, access is refused, or the backend of a quantised checkpoint is missing.
        DoesNotFit: it is to be spread over GPUs that have too little room.
    """
    if dtype not in DTYPES:
        raise InputError("dtype is unknown", got=dtype, remedy=f"use one of {', '.join(DTYPES)}")
    with quiet():
        if spec.path is None:
            config, processor = architecture_of(spec), None
            before_weights(config, processor)
            places = spread.places(task, config, dtype) if spread else {}
            model = random_model(task, config, device, dtype, seed, places)
        else:
            origin = origin_of(spec)
            with origin.intact():
                config = config_of(spec, task, origin)
                processor = processor_of(spec, task, origin)
                before_weights(config, processor)
                places = spread.places(task, config, dtype) if spread else {}
                if spec.weights == "random":
                    model = random_model(task, config, device, dtype, seed, places)
                else:
                    model = _trained_model(spec, task, origin, config, device, dtype, places)
            if hasattr(processor, "pad_token_id") and task.auto_class != "AutoModelForCausalLM":
                tokenizer_fit.fit(processor, model)
    model.eval()
    choose_greedily(model)
    task.check_model(model, processor)
    return model, processor


def load_beside(name: str, path: str | None, setup: Setup, revision: str | None = None) -> tuple[Any, Any]:
    """Another checkpoint for the setup's task, with its processor, on the same device or GPUs and in the same dtype.

    Args:
        name: what it is called where it cannot be loaded.
        path: a local directory or a hub id.
        setup: says what it is loaded for.
        revision: of a hub repository.

    Raises:
        InputError: as ``load_pretrained``.
        NotApplicable: as ``load_pretrained``.
    """
    spec = ModelSpec(name=name, path=path, revision=revision, weights="pretrained", architecture=None)
    spread = Spread(way="auto", boards=setup.boards) if len(setup.boards) > 1 else None
    return load_pretrained(spec, setup.task, device=setup.device, dtype=setup.dtype, seed=setup.seed, spread=spread)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, no advice: what matters is raised."""
    from transformers.utils import logging as transformers_logging

    verbosity, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity(logging.CRITICAL)
    transformers_logging.disable_progress_bar()
    try:
        with hub.quiet():
            yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


def random_model(
    task: Task, config: Any, device: str, dtype: str, seed: int, places: device_map.Places = _ON_ONE_DEVICE
) -> Any:
    """A model of ``config`` that was never trained, its weights drawn by ``seed``.

    Raises:
        InputError: the task's class does not know the configuration.
    """
    require_known(task, config)
    # Made where it will live: a billion weights are drawn in no time on a GPU and take a minute on a CPU. What is to be
    # spread over several of them is drawn in the host's memory.
    device = "cpu" if places else device
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if device == "cuda" else []):
        torch.manual_seed(seed)
        with torch.device(device):
            model = auto_class_of(task).from_config(config, dtype=DTYPES[dtype], trust_remote_code=False)
    return device_map.place(model, places) if places else model.to(device)


def _trained_model(
    spec: ModelSpec, task: Task, origin: Origin, config: Any, device: str, dtype: str, places: device_map.Places
) -> Any:
    quantised = getattr(config, "quantization_config", None) is not None
    if quantised:
        quantised_checkpoint.check_backend(str(spec.path), config)
        quantised_checkpoint.widened_at_once(config)
    # Weights go straight to a GPU; a quantised checkpoint cannot be moved afterwards.
    placing = {"device_map": dict(places) or {"": device}} if device == "cuda" or quantised or places else {}
    try:
        model, info = auto_class_of(task).from_pretrained(
            origin.location,
            config=config,
            dtype=DTYPES[dtype],
            use_safetensors=True,
            output_loading_info=True,
            **placing,
            **origin.arguments,
        )
    except LOAD_ERRORS as error:
        if quantised and not hub.is_connection_failure(error):
            method = quantised_checkpoint.method_of(config)
            reason = hub.first_line(error)[:300]
            raise NotApplicable(f"the {method} checkpoint {spec.path} cannot be loaded here: {reason}") from error
        raise explained(error, spec, origin, "its weights cannot be loaded") from error
    untrained = sorted(key for key in info["missing_keys"] if not _HARMLESS.search(key))
    if untrained:
        what = f"the checkpoint has no trained head for this task ({task.name}): {', '.join(untrained[:3])} missing"
        raise InputError(what, got=spec.path, remedy="fine-tune it first")
    return device_map.place(model, places) if places else model
