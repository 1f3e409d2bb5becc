"""Smaller models beside the one that is measured: students of its own blocks or of another architecture, ready ones."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from torch import nn

from suite.checkpoints import tokenizer_fit
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.other_architecture import load_other
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.toolkit import blocks, effect, layers


def shorten(model: nn.Module, share: float) -> None:
    """Keeps ``share`` of the blocks, in (0, 1), evenly spaced, in place.

    Raises:
        NotApplicable: that is all of them, or the model has no stack of equal blocks.
    """
    depth = blocks.depth_of(model)
    kept = max(1, round(depth * share))
    if kept == depth:
        raise NotApplicable(f"a share of {share} keeps all {depth} blocks")
    blocks.keep_blocks(model, blocks.spaced(depth, kept))


def untaught(setup: Setup, student: ModelSpec | None, share: float) -> Setup:
    """``setup`` with a student in the model's place that has learnt nothing yet.

    Args:
        setup: its model is the teacher, and is left as it is.
        student: another model; None for a share of the model's own blocks.
        share: of the blocks that are kept, in (0, 1); without a ``student``.

    Raises:
        NotApplicable: there is nothing to teach, nothing smaller to make, or the student reads or answers otherwise.
    """
    if setup.random_weights:
        raise NotApplicable("the model has random weights and nothing to teach")
    layers.require_float(setup)
    if student is not None:
        return in_place_of(setup, student)
    model = layers.editable_copy(setup)
    shorten(model, share)
    return setup.replace(model=model)


def in_place_of(setup: Setup, spec: ModelSpec) -> Setup:
    """``setup`` with the smaller model of ``spec`` in its model's place, for the same queries and the same answers.

    Raises:
        InputError: as ``load_pretrained``.
        NotApplicable: it is no smaller, reads other inputs, or has other answers to choose from.
    """
    model, processor = load_other(spec, setup)
    require_smaller(model, layers.module_of(setup))
    if not same_inputs(setup.processor, processor):
        raise NotApplicable(f"{spec.name} reads other inputs than the model (its tokenizer or image processor)")
    if not setup.task.generates and model.config.id2label != setup.model.config.id2label:
        raise NotApplicable(f"{spec.name} has other classes than the model, or in another order")
    made = setup.replace(model=model, processor=_fitted(setup, model))
    effect.require_answer(made, f"in place of {effect.architecture(setup)}")
    sizes = [_answers(each.model.config, setup) for each in (made, setup)]
    if sizes[0] != sizes[1]:
        raise NotApplicable(f"{spec.name} chooses from {sizes[0]} answers, the model from {sizes[1]}")
    return made


def smaller(before: Setup, after: Setup, student: ModelSpec | None) -> dict[str, Any]:
    """The changes of both setups, and the blocks of both models, or the architectures where the student is another.

    Raises:
        NoEffect: the student is no smaller.
    """
    if student is not None:
        return replaced(before, after)
    seen = effect.changes(before, after)
    stack = blocks.stack_of(layers.module_of(before))
    was, now = len(stack.modules), len(list(layers.module_of(after).get_submodule(stack.name).children()))
    seen["blocks"] = {"before": was, "after": now}
    return effect.require(now < was, "the student has as many blocks as the model", seen)


def replaced(before: Setup, after: Setup) -> dict[str, Any]:
    """The changes of both setups, and the classes of both models.

    Raises:
        NoEffect: the one after has as many parameters.
    """
    seen = effect.changes(before, after)
    seen["architecture"] = {"before": effect.architecture(before), "after": effect.architecture(after)}
    fewer = seen["after"]["parameters"] < seen["before"]["parameters"]
    return effect.require(fewer, "the model in its place has as many parameters", seen)


def _fitted(setup: Setup, model: nn.Module) -> Any:
    """The setup's processor, a copy where it is a tokenizer: making what ``model`` takes, as long as that takes it."""
    if not hasattr(setup.processor, "get_vocab"):
        return setup.processor
    tokenizer, takes = copy.deepcopy(setup.processor), inspect.signature(model.forward).parameters
    tokenizer.model_input_names = [name for name in tokenizer.model_input_names if name in takes]
    if not setup.task.generates:
        tokenizer_fit.fit(tokenizer, model)
    return tokenizer


def _answers(config: Any, setup: Setup) -> int:
    """Classes, or tokens, that a model of ``config`` gives a logit each."""
    return int(config.get_text_config().vocab_size if setup.task.generates else config.num_labels)


def require_smaller(small: nn.Module, large: nn.Module) -> None:
    """Passes where ``small`` has fewer parameters.

    Raises:
        NotApplicable: it has not: it may be the same model.
    """
    counts = [sum(map(effect.logical_count, model.parameters())) for model in (small, large)]
    if counts[0] >= counts[1]:
        raise NotApplicable(f"the small model has {counts[0]} parameters, the model itself {counts[1]}: none to save")


def same_inputs(first: Any, second: Any) -> bool:
    """Whether two processors make the same inputs of the same data: equal vocabularies, or equal settings."""
    if first is None or second is None:
        return first is second
    if hasattr(first, "get_vocab") and hasattr(second, "get_vocab"):
        return bool(first.get_vocab() == second.get_vocab())
    if hasattr(first, "to_dict") and hasattr(second, "to_dict"):
        return bool(first.to_dict() == second.to_dict())
    return False
