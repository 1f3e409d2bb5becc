"""response_cache: what was asked before is answered from memory."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import confidence, decoding, effect, layers, runtime_change
from suite.toolkit.serving import query_stream
from suite.toolkit.serving.answer_cache import AnswerCache, CachedModel, ExactIndex, SimilarIndex, mean_embedding

MATCHES = ("exact", "semantic")
PROBE_SHARE = 0.5
"""Share of repeats in the stream of training samples that the proof puts to the cache."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResponseCache(Mitigation):
    """Puts a cache of answers in front of the model.

    Attributes:
        match: ``exact`` (the same inputs) or ``semantic`` (inputs whose mean embeddings point the same way).
        threshold: semantic only: least cosine of two queries that are taken for the same, in (0, 1).
        capacity: answers that are kept, at least 1.
    """

    intervention: ClassVar[str] = "adaptive_computation"
    source: ClassVar[str] = (
        "Bang 2023, GPTCache, doi:10.18653/v1/2023.nlposs-1.24; Breslau et al. 1999, Web Caching and Zipf-like "
        "Distributions, doi:10.1109/INFCOM.1999.749260"
    )
    idea: ClassVar[str] = (
        "Users ask what others have asked before. An answer that was given is kept, and given again without the model."
    )
    effect: ClassVar[str] = (
        "Saves about the share of queries that come again (workload=repeated_queries, or workload.repeat_share of "
        "workload=server), less what looking costs, which grows with capacity where match=semantic. Costs a little "
        "where nothing repeats, and on a GPU whose batches get too small to fill it."
    )
    accuracy: ClassVar[str] = (
        "exact: unchanged. semantic: falls as the threshold does, since some queries get another one's answer; the "
        "score is that of the test items put to the cache one after another."
    )
    deviations: ClassVar[str] = (
        "The cache begins empty at each pass over the list of queries, so hits are of repeats within it alone. The "
        "embedding of semantic is the mean of the model's own input embeddings, or an image's pixels, which costs next "
        "to nothing and knows no order of words; GPTCache takes a model of its own. What is not used for longest makes "
        "room. A query that stands in a batch twice is computed once."
    )
    requires: ClassVar[Requires] = Requires(
        phase="inference",
        logits_alone=True,
        suits="inputs with a row a query; where answers are generated, models that continue a text",
        excluded_models=("AutoModelForMaskedLM", "AutoModelForTokenClassification"),
        reasons={
            "logits_alone": "that is what it keeps",
            "excluded_models": "it keeps a row of logits a query, not one a token",
        },
    )
    after: ClassVar[tuple[str, ...]] = (
        "pruning",
        "quantisation",
        "distillation",
        "efficient_architectures",
        "precision",
    )
    conflicts: ClassVar[tuple[str, ...]] = ("adaptive_computation", "graph", "decoding")
    stack_reason: ClassVar[str] = "a cache has the whole model behind it, which nothing can change afterwards"

    match: str
    threshold: float
    capacity: int

    def __post_init__(self) -> None:
        if self.match not in MATCHES:
            remedy = f"use {' or '.join(MATCHES)}"
            raise InputError("response_cache.match is unknown", got=self.match, remedy=remedy)
        checks.open_share("response_cache.threshold", self.threshold)
        checks.count("response_cache.capacity", self.capacity, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same weights behind an empty cache."""
        runtime_change.require_eager(setup, "response_cache")
        model = layers.sharing_copy(layers.module_of(setup))
        if setup.task.generates:
            decoding.require_plain(setup, "response_cache")
            if self.match == "semantic":
                what = "a score of given text does not show that another text was generated"
                raise NotApplicable(f"{what}: a semantic cache is for classification, match=exact for generation")
        cache = AnswerCache(self._index(model), self.capacity)
        cached = CachedModel(model, cache, generates=setup.task.generates)
        made = setup.replace(model=cached, forget=cache.clear)
        if not setup.task.generates:
            effect.require_answer(made, "behind a cache")
            cache.clear()
        return made

    def _index(self, model: Any) -> ExactIndex | SimilarIndex:
        if self.match == "exact":
            return ExactIndex()
        return SimilarIndex(mean_embedding(model), self.threshold, self.capacity)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The share of a stream of training samples, half of them repeats, that did not go to the model."""
        if not isinstance(after.model, CachedModel):
            return effect.require(False, "there is no cache in front of the model", {})
        stream = query_stream.with_repeats(
            after.task.samples(confidence.SAMPLES), repeat_share=PROBE_SHARE, zipf_exponent=1.0, seed=after.seed
        )
        cache, asked, computed = after.model.cache, after.model.cache.asked, after.model.cache.computed
        after.forget()
        with after.active(), torch.no_grad():
            for start in range(0, len(stream), after.batch_size):
                after.task.run(after, after.task.batch(after, stream[start : start + after.batch_size]))
        after.forget()
        asked, computed = cache.asked - asked, cache.computed - computed
        seen = effect.changes(before, after) | {
            "queries": asked,
            "answered_by_the_model": computed,
            "hit_rate": 1 - computed / asked,
        }
        return effect.require(computed < asked, "every query went to the model", seen)
