"""A model's configuration: of a checkpoint, or spelled out in its yaml; it has to fit the task."""

from __future__ import annotations

from typing import Any

from suite.checkpoints import hub
from suite.checkpoints.auto_classes import auto_class_of
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.origin import LOAD_ERRORS, Origin, explained
from suite.core.task import Task
from suite.errors import InputError


def config_of(spec: ModelSpec, task: Task, origin: Origin) -> Any:
    """The checkpoint's configuration, which fits the task.

    Raises:
        InputError: it cannot be used, or is made for another task.
    """
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(origin.location, **origin.arguments)
    except LOAD_ERRORS as error:
        raise explained(error, spec, origin, "its config.json cannot be used") from error
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
    except LOAD_ERRORS as error:
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
