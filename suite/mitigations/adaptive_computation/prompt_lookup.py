"""prompt_lookup: guesses at the next tokens are copied from the text so far."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.plugins.requires import Requires
from suite.toolkit import decoding, effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class PromptLookup(Mitigation):
    """Speculative decoding whose draft costs nothing.

    Attributes:
        tokens: copied at most after each match, at least 1.
        ngram: tokens at the end of the text that are looked for earlier in it, at most; at least 1.
    """

    intervention: ClassVar[str] = "adaptive_computation"
    source: ClassVar[str] = (
        "Saxena 2023, Prompt Lookup Decoding, https://github.com/apoorvumang/prompt-lookup-decoding; the check of "
        "guesses from Leviathan et al. 2023, Fast Inference from Transformers via Speculative Decoding, "
        "arXiv:2211.17192"
    )
    idea: ClassVar[str] = (
        "Where the last tokens stand earlier in the text, what followed them there may follow again. One call of the "
        "model checks all these guesses, and weights are read once for as many tokens as were right."
    )
    effect: ClassVar[str] = (
        "Fewer calls of the model where answers repeat their prompt (summaries, code, retrieved passages) or "
        "themselves; most where a call costs the same for one token as for ten (a GPU, a model larger than the CPU's "
        "cache). Guesses that are wrong cost their arithmetic. Does nothing where no token occurs twice."
    )
    accuracy: ClassVar[str] = "The same tokens but for ties within rounding: the model decides on each."
    deviations: ClassVar[str] = (
        "As transformers does it: of several matches the first in the text is copied, longer ones before shorter."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        generates=True,
        reads="text",
        trained=True,
        suits="texts that go on with what they said before",
        reasons={
            "generates": "it changes how tokens are generated",
            "reads": "it is for models that continue a text",
            "trained": "how often a guess at the next token is right means nothing",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("decoding",)
    conflicts: ClassVar[tuple[str, ...]] = ("decoding",)

    tokens: int
    ngram: int

    def __post_init__(self) -> None:
        checks.count("prompt_lookup.tokens", self.tokens, least=1)
        checks.count("prompt_lookup.ngram", self.ngram, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same model, asked to generate with guesses from the text."""
        decoding.require_speculation(setup, "prompt_lookup")
        asked = {"prompt_lookup_num_tokens": self.tokens, "max_matching_ngram_size": self.ngram}
        return decoding.require_tokens(setup.replace(generate_options=decoding.Options(asked)), "with guesses")

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Calls of the model a token, guesses, and the share that was right, seen on training samples."""
        seen = decoding.compared(before, after, decoding.speculation)
        drafted = seen["decoding"]["after"]["drafted_per_token"]
        return effect.require(
            drafted > seen["decoding"]["before"]["drafted_per_token"], "nothing in the text was found to guess by", seen
        )
