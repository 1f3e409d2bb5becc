"""assisted_decoding: a small model drafts tokens and the large one checks them."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from torch import nn

from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.other_architecture import load_other
from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import decoding, effect, layers
from suite.toolkit.training import students

MODEL = "assistant_model"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AssistedDecoding(Mitigation):
    """Speculative decoding with a draft model.

    Attributes:
        draft: another model that drafts, smaller; None for some of the model's own blocks.
        keep_layers_share: of the model's blocks that draft where ``draft`` is None, in (0, 1).
        tokens: drafted before each check, at least 1.
    """

    intervention: ClassVar[str] = "adaptive_computation"
    source: ClassVar[str] = (
        "Leviathan et al. 2023, Fast Inference from Transformers via Speculative Decoding, arXiv:2211.17192; a draft "
        "of the model's own blocks from Zhang et al. 2023, Draft & Verify, arXiv:2309.08168"
    )
    idea: ClassVar[str] = (
        "Most tokens are easy: a small model guesses several, one call of the large one checks them all, and its "
        "weights are read once for as many tokens as were right."
    )
    effect: ClassVar[str] = (
        "Saves where guesses are mostly right and the draft costs a small part of the model: large models at one query "
        "at a time. Costs energy where either is not so; on models of a few million parameters the overhead exceeds "
        "what is saved."
    )
    accuracy: ClassVar[str] = "The same tokens but for ties within rounding: the large model decides on each."
    deviations: ClassVar[str] = (
        "A fixed number of drafted tokens, so that every window does the same work. Where no model is named the draft "
        "is evenly spaced blocks of the model with its own head, not trained for it, that share its weights. Name it "
        "last in a stack: a later technique leaves the draft as it is. Its bytes are in the proof, not in the model's."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        generates=True,
        reads="text",
        trained=True,
        suits="models of one stack of equal blocks, unless a draft is named",
        reasons={
            "generates": "it changes how tokens are generated",
            "reads": "it is for models that continue a text",
            "trained": "how often a guess at the next token is right means nothing",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("decoding",)
    conflicts: ClassVar[tuple[str, ...]] = ("decoding",)

    draft: ModelSpec | None
    keep_layers_share: float
    tokens: int

    def __post_init__(self) -> None:
        checks.open_share("assisted_decoding.keep_layers_share", self.keep_layers_share)
        checks.count("assisted_decoding.tokens", self.tokens, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same model, asked to generate with a draft."""
        decoding.require_speculation(setup, "assisted_decoding")
        draft = self._own_blocks(setup) if self.draft is None else self._loaded(setup, self.draft)
        config: Any = draft.generation_config
        config.num_assistant_tokens, config.num_assistant_tokens_schedule = self.tokens, "constant"
        config.assistant_confidence_threshold = 0  # else it follows what was accepted before, from query to query
        return decoding.require_tokens(setup.replace(generate_options=decoding.Options({MODEL: draft})), "with a draft")

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Calls of the model a token, guesses, the share that was right, and the draft's size."""
        seen = decoding.compared(before, after, decoding.speculation)
        batch = after.task.batch(after, after.task.samples(1))
        draft = after.generate_options(batch, 1).get(MODEL)
        if draft is not None:
            own = {id(weight) for weight in after.model.parameters()}
            others = [weight for weight in draft.parameters() if id(weight) not in own]
            seen["draft"] = {
                "parameters": sum(map(effect.logical_count, draft.parameters())),
                "bytes_of_its_own": sum(weight.nbytes for weight in others),
            }
        drafted = {arm: figures["drafted_per_token"] for arm, figures in seen["decoding"].items()}
        return effect.require(drafted["after"] > drafted["before"], "no token was drafted", seen)

    def _own_blocks(self, setup: Setup) -> nn.Module:
        draft = layers.sharing_copy(layers.module_of(setup))
        students.shorten(draft, self.keep_layers_share)
        return draft.to(setup.device)

    def _loaded(self, setup: Setup, spec: ModelSpec) -> nn.Module:
        draft, processor = load_other(spec, setup)
        model = layers.module_of(setup)
        if not students.same_inputs(setup.processor, processor):
            raise NotApplicable("the draft model has another tokenizer than the model, so its tokens are other ones")
        students.require_smaller(draft, model)
        found: nn.Module = draft
        return found
