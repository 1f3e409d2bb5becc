"""no_kv_cache: generation without a key-value cache."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import decoding, effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoKvCache(Mitigation):
    """Has ``generate`` compute all tokens so far again for each new one, which shows what the cache saves."""

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "Pope et al. 2022, Efficiently Scaling Transformer Inference, arXiv:2211.05102 (section 3.3); transformers, "
        "use_cache, https://huggingface.co/docs/transformers/kv_cache"
    )
    idea: ClassVar[str] = (
        "Keys and values of earlier tokens do not change, so they are usually kept. Here they are not: the whole "
        "sequence goes through the model for every token, and the difference is what keeping them saves."
    )
    effect: ClassVar[str] = (
        "Costs energy, the more the longer prompts and answers are; saves the cache's memory. Next to nothing where a "
        "GPU is mostly waiting for the host, since a call costs as many launches either way."
    )
    accuracy: ClassVar[str] = "The same tokens but for ties within rounding."
    deviations: ClassVar[str] = "The techniques of the source keep the cache; this takes it away to measure its worth."
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        generates=True,
        reads="text",
        reasons={
            "generates": "it changes how tokens are generated",
            "reads": "it is for models that continue a text",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("decoding",)
    conflicts: ClassVar[tuple[str, ...]] = ("decoding",)

    def apply(self, setup: Setup) -> Setup:
        """The same model, asked to generate without a cache."""
        decoding.require_plain(setup, "no_kv_cache")
        changed = setup.replace(generate_options=decoding.Options({"use_cache": False}))
        return decoding.require_tokens(changed, "without a cache")

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Token positions computed for each new token, seen on training samples."""
        seen = decoding.compared(
            before, after, lambda decoded: {"positions_per_token": decoded.positions / max(1, decoded.made)}
        )
        positions = {arm: figures["positions_per_token"] for arm, figures in seen["decoding"].items()}
        return effect.require(
            positions["after"] > positions["before"], "no token is computed more often than before", seen
        )
