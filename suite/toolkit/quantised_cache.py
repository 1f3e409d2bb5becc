"""A key-value cache whose older part is stored in few bits: each head's vector of a token with a scale of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer, QuantizedLayer

from suite.errors import NotApplicable

BITS = (2, 4, 8)


class Packed(NamedTuple):
    """Whole numbers from 0 to ``2 ** bits - 1``, several to a byte; a value is ``number * scale + least``."""

    numbers: torch.Tensor
    scale: torch.Tensor
    least: torch.Tensor


def pack(values: torch.Tensor, bits: int) -> Packed:
    """``values`` rounded, with a scale for each of their last dimension, a multiple of ``8 / bits``."""
    wide = values.float()
    least, most = wide.amin(dim=-1, keepdim=True), wide.amax(dim=-1, keepdim=True)
    least = least.to(values.dtype)  # as it is stored: what is rounded is the distance to that
    scale = ((most - least.float()) / (2**bits - 1)).clamp(min=torch.finfo(values.dtype).tiny).to(values.dtype)
    numbers = ((wide - least.float()) / scale.float()).round().clamp(0, 2**bits - 1).to(torch.uint8)
    bytes_ = numbers.unflatten(-1, (-1, 8 // bits))
    stored = torch.zeros_like(bytes_[..., 0])
    for place in range(8 // bits):
        stored |= bytes_[..., place] << (bits * place)
    return Packed(numbers=stored, scale=scale, least=least)


def unpack(packed: Packed, bits: int) -> torch.Tensor:
    """The values, in the dtype of their scale."""
    places = [(packed.numbers >> (bits * place)) & (2**bits - 1) for place in range(8 // bits)]
    return torch.stack(places, dim=-1).flatten(-2).to(packed.scale.dtype) * packed.scale + packed.least


class QuantisedLayer(QuantizedLayer):
    """transformers' quantised layer over the two functions above: the last ``residual_length`` tokens stay in float."""

    def _quantize(self, tensor: torch.Tensor, axis: int = 0) -> Packed:
        return pack(tensor, self.nbits)

    def _dequantize(self, packed: Packed) -> torch.Tensor:
        return unpack(packed, self.nbits)


def make(config: Any, *, bits: int, residual_length: int) -> Cache:
    """An empty cache for a model of ``config``."""
    text = config.get_text_config(decoder=True)
    count = range(text.num_hidden_layers)
    return Cache(layers=[QuantisedLayer(nbits=bits, residual_length=residual_length) for _ in count])


def require_plain_attention(config: Any, bits: int) -> None:
    """Passes where the model caches every token of every layer, in heads whose size fills whole bytes.

    Raises:
        NotApplicable: it does not.
    """
    text = config.get_text_config(decoder=True)
    kinds = {type(layer) for layer in DynamicCache(config=text).layers} - {DynamicLayer}
    if kinds or not hasattr(text, "num_attention_heads"):
        what = kinds.pop().__name__ if kinds else "a state without attention"
        raise NotApplicable(f"the model does not cache keys and values of every token (its cache has {what})")
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    if size % (8 // bits):
        raise NotApplicable(f"heads of {size} channels do not fill whole bytes at {bits} bits a value")


def bytes_of(cache: Cache) -> int:
    """Bytes of all keys and values that the cache holds, scales included."""
    held = [value for layer in cache.layers for value in vars(layer).values()]
    flat = [part for value in held for part in (value if isinstance(value, Packed) else (value,))]
    return sum(part.nbytes for part in flat if isinstance(part, torch.Tensor))
