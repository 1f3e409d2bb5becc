"""Recipe: how a model is trained."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """AdamW with linear warm-up and cosine decay to zero (Loshchilov & Hutter 2019, arXiv:1711.05101).

    Attributes:
        steps: optimiser steps, at least 1.
        batch_size: samples a step.
        learning_rate: the peak.
        weight_decay: on weights of two or more dimensions only.
        warmup_share: share of the steps that raise the rate linearly, in [0, 1).
        clip_norm: largest norm of the gradient.
    """

    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup_share: float
    clip_norm: float
