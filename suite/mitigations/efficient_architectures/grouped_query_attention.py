"""grouped_query_attention: heads share keys and values, so that there are fewer of them to compute, store and read."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import attention_heads, effect, layers, quantised_cache
from suite.toolkit.training.retraining import retrain


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupedQueryAttention(Mitigation):
    """Pools key and value heads of every block, and trains the model on.

    Attributes:
        keep_share: share of the key-value heads that stay, in (0, 1); at least one does.
        training: fields of ``suite.core.recipe.Recipe``: how the pooled model is trained; 0 steps: not at all.
    """

    intervention: ClassVar[str] = "efficient_architectures"
    source: ClassVar[str] = (
        "Ainslie et al. 2023, GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints, "
        "arXiv:2305.13245; one key-value head for all is Shazeer 2019, Fast Transformer Decoding, arXiv:1911.02150"
    )
    idea: ClassVar[str] = (
        "A decoder reads the keys and values of all earlier tokens for each new one. Let several query heads share "
        "them: put the mean of neighbouring key and value heads in their place, keep all query heads, and train on for "
        "a little on the train split (uptraining)."
    )
    effect: ClassVar[str] = (
        "The key-value cache shrinks to the share of heads kept, and with it what decoding reads: saves at long inputs "
        "and large batches on a GPU. At short inputs only the smaller key and value projections count, a few percent. "
        "Does nothing where heads are shared as far already."
    )
    accuracy: ClassVar[str] = "A clear loss at once, most of which training brings back; one head for all loses most."
    deviations: ClassVar[str] = (
        "The source trains on for 5 % of the pre-training, which is beyond a measurement; the recipe here is as long "
        "as those of the pruning techniques. Refused where the architecture has no number of key-value heads (GPT-2)."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        generates=True,
        suits="models whose config names key-value heads beside query heads",
        reasons={
            "phase": "its training is the one-off cost, measure it in inference",
            "generates": "what it makes smaller is the key-value cache",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("efficient_architectures", "training")
    before: ClassVar[tuple[str, ...]] = ("quantisation", "adaptive_computation", "graph")

    keep_share: float
    training: dict[str, Any]

    def __post_init__(self) -> None:
        checks.open_share("grouped_query_attention.keep_share", self.keep_share)
        checks.recipe("grouped_query_attention.training", self.training)

    def apply(self, setup: Setup) -> Setup:
        """Pools the heads of a copy and trains it on the train split; random weights are not trained."""
        if not setup.task.generates:
            raise NotApplicable(f"the task {setup.task.name} generates nothing: there is no key-value cache")
        layers.require_float(setup)
        model = layers.editable_copy(setup)
        _, heads = attention_heads.numbers_of(model)
        kept = max(1, round(heads * self.keep_share))
        if kept == heads:
            raise NotApplicable(f"a share of {self.keep_share} keeps all {heads} key-value heads")
        if heads % kept:
            raise NotApplicable(f"{heads} key-value heads cannot be pooled to {kept}, which is no divisor")
        attention_heads.share_keys_and_values(model, kept)
        made = setup.replace(model=model)
        effect.require_answer(made, f"with {kept} key-value heads")
        recipe = checks.recipe("grouped_query_attention.training", self.training)
        if recipe.steps and not setup.random_weights:
            retrain(made, recipe=recipe, loss=setup.task.loss)
        return made

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Parameters, key-value heads, and the bytes of the cache for a token, before and after."""
        seen = effect.changes(before, after)
        arms = {"before": before, "after": after}
        heads = {arm: attention_heads.numbers_of(layers.module_of(setup))[1] for arm, setup in arms.items()}
        cached = {arm: cache_bytes_per_token(setup) for arm, setup in arms.items()}
        seen |= {"key_value_heads": heads, "cache_bytes_per_token": cached}
        return effect.require(cached["after"] < cached["before"], "the cache is as large as before", seen)


def cache_bytes_per_token(setup: Setup) -> float:
    """Bytes of keys and values that the model was seen to keep for each token of a few training samples."""
    model = layers.module_of(setup)
    here = setup.replace(device=next(model.parameters()).device.type)  # the original may wait in the host's memory
    batch = effect.probe_batch(here)
    with here.active(), torch.no_grad():
        cache = here.model(**batch, use_cache=True).past_key_values
    return quantised_cache.bytes_of(cache) / batch["input_ids"].numel()
