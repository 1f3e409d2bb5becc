"""What a video costs a diffusion transformer, by the published cost model, to hold measurements against.

Delavande, Pierrard & Luccioni 2025, Video Killed the Energy Budget (arXiv:2509.19222): floating-point operations of
the denoising transformer, whose full attention over space and time is quadratic in the number of tokens, times steps.
The constants of time and power are theirs, of one H100: they hold for no other machine.
"""

from __future__ import annotations

import dataclasses
import math

UTILISATION = 0.456
"""Share of the peak rate that the published runs reached."""
PEAK_FLOP_PER_S = 989e12
"""Of an H100 SXM in bfloat16, without sparsity."""
POWER_W = 700.0
"""Of that board, at its limit."""
MULTIPLY_AND_ADD = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoTransformer:
    """The sizes that decide the cost.

    Attributes:
        width: of a token's vector.
        layers: blocks, each of self-attention, cross-attention and an MLP.
        mlp_ratio: the MLP's inner width over ``width``.
        text_tokens: that every video token attends to.
        calls_per_step: 2 with classifier-free guidance.
        frame_stride: frames of a token.
        pixel_stride: pixels of a token's side.
    """

    width: int
    layers: int
    mlp_ratio: float
    text_tokens: int
    calls_per_step: int
    frame_stride: int = 4
    pixel_stride: int = 16

    def tokens(self, frames: float, height: int, width: int) -> float:
        """Tokens of a video, the first frame apart, as published: (1 + frames / 4)(height / 16)(width / 16).

        A model that takes its first frame alone has ``frames - 1`` in place of ``frames``: see ``tokens_made``.
        """
        return (1 + frames / self.frame_stride) * (height / self.pixel_stride) * (width / self.pixel_stride)

    def tokens_made(self, frames: int, height: int, width: int) -> float:
        """Tokens that a model makes which takes the first frame alone and each ``frame_stride`` after it together."""
        return self.tokens(frames - 1, height, width)

    def flop(self, tokens: float, steps: int) -> float:
        """Floating-point operations of a video, those of the text encoder and the decoder to pixels left out."""
        return steps * self.calls_per_step * self.layers * (self._quadratic(tokens) + self._rest(tokens))

    def exponent(self, tokens: float) -> float:
        """The slope of log cost over log tokens at ``tokens``: between 0 and 2, which it nears."""
        quadratic, rest = self._quadratic(tokens), self._rest(tokens)
        return (2 * quadratic + rest - self._rest(0.0)) / (quadratic + rest)

    def exponent_between(self, fewer: float, more: float) -> float:
        """The slope of log cost over log tokens from ``fewer`` to ``more``."""
        return math.log(self.flop(more, 1) / self.flop(fewer, 1)) / math.log(more / fewer)

    def doubling(self, tokens: float) -> float:
        """What the cost is multiplied by where ``tokens`` are doubled: it rises towards 4 and stays below."""
        return self.flop(2 * tokens, 1) / self.flop(tokens, 1)

    def _quadratic(self, tokens: float) -> float:
        """Of a layer: scores of every token against every other, and the values weighted by them."""
        return 2 * MULTIPLY_AND_ADD * tokens**2 * self.width

    def _rest(self, tokens: float) -> float:
        """Of a layer: projections, cross-attention to the text, MLP."""
        square, text = self.width**2, self.text_tokens
        projections = 4 * MULTIPLY_AND_ADD * tokens * square
        cross = 2 * MULTIPLY_AND_ADD * (tokens * square + text * square + tokens * text * self.width)
        return projections + cross + 2 * MULTIPLY_AND_ADD * self.mlp_ratio * tokens * square


WAN_1_3B = VideoTransformer(width=2048, layers=32, mlp_ratio=4, text_tokens=512, calls_per_step=2)
"""Wan2.1-T2V-1.3B as the paper models it; the released weights are 1,536 wide in 30 layers."""


def latency_s(flop: float) -> float:
    """Seconds on the published H100."""
    return flop / (UTILISATION * PEAK_FLOP_PER_S)


def energy_wh(flop: float) -> float:
    """Watt-hours of the board on the published H100."""
    return POWER_W * latency_s(flop) / 3600
