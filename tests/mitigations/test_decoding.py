"""Techniques that change how tokens are generated: the tokens stay, the work is what was worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from suite.errors import NotApplicable
from suite.mitigations.adaptive_computation.assisted_decoding import AssistedDecoding
from suite.mitigations.adaptive_computation.prompt_lookup import PromptLookup
from suite.mitigations.optimised_hardware.no_kv_cache import NoKvCache
from suite.toolkit import decoding, layers
from tests.architectures import architecture_setup
from tests.fakes import admit, fake_setup, spec_of, tiny_gpt2, tiny_llama

EMBEDDED = Path(__file__).parents[2] / "models" / "llama_stdlib"
PROMPT, NEW, QUERIES = 12, 4, 8


def one_at_a_time(**changes: Any) -> Any:
    """No id of the samples is the padding's, which a draft would leave out of its attention."""
    model = tiny_llama(vocab_size=65, pad_token_id=64)
    return fake_setup("generation", **({"model": model, "batch_size": 1, "locked": True} | changes))


def own_blocks(share: float = 0.5, tokens: int = 2) -> AssistedDecoding:
    return AssistedDecoding(draft=None, keep_layers_share=share, tokens=tokens)


def lookup(tokens: int = 3, ngram: int = 2) -> PromptLookup:
    return PromptLookup(tokens=tokens, ngram=ngram)


@pytest.mark.parametrize("model", [tiny_llama, tiny_gpt2])
@pytest.mark.parametrize("technique", [NoKvCache(), lookup(), own_blocks()], ids=["no_cache", "lookup", "draft"])
def test_greedy_tokens_are_the_same(technique: Any, model: Any) -> None:
    setup = one_at_a_time(model=model(vocab_size=65, pad_token_id=64))
    changed = technique.apply(setup)
    plain, other = decoding.decode(setup), decoding.decode(changed)
    assert plain.made == QUERIES * NEW
    assert other.tokens == plain.tokens
    assert technique.proof(setup, changed)["same_tokens"] == 1.0


@pytest.mark.parametrize("technique", [NoKvCache(), lookup(), own_blocks()], ids=["no_cache", "lookup", "draft"])
def test_scores_are_the_same(technique: Any) -> None:
    setup = one_at_a_time(locked=False)
    assert setup.task.evaluate(technique.apply(setup)) == setup.task.evaluate(setup)


def test_without_a_cache_each_token_costs_all_before_it() -> None:
    setup = fake_setup("generation", locked=True)
    seen = NoKvCache().proof(setup, NoKvCache().apply(setup))["decoding"]
    assert seen["before"]["positions_per_token"] == (12 + 1 + 1 + 1) / NEW
    assert seen["after"]["positions_per_token"] == (12 + 13 + 14 + 15) / NEW


def test_of_a_draft_that_is_the_model_itself_every_guess_is_right() -> None:
    setup = one_at_a_time()
    draft = layers.sharing_copy(setup.model)
    config = draft.generation_config
    config.num_assistant_tokens, config.num_assistant_tokens_schedule = 2, "constant"
    config.assistant_confidence_threshold = 0
    seen = decoding.decode(setup.replace(generate_options=decoding.Options({"assistant_model": draft})))
    # Two guesses and the model's own token; then one token is left, which nobody guesses.
    assert (seen.forwards, seen.drafted, seen.accepted) == (2 * QUERIES, 2 * QUERIES, 2 * QUERIES)
    assert decoding.speculation(seen) == {"forwards_per_token": 0.5, "drafted_per_token": 0.5, "acceptance": 1.0}


def test_plain_decoding_calls_the_model_once_a_token_and_guesses_nothing() -> None:
    seen = decoding.speculation(decoding.decode(one_at_a_time()))
    assert seen == {"forwards_per_token": 1.0, "drafted_per_token": 0.0, "acceptance": None}


def test_the_share_of_same_tokens_worked_by_hand() -> None:
    first = decoding.Decoded(tokens=[[1, 2, 3], [4, 5, 6]], forwards=6, positions=6, prompts=2)
    second = decoding.Decoded(tokens=[[1, 2, 9], [9, 5, 6]], forwards=6, positions=6, prompts=2)
    assert decoding.same_tokens(first, second) == 4 / 6


def test_a_draft_of_own_blocks_shares_its_weights() -> None:
    setup = one_at_a_time()
    technique = own_blocks()
    seen = technique.proof(setup, technique.apply(setup))["draft"]
    assert 0 < seen["parameters"] < sum(weight.numel() for weight in setup.model.parameters())
    assert seen["bytes_of_its_own"] == 0


def test_the_model_is_not_shortened_by_its_draft() -> None:
    setup = one_at_a_time()
    own_blocks().apply(setup)
    assert (len(setup.model.model.layers), setup.model.config.num_hidden_layers) == (4, 4)


def test_every_query_drafts_the_same_number_of_tokens() -> None:
    """transformers would follow what was accepted before, from query to query."""
    draft = own_blocks(tokens=3).apply(one_at_a_time()).generate_options({}, 1)["assistant_model"]
    config = draft.generation_config
    assert (config.num_assistant_tokens, config.num_assistant_tokens_schedule) == (3, "constant")
    assert config.assistant_confidence_threshold == 0


@pytest.mark.parametrize("technique", [lookup(), own_blocks()], ids=["lookup", "draft"])
class TestSpeculation:
    def test_batches_are_not_applicable_and_it_says_what_to_set(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="the batch size here is 4: give workload=single_stream, or batch_size"):
            technique.apply(fake_setup("generation"))

    def test_random_weights_guess_nothing(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="means nothing"):
            technique.apply(one_at_a_time(random_weights=True))

    def test_a_model_whose_state_cannot_go_back_is_not_applicable(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match=r"MambaForCausalLM does not generate with .*: .* stateful"):
            technique.apply(architecture_setup("mamba").replace(batch_size=1))

    def test_one_new_token_is_generated_too(self, technique: Any) -> None:
        """As the prefill's windows do."""
        setup = technique.apply(one_at_a_time())
        batch = setup.task.batch(setup, setup.task.samples(1))
        made = setup.model.generate(**batch, max_new_tokens=1, min_new_tokens=1, **setup.generate_options(batch, 1))
        assert made.shape[1] == batch["input_ids"].shape[1] + 1


@pytest.mark.parametrize("technique", [NoKvCache(), lookup(), own_blocks()], ids=["no_cache", "lookup", "draft"])
class TestRefusals:
    def test_what_generates_nothing(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="generates nothing"):
            technique.apply(fake_setup("text", batch_size=1))

    def test_a_compiled_runtime_which_has_its_own_cache(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="runtime=eager"):
            technique.apply(one_at_a_time(runtime="compiled"))

    def test_a_second_way_to_generate(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match=r"an earlier technique decides .* \(use_cache\)"):
            technique.apply(NoKvCache().apply(one_at_a_time()))

    def test_training(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="inference only"):
            admit(technique, one_at_a_time(phase="training"))


def test_a_draft_that_is_the_model_is_refused() -> None:
    from suite.checkpoints.model_spec import ModelSpec
    from suite.checkpoints.pretrained import load_pretrained

    setup = one_at_a_time()
    spec = ModelSpec(name="m", path=str(EMBEDDED), revision=None, weights="pretrained", architecture=None)
    model, processor = load_pretrained(spec, setup.task, device="cpu", dtype="float32", seed=0)
    technique = AssistedDecoding(draft=spec_of(EMBEDDED), keep_layers_share=0.5, tokens=2)
    with pytest.raises(NotApplicable, match=r"the model itself \d+: none to save"):
        technique.apply(setup.replace(model=model, processor=processor))
    with pytest.raises(NotApplicable, match="another tokenizer"):
        technique.apply(setup)
