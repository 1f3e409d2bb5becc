"""Loads the model under test: a local Hugging Face directory, a hub id, or random weights. One path for all."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from safetensors import SafetensorError

from suite.checkpoints import gguf_files, hub, locations, quantised_checkpoint, tokenizer_fit
from suite.checkpoints.auto_classes import auto_class_of
from suite.checkpoints.generation_settings import choose_greedily
from suite.checkpoints.spread import Spread
from suite.checkpoints.weights_hash import check_hash
from suite.core import device_map
from suite.core.setup import DTYPES, Setup
from suite.core.task import Task
from suite.errors import InputError, NotApplicable, OutOfReach
from suite.text.suggest import beside

Weights = Literal["pretrained", "random"]

_HARMLESS = re.compile(r"(position_ids|inv_freq|num_batches_tracked|attn\.(masked_)?bias)$")
"""Missing from many good checkpoints: constants and counters that no answer depends on."""

_ON_ONE_DEVICE: device_map.Places = {}
_LOAD_ERRORS = (
    OSError,
    ValueError,
    ImportError,
    RuntimeError,
    KeyError,
    TypeError,
    NameError,
    AttributeError,
    SafetensorError,
)
"""What transformers raises for an unfit checkpoint; each is turned into one sentence."""


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a checkpoint is read from, and what every ``from_pretrained`` call is told of it."""

    location: str
    repository: hub.Repository | None

    def intact(self) -> AbstractContextManager[None]:
        """Around what reads the checkpoint: a damaged download is told, and does not stay."""
        return contextlib.nullcontext() if self.repository is None else hub.intact(self.repository)

    @property
    def arguments(self) -> dict[str, Any]:
        """Of every ``from_pretrained``: no code of the checkpoint's, and nothing fetched that need not be."""
        common: dict[str, Any] = {"trust_remote_code": False}
        if self.repository is None:
            return common | {"local_files_only": True}
        return common | {"revision": self.repository.revision, "local_files_only": self.repository.cached_only}


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


def origin_of(spec: ModelSpec) -> Origin:
    """Where the checkpoint of ``spec.path`` is read from, its files looked at.

    Raises:
        InputError: it is not there, or lacks what is needed.
        NotApplicable: the hub is out of reach.
    """
    assert spec.path is not None
    if not spec.is_local:
        repository = hub.look_up(spec.path, spec.revision, "model")
        if not repository.cached_only:
            _check_files(spec, repository.files)
        return Origin(location=spec.path, repository=repository)
    origin = local_origin(spec)
    if spec.weights == "pretrained":
        check_hash(Path(origin.location))
    return origin


def local_origin(spec: ModelSpec) -> Origin:
    """The directory of a model that lies on this machine; its weights are not read.

    Raises:
        InputError: there is none, or it lacks what ``save_pretrained`` writes.
        NotApplicable: the package that holds it, or the library that reads its form, is not installed.
    """
    assert spec.path is not None
    folder = _directory_of(locations.on_disk(spec.path))
    if not folder.is_dir():
        what = "the model is a file, not a directory" if folder.exists() else "the model directory does not exist"
        remedy = beside(folder, otherwise="give a directory written by save_pretrained, or a hub id")
        raise InputError(what, got=spec.path, remedy=remedy)
    _check_files(spec, tuple(path.name for path in folder.iterdir()))
    return Origin(location=str(folder), repository=None)


def _directory_of(place: Path) -> Path:
    """``place``, or the directory made from it where it is a GGUF file."""
    if not gguf_files.is_gguf(place):
        return place
    try:
        return gguf_files.as_directory(place)
    except (*_LOAD_ERRORS, LookupError, struct.error) as error:
        what = f"the GGUF file cannot be converted ({hub.first_line(error)[:300]})"
        remedy = "give one whose architecture transformers reads, or the directory that it was made from"
        raise InputError(what, got=str(place), remedy=remedy) from error


def _check_files(spec: ModelSpec, files: tuple[str, ...]) -> None:
    if "config.json" not in files:
        remedy = "give a directory or repository written by save_pretrained"
        raise InputError("the model has no config.json", got=spec.path, remedy=remedy)
    if spec.weights == "random" or any(name.endswith(".safetensors") for name in files):
        return
    pickled = [name for name in files if name.endswith((".bin", ".pt", ".pth", ".ckpt"))]
    if pickled:
        what = f"the model has pickled weights only ({pickled[0]}), which can run code when loaded"
        raise InputError(what, got=spec.path, remedy="convert them: load once and save_pretrained writes safetensors")
    remedy = "give a checkpoint with model.safetensors, or model.weights=random"
    raise InputError("the model has no weights", got=spec.path, remedy=remedy)


def config_of(spec: ModelSpec, task: Task, origin: Origin) -> Any:
    """The checkpoint's configuration, which fits the task.

    Raises:
        InputError: it cannot be used, or is made for another task.
    """
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(origin.location, **origin.arguments)
    except _LOAD_ERRORS as error:
        raise _explain(error, spec, origin, "its config.json cannot be used") from error
    _check_kind(spec, task, config)
    return config


def _check_kind(spec: ModelSpec, task: Task, config: Any) -> None:
    """The task's class must know the configuration, and a masked language model generates nothing."""
    kinds = list(getattr(config, "architectures", None) or [])
    fits = type(config) in auto_class_of(task)._model_mapping
    if fits and task.auto_class == "AutoModelForCausalLM":
        fits = not (kinds and all(kind.endswith("ForMaskedLM") for kind in kinds))
    if not fits:
        what = f"the model does not fit the task {task.name} ({task.auto_class})"
        found = ", ".join(kinds) or config.model_type
        raise InputError(what, got=f"{spec.path or spec.name}: {found}", remedy="choose a model made for this task")


def architecture_of(spec: ModelSpec) -> Any:
    """The configuration that ``spec.architecture`` spells out.

    Raises:
        InputError: transformers does not take it.
    """
    import transformers

    assert spec.architecture is not None
    try:
        return transformers.AutoConfig.for_model(**spec.architecture)
    except _LOAD_ERRORS as error:
        what = f"model.architecture cannot be used ({hub.first_line(error)[:200]})"
        raise InputError(
            what, got=spec.architecture.get("model_type"), remedy="correct it in the model's yaml"
        ) from None


def require_known(task: Task, config: Any) -> None:
    """Passes where the task's class makes models of the configuration.

    Raises:
        InputError: it does not.
    """
    if type(config) not in auto_class_of(task)._model_mapping:
        what = f"the architecture does not fit the task {task.name} ({task.auto_class})"
        raise InputError(what, got=config.model_type, remedy="choose one made for this task")


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
    except _LOAD_ERRORS as error:
        if quantised and not hub.is_connection_failure(error):
            method = quantised_checkpoint.method_of(config)
            reason = hub.first_line(error)[:300]
            raise NotApplicable(f"the {method} checkpoint {spec.path} cannot be loaded here: {reason}") from error
        raise _explain(error, spec, origin, "its weights cannot be loaded") from error
    untrained = sorted(key for key in info["missing_keys"] if not _HARMLESS.search(key))
    if untrained:
        what = f"the checkpoint has no trained head for this task ({task.name}): {', '.join(untrained[:3])} missing"
        raise InputError(what, got=spec.path, remedy="fine-tune it first")
    return device_map.place(model, places) if places else model


def processor_of(spec: ModelSpec, task: Task, origin: Origin) -> Any:
    """The checkpoint's tokenizer or image processor.

    Raises:
        InputError: it has none, or one that cannot be used.
    """
    try:
        processor = _processor_class(task.processor_class).from_pretrained(origin.location, **origin.arguments)
    except _LOAD_ERRORS as error:
        if spec.weights == "random" and not hub.is_connection_failure(error):
            return None
        raise _explain(error, spec, origin, f"its {task.processor_class} cannot be loaded") from error
    if not _is_empty(processor):
        return processor
    if spec.weights == "random":
        return None
    remedy = "save the tokenizer that the model was trained with beside it"
    raise InputError("the model has no tokenizer files", got=spec.path, remedy=remedy)


def _processor_class(name: str) -> Any:
    """The class that transformers has by that name.

    AutoImageProcessor comes from its own module: where torchvision is missing, transformers 5.17 exports a placeholder
    that only says so, although the class works with Pillow alone.
    """
    if name == "AutoImageProcessor":
        from transformers.models.auto.image_processing_auto import AutoImageProcessor

        return AutoImageProcessor
    import transformers

    return getattr(transformers, name)


def _is_empty(processor: Any) -> bool:
    """True for a tokenizer of special tokens only, which transformers makes up where the files are missing."""
    if not hasattr(processor, "get_vocab"):
        return False
    return not set(processor.get_vocab()) - set(processor.all_special_tokens)


def _explain(error: BaseException, spec: ModelSpec, origin: Origin, what: str) -> InputError | NotApplicable:
    assert spec.path is not None
    if not spec.is_local and hub.is_connection_failure(error):
        return hub.explain(error, spec.path, spec.revision, "model")
    if isinstance(error, OSError) and origin.repository is not None and origin.repository.cached_only:
        found = f"{what} ({hub.first_line(error)[:300]})"
        return OutOfReach(f"the hub is not reachable, and the local cache has not all of {spec.path}: {found}")
    if "trust_remote_code" in str(error):
        remedy = "choose one whose architecture transformers has"
        return InputError("the model needs code of its own, which is never run", got=spec.path, remedy=remedy)
    remedy = "check the directory against the one that save_pretrained wrote"
    return InputError(f"the model does not load: {what} ({hub.first_line(error)[:300]})", got=spec.path, remedy=remedy)
