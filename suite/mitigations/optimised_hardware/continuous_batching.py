"""continuous_batching: queries join the batch while others in it are being answered."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import decoding, effect, layers
from suite.toolkit.serving.continuous import ContinuousModel, Sizes


@dataclasses.dataclass(frozen=True, kw_only=True)
class ContinuousBatching(Mitigation):
    """Generates with transformers' continuous batching.

    Attributes:
        cache_tokens: tokens that the key-value cache has room for.
        page_tokens: tokens a page of it, at least 4.
        step_tokens: most tokens that are read in a step.
    """

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "Yu et al. 2022, Orca, OSDI 2022, https://www.usenix.org/conference/osdi22/presentation/yu; Kwon et al. 2023, "
        "PagedAttention, arXiv:2309.06180"
    )
    idea: ClassVar[str] = (
        "A batch is made anew at each token instead of at each answer: a query that arrives joins at the next token, "
        "and one that is answered leaves at once. So weights are read for more queries at a time, and nobody waits for "
        "a whole batch. The key-value cache is kept in pages and has no padding."
    )
    effect: ClassVar[str] = (
        "Saves where queries arrive while others are being answered (workload=server): larger batches at the same "
        "latency, on a GPU above all. Offline, where batches are full and answers of one length, it only adds the "
        "work of scheduling; there it may cost energy. The cache is taken whole at the start."
    )
    accuracy: ClassVar[str] = "The same tokens but for ties within rounding; their share stands in the proof."
    deviations: ClassVar[str] = (
        "As transformers does it, in one thread beside the workload; at most batch_size queries at a time, as in the "
        "baseline. Prefix sharing and the switch to flash attention are off, so that nothing else differs. An end "
        "token is generated like any other, where the baseline takes the next best. Scores are those of the model's "
        "forward."
    )
    requires: ClassVar[Requires] = Requires(
        one_device=True,
        phase="inference",
        generates=True,
        reads="text",
        suits="answers of a known number of tokens, and models that transformers' engine takes",
        reasons={
            "one_device": "transformers' engine keeps its cache on one",
            "generates": "it changes how tokens are generated",
            "reads": "it is for models that continue a text",
        },
    )
    kinds: ClassVar[tuple[str, ...]] = ("decoding",)
    after: ClassVar[tuple[str, ...]] = (
        "pruning",
        "quantisation",
        "distillation",
        "efficient_architectures",
        "precision",
    )
    conflicts: ClassVar[tuple[str, ...]] = ("decoding", "graph", "adaptive_computation")
    stack_reason: ClassVar[str] = "the engine has the model to itself, and decides how tokens are generated"

    cache_tokens: int
    page_tokens: int
    step_tokens: int

    def __post_init__(self) -> None:
        checks.count("continuous_batching.page_tokens", self.page_tokens, least=4)
        checks.count("continuous_batching.cache_tokens", self.cache_tokens, least=self.page_tokens)
        checks.count("continuous_batching.step_tokens", self.step_tokens, least=1)

    def apply(self, setup: Setup) -> Setup:
        """The same weights behind an engine."""
        decoding.require_plain(setup, "continuous_batching")
        if setup.model.config.is_encoder_decoder:
            raise NotApplicable(
                "an encoder-decoder keeps what its encoder read beside the cache: no engine shares that"
            )
        tokens = setup.task.answer_tokens()
        if tokens is None or tokens < 2:
            raise NotApplicable(f"answers of {tokens} tokens leave no time in which another query could join")
        if setup.batch_size < 2:
            raise NotApplicable("with one query at a time (batch_size=1) no other query can join: give 2 or more")
        if setup.contexts:
            raise NotApplicable("an earlier technique's context (autocast, say) would not hold in the engine's thread")
        model = layers.sharing_copy(layers.module_of(setup))
        if not hasattr(model, "init_continuous_batching"):
            raise NotApplicable(f"{effect.architecture(setup)} has no continuous batching")
        sizes = Sizes(
            queries=setup.batch_size,
            cache_tokens=self.cache_tokens,
            page_tokens=self.page_tokens,
            step_tokens=self.step_tokens,
        )
        changed = ContinuousModel(model, sizes)
        made = setup.replace(model=changed, engine=changed.engine)
        return decoding.require_tokens(made, "with continuous batching")

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """Calls of the model for two queries of which one came later, and the share of tokens that are the same."""
        if not isinstance(after.model, ContinuousModel):
            return effect.require(False, "the model is not behind an engine", {})
        seen = decoding.compared(before, after, lambda decoded: {"tokens": decoded.made}) | _joined(after)
        joined = seen["calls_of_two_queries"] < seen["calls_of_each_by_itself"]
        return effect.require(joined, "a query that came later was not answered beside the first", seen)


def _joined(setup: Setup) -> dict[str, Any]:
    """Calls of the model where a second query is submitted when the first has had its first."""
    model, engine, tokens = setup.model.model, setup.model.engine, setup.task.answer_tokens() or 0
    batches = [setup.task.batch(setup, [sample]) for sample in setup.task.samples(2)]
    names: list[str] = []
    calls = 0

    def note(module: Any, given: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            names.extend(engine.submit(batches[-1], tokens))

    with engine.session(), effect.hooks([model.register_forward_pre_hook(note)]):
        names += engine.submit(batches[0], tokens)
        for _ in range(2):
            engine.next_answer(timeout_s=60.0)
    return {"calls_of_two_queries": calls, "calls_of_each_by_itself": 2 * tokens}
