"""Compiled execution: ``torch.compile`` of a model, and the static cache that lets a decoder be compiled.

What is compiled is a shallow copy: it shares its weights with the model it was made from, which stays eager. A deep
copy of it is eager again, so compiling comes after every technique that copies.
"""

from __future__ import annotations

import copy
import functools
import shutil
from typing import Any

from torch import nn

from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.toolkit.effect import probe_batch

COMPILED = "compiled"
RECOMPILE_LIMIT = 64
"""Graphs a process may make of one code object, which all transformers models share: beyond torch's 8, the rest of the
shapes would run eager in silence."""


def compiled(setup: Setup) -> Setup:
    """``setup`` with its model compiled: as a whole, or for generation its decoding over a static cache.

    Raises:
        NotApplicable: there is no compiler, or the model cannot be compiled.
    """
    if not isinstance(setup.model, nn.Module):
        raise NotApplicable(f"torch.compile takes torch modules, the model is a {type(setup.model).__name__}")
    require_compiler(setup.device)
    limit_recompiles()
    changes: dict[str, Any] = {"runtime": COMPILED}
    if setup.phase == "training":
        changes["ready_module"] = functools.partial(compile_in_place, mode="default", dynamic=_dynamic(setup))
    elif setup.task.generates:
        changes["model"] = eager_copy(setup.model)
        changes["generate_options"] = StaticDecoding(setup.model, setup.device)
    else:
        # CUDA graphs replay what was launched, so that the host no longer decides how fast a small batch runs.
        mode = "reduce-overhead" if setup.device == "cuda" else "default"
        changes["model"] = compile_in_place(eager_copy(setup.model), mode=mode, dynamic=_dynamic(setup))
    return setup.replace(**changes)


def is_compiled(model: nn.Module) -> bool:
    """Whether calls of ``model`` go through a compiled graph."""
    return getattr(model, "_compiled_call_impl", None) is not None


def eager_copy(model: nn.Module) -> nn.Module:
    """A shallow copy that shares all weights.

    transformers keeps the compiled decoding on the model, bound to the model it was made for: a copy must not have it.
    """
    made = copy.copy(model)
    vars(made).pop("_compiled_call", None)
    return made


def compile_in_place(module: nn.Module, *, mode: str, dynamic: bool | None) -> nn.Module:
    """``module`` with its calls compiled, as one graph (a break in it is an error, not half an effect)."""
    module.compile(mode=mode, dynamic=dynamic, fullgraph=True)
    return module


def _dynamic(setup: Setup) -> bool | None:
    """Token batches differ in length: one graph for all on a CPU, where a graph a length would take minutes.

    None lets torch make a graph of the first shape, and a dynamic one only if another follows.
    """
    tokens = any(not tensor.is_floating_point() for tensor in probe_batch(setup).values())
    return True if tokens and setup.device == "cpu" else None


class StaticDecoding:
    """Arguments of ``generate`` that make it decode over a static cache, compiled.

    The cache of each batch size is kept: CUDA graphs hold its address, and a new one would be recorded again.
    """

    def __init__(self, model: nn.Module, device: str) -> None:
        """For ``model`` on ``device`` (``cpu`` or ``cuda``)."""
        from transformers import CompileConfig

        self._has_encoder = bool(getattr(model.config, "is_encoder_decoder", False))
        self._config = model.config.get_text_config(decoder=True)  # type: ignore[operator, union-attr]
        self._caches: dict[int, Any] = {}
        self._lengths: dict[int, int] = {}
        self._compile_config = CompileConfig() if device == "cuda" else CompileConfig(mode="default")
        self._compile_config._compile_all_devices = True  # type: ignore[assignment]  # declared as None

    def __call__(self, batch: Batch, new_tokens: int) -> dict[str, Any]:
        """``past_key_values`` and ``compile_config`` for a batch whose prompts grow by ``new_tokens``.

        A model with an encoder has two caches; transformers makes and keeps them, as it knows the encoder's length.
        """
        from transformers import StaticCache

        if self._has_encoder:
            return {"cache_implementation": "static", "compile_config": self._compile_config}
        size, length = batch["input_ids"].shape[0], batch["input_ids"].shape[1] + new_tokens
        if self._lengths.get(size, 0) < length:  # a query of one token goes on with the cache of the long ones
            self._caches[size] = StaticCache(config=self._config, max_cache_len=length)
            self._lengths[size] = length
        cache = self._caches[size]
        cache.reset()
        return {"past_key_values": cache, "compile_config": self._compile_config}


def require_compiler(device: str) -> None:
    """Raises NotApplicable where inductor finds no compiler: C++ for a CPU, Triton and C for a GPU."""
    if device == "cuda":
        from torch.utils._triton import has_triton

        if not has_triton() or not any(map(shutil.which, ("cc", "gcc", "clang"))):
            raise NotApplicable("compiling for a GPU needs Triton and a C compiler (gcc), and one is missing here")
        return
    from torch._inductor import cpp_builder
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        cpp_builder.get_cpp_compiler()
    except InvalidCxxCompiler as error:
        raise NotApplicable("compiling for a CPU needs a C++ compiler, and none is here: install g++") from error


def limit_recompiles() -> None:
    """In this process: many graphs are allowed, and running eager beyond them is an error rather than silence."""
    import torch._dynamo

    torch._dynamo.config.recompile_limit = RECOMPILE_LIMIT
    torch._dynamo.config.fail_on_recompile_limit_hit = True
