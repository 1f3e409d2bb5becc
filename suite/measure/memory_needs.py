"""What a point surely takes of its device's memory, reckoned before its weights are read: what cannot fit is skipped.

Every term is a lower bound, so that no point is skipped that would fit. One that is let through may still run out of
memory, and fails alone.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import os
from typing import Any

import psutil
import torch
from torch import nn

from suite.checkpoints.auto_classes import without_weights
from suite.config.plan import Plan
from suite.core.setup import DTYPES, Setup
from suite.core.task import cycle
from suite.errors import DoesNotFit, InputError, NotApplicable
from suite.machine.process_memory import usable_bytes
from suite.machine.which_gpu import free_bytes_before_work
from suite.units import BYTES_PER_GB

_KEYS_AND_VALUES = ("k_proj", "v_proj")
"""What transformers calls the layers that make them; where one layer makes the queries as well, none are counted."""
_WINDOWS = ("sliding_window", "attention_chunk_size")
"""What a configuration calls the number of tokens that some of its layers keep at most."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Needs:
    """Bytes on the device at once, each at least.

    Attributes:
        weights: of the models that lie there together.
        training: what training keeps beside them: further copies of the weights, gradients, the optimiser's state.
        cache: keys and values of a batch, at the end of its answers.
        activations: what the blocks of a training step keep for the way back: their inputs.
    """

    weights: int
    training: int
    cache: int
    activations: int

    @property
    def total(self) -> int:
        """All of them together."""
        return self.weights + self.training + self.cache + self.activations

    def in_words(self) -> str:
        """Each that there is, in gigabytes."""
        named = {
            "weights": self.weights,
            "training": self.training,
            "key-value cache": self.cache,
            "activations": self.activations,
        }
        return ", ".join(f"{name} {_gb(size)}" for name, size in named.items() if size)


def require_room(plan: Plan, config: Any, processor: Any) -> None:
    """Passes where the point may fit into the memory that is free now, or what it needs is not known.

    Args:
        plan: of the point.
        config: of its model.
        processor: of its model, or None.

    Raises:
        DoesNotFit: it cannot, not even with one arm at a time on the device where the protocol lets them be swapped.
    """
    needs = needs_of(plan, config, processor)
    if needs is None:
        return
    device, free = plan.point.device, free_bytes(plan.point.device, spread=plan.point.device_map is not None)
    if needs.total > free:
        where = "all visible GPUs together" if plan.point.device_map else f"device={device}"
        raise DoesNotFit(
            f"the point is estimated to need at least {_gb(needs.total)} on {where} ({needs.in_words()}), and "
            f"{_gb(free)} are free there: give {_remedy(plan, needs)}"
        )


def needs_of(plan: Plan, config: Any, processor: Any) -> Needs | None:
    """What the point surely needs; None where that cannot be told.

    Args:
        plan: of the point.
        config: of its model. One that others have quantised says nothing of its bytes.
        processor: of its model, or None.
    """
    if getattr(config, "quantization_config", None) is not None:
        return None
    # What is wrong with model or data is said by those who load them. Nothing is drawn that others would draw.
    with torch.random.fork_rng(devices=[]), contextlib.suppress(InputError, NotApplicable):
        model = without_weights(plan.task, copy.deepcopy(config))
        if model is not None:
            plan.task.check_model(model, processor)
            return _needs(plan, _as_measured(plan, model, processor))
    return None


def free_bytes(device: str, *, spread: bool = False) -> int:
    """Of the memory of ``cpu`` or ``cuda``, the most that this process may still take; on a CPU without swap.

    That of all GPUs together where a model is ``spread`` over them.
    """
    if device == "cpu":
        available = int(psutil.virtual_memory().available)
        return min(
            available, usable_bytes(os.getpid()) or available
        )  # the kernel may not tell what a container may use
    if spread:
        return sum(free_bytes_before_work().values())
    free, _ = torch.cuda.mem_get_info()
    return int(free + torch.cuda.memory_reserved() - torch.cuda.memory_allocated())


def _as_measured(plan: Plan, model: nn.Module, processor: Any) -> Setup:
    """The baseline with parameters that hold nothing. Its inputs lie in the host's memory, and are small."""
    point = plan.point
    return Setup(
        task=plan.task,
        model=model,
        processor=processor,
        batch_size=1 if plan.workload.is_paced else point.batch_size,  # of what has arrived, that may be one query
        dtype=point.dtype,
        device="cpu",
        phase=point.phase,
        random_weights=plan.model.weights == "random",
        seed=plan.seed,
    )


def _needs(plan: Plan, setup: Setup) -> Needs:
    arms, number_bytes = _arms_at_once(plan), DTYPES[setup.dtype].itemsize
    counts = [(weight.numel(), weight.requires_grad) for weight in setup.model.parameters()]
    parameters = sum(count for count, _ in counts)
    trained = sum(count for count, is_trained in counts if is_trained)
    training = setup.phase == "training"
    return Needs(
        weights=arms * parameters * number_bytes,
        training=arms * plan.workload.kept_numbers(parameters, trained) * number_bytes,
        cache=0 if training else _cached_numbers(setup) * number_bytes,
        activations=_block_inputs(setup) * number_bytes if training else 0,
    )


def _arms_at_once(plan: Plan) -> int:
    """Whole models that lie there together for sure: a technique's may share the baseline's weights, or be smaller."""
    point = plan.point
    may_swap = point.device == "cuda" and point.phase == "inference" and plan.protocol.pairing != "resident"
    return 1 if plan.mitigations or may_swap else 2


def _cached_numbers(setup: Setup) -> int:
    """Keys and values of the first batch; 0 where answers do not continue a text, or layers share a cache."""
    task, whole = setup.task, setup.model.config
    config = whole.get_text_config()
    if not task.generates or task.reads != "text" or whole.is_encoder_decoder:
        return 0
    if getattr(config, "num_kv_shared_layers", None):
        return 0
    prompt = task.batch(setup, cycle(task.queries(), setup.batch_size))["input_ids"].shape[1]
    tokens = prompt + (task.answer_tokens() or 1) - 1  # the last one is never read
    windows = [window for name in _WINDOWS if (window := getattr(config, name, None))]
    return setup.batch_size * int(min([tokens, *windows])) * _numbers_a_token(setup.model)


def _numbers_a_token(model: nn.Module) -> int:
    layers = [part for name, part in model.named_modules() if name.endswith(_KEYS_AND_VALUES)]
    return sum(layer.out_features for layer in layers if isinstance(layer, nn.Linear))


def _block_inputs(setup: Setup) -> int:
    """Numbers that go into all blocks in the first step on texts, padding left out; 0 for other samples."""
    task, config = setup.task, setup.model.config
    blocks, width = (getattr(config, name, None) for name in ("num_hidden_layers", "hidden_size"))
    if not isinstance(blocks, int) or not isinstance(width, int):
        return 0
    batch = task.training_batch(setup, cycle(task.train(), setup.batch_size))
    return blocks * width * int(batch["attention_mask"].sum()) if "attention_mask" in batch else 0


def _remedy(plan: Plan, needs: Needs) -> str:
    ways = ["a smaller model"]
    if needs.cache or needs.activations:
        ways.append("a smaller batch_size")
    if plan.point.dtype == "float32":
        ways.append("dtype=bfloat16")
    if plan.protocol.pairing == "resident" and plan.point.device == "cuda" and plan.point.phase == "inference":
        ways.append("protocol.pairing=swapped")
    if plan.point.device == "cuda" and plan.point.device_map is None and torch.cuda.device_count() > 1:
        ways.append("device_map=auto")
    return " or ".join(ways)


def _gb(size: int) -> str:
    return f"{size / BYTES_PER_GB:.3g} GB"
