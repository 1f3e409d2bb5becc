"""A checkpoint's tokenizer, image processor or feature extractor."""

from __future__ import annotations

from typing import Any

from suite.checkpoints import hub
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.origin import LOAD_ERRORS, Origin, explained
from suite.core.task import Task
from suite.errors import InputError


def processor_of(spec: ModelSpec, task: Task, origin: Origin) -> Any:
    """The checkpoint's tokenizer or image processor.

    Raises:
        InputError: it has none, or one that cannot be used.
    """
    try:
        processor = _processor_class(task.processor_class).from_pretrained(origin.location, **origin.arguments)
    except LOAD_ERRORS as error:
        if spec.weights == "random" and not hub.is_connection_failure(error):
            return None
        raise explained(error, spec, origin, f"its {task.processor_class} cannot be loaded") from error
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
