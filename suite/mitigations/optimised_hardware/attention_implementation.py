"""attention_implementation: attention computed by other kernels."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any, ClassVar

from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from suite.checkpoints.hub import first_line
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect, layers, libraries

KINDS = ("eager", "sdpa", "flash_attention_2")


@dataclasses.dataclass(frozen=True, kw_only=True)
class AttentionImplementation(Mitigation):
    """Chooses how the candidate computes attention.

    Attributes:
        kind: ``eager`` (scores, softmax and product one after another), ``sdpa`` (torch's fused kernels) or
            ``flash_attention_2`` (the library of that name).
    """

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "Dao 2023, FlashAttention-2, arXiv:2307.08691; transformers, attention interface, "
        "https://huggingface.co/docs/transformers/attention_interface"
    )
    idea: ClassVar[str] = (
        "A fused kernel computes attention block by block and never writes the table of scores, whose size grows with "
        "the square of the length, to memory."
    )
    effect: ClassVar[str] = (
        "Grows with the length of the input; little at a few dozen tokens, where products with weights are nearly all "
        "the work. The default, eager, takes the fused kernels away from a model that has them, and shows what they "
        "save. Does nothing to a model without attention."
    )
    accuracy: ClassVar[str] = "Unchanged but for rounding."
    deviations: ClassVar[str] = (
        "None; sdpa lets torch choose among its kernels by device, dtype and mask, and which one ran is in the proof."
    )
    requires: ClassVar[Requires] = Requires(suits="transformers whose attention can be chosen")
    before: ClassVar[tuple[str, ...]] = ("adaptive_computation", "int8_quanto", "graph")
    stack_reason: ClassVar[str] = "how a wrapped, converted or compiled model attends cannot be chosen"

    kind: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            what, remedy = "attention_implementation.kind is unknown", f"use one of {', '.join(KINDS)}"
            raise InputError(what, got=self.kind, remedy=remedy)

    def apply(self, setup: Setup) -> Setup:
        """A copy of the model that computes attention in another way."""
        if self.kind == "flash_attention_2":
            _require_flash(setup)
        model = layers.editable_copy(setup)
        if not operators(setup.replace(model=model)):
            raise NotApplicable(f"{type(model).__name__} computes no attention")
        if in_force(model) == self.kind:
            raise NotApplicable(f"the model computes attention with {self.kind} already")
        choose(model, self.kind)
        changed = setup.replace(model=model)
        effect.require_answer(changed, f"with {self.kind} attention")
        return changed

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """What the configs say, and which operators of attention really ran on a few samples."""
        was, now = in_force(before.model), in_force(after.model)
        same_weights = layers.sharing_copy(layers.module_of(after))  # the original may wait in the host's memory
        if was is not None:
            choose(same_weights, was)
        ran = {"before": operators(after.replace(model=same_weights)), "after": operators(after)}
        seen = effect.changes(before, after) | {"attention": {"before": was, "after": now}, "operators": ran}
        changed = was != now and ran["before"] != ran["after"]
        return effect.require(changed, "attention is computed by the same operators as before", seen)


def in_force(model: Any) -> str | None:
    """How the model computes attention, as its config says; None where it says nothing."""
    found = getattr(getattr(model, "config", None), "_attn_implementation", None)
    return None if found is None else str(found)


def choose(model: nn.Module, kind: str) -> None:
    """Sets ``kind`` in place, in all parts of the model.

    Raises:
        NotApplicable: the model does not support it.
    """
    name = type(model).__name__
    set_kind: Any = getattr(model, "set_attn_implementation", None)
    if set_kind is None:
        raise NotApplicable(f"{name} is no model of transformers, whose attention can be chosen")
    try:
        set_kind(kind)
    except (ValueError, ImportError) as error:
        raise NotApplicable(f"{name} does not support {kind} attention: {first_line(error)}") from error
    if in_force(model) != kind:
        raise NotApplicable(f"{name} has its own attention, which cannot be chosen")


def operators(setup: Setup) -> dict[str, int]:
    """How often each operator of attention or softmax ran while the model answered a few samples."""
    with _Count() as count, setup.active():
        setup.task.call(setup.model, effect.probe_batch(setup))
    return dict(sorted(count.seen.items()))


class _Count(TorchDispatchMode):
    """Counts operators that have to do with attention, by name."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func).removesuffix(".default")
        if any(word in name for word in ("attention", "attn", "softmax")):
            self.seen[name] += 1
        return func(*args, **(kwargs or {}))


def _require_flash(setup: Setup) -> None:
    if setup.device != "cuda":
        raise NotApplicable("flash_attention_2 needs device=cuda")
    if setup.dtype == "float32":
        raise NotApplicable("flash_attention_2 takes float16 or bfloat16, the model is in float32: give dtype=bfloat16")
    libraries.load("flash_attn")
