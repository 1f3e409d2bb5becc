"""What the cache stores, what generate uses, and that scores see it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.quantisation.int8_dynamic import Int8Dynamic
from suite.mitigations.quantisation.kv_cache_quantisation import PIECE, KvCacheQuantisation
from suite.toolkit import quantised_cache
from tests.architectures import architecture_setup
from tests.embedded import embedded_setup
from tests.fakes import admit, answers, fake_setup, tiny_gpt2, tiny_llama


def technique(bits: int = 4, residual_length: int = 128) -> KvCacheQuantisation:
    return KvCacheQuantisation(bits=bits, residual_length=residual_length)


def long_texts(length: int) -> dict[str, torch.Tensor]:
    ids = torch.randint(5, 60, (2, length), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[0, length - 7 :] = 0
    return {"input_ids": ids, "attention_mask": mask}


class TestPacking:
    def test_two_numbers_to_a_byte(self) -> None:
        """From -1 to 2 in fifteen steps of 0.2: -1 is 0, 2 is 15, 0.1 lies at 5.5 and is 6, 0.35 at 6.75 and is 7."""
        packed = quantised_cache.pack(torch.tensor([[-1.0, 2.0, 0.1001, 0.35]]), 4)
        assert packed.numbers.tolist() == [[0 + (15 << 4), 6 + (7 << 4)]]
        assert packed.numbers.dtype == torch.uint8
        assert float(packed.scale) == pytest.approx(0.2)
        assert quantised_cache.unpack(packed, 4)[0].tolist() == pytest.approx([-1.0, 2.0, 0.2, 0.4])

    def test_four_numbers_to_a_byte(self) -> None:
        packed = quantised_cache.pack(torch.tensor([[0.0, 3.0, 1.2, 1.9]]), 2)
        assert packed.numbers.tolist() == [[0 + (3 << 2) + (1 << 4) + (2 << 6)]]
        assert quantised_cache.unpack(packed, 2)[0].tolist() == pytest.approx([0.0, 3.0, 1.0, 2.0])

    @pytest.mark.parametrize("bits", quantised_cache.BITS)
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
    def test_nothing_is_off_by_more_than_half_a_step(self, bits: int, dtype: torch.dtype) -> None:
        values = torch.randn(2, 3, 5, 16, generator=torch.Generator().manual_seed(0)).to(dtype)
        packed = quantised_cache.pack(values, bits)
        error = (quantised_cache.unpack(packed, bits).float() - values.float()).abs()
        rounding = 4 * torch.finfo(dtype).eps * values.float().abs().max()  # of scale, product and sum
        assert bool((error <= 0.5 * packed.scale.float() * (1 + 1e-3) + 2**bits * 0.25 * rounding).all())

    def test_equal_values_come_back(self) -> None:
        values = torch.full((1, 4), 0.75)
        assert torch.equal(quantised_cache.unpack(quantised_cache.pack(values, 4), 4), values)


def test_bytes_of_the_cache_are_those_of_its_bits() -> None:
    """Four layers, 8 texts, 2 heads of 16 channels, 12 prompt tokens and 7 of 8 new ones that stand in the cache."""
    setup = fake_setup("generation")
    seen = technique().proof(setup, technique().apply(setup))
    vector = 4 * 16
    assert seen["cache_bytes"]["before"] == 2 * 4 * 8 * 2 * (12 + 7) * vector
    small = 16 // 2 + 2 * 4  # two values to a byte, a scale and a least value in float32
    assert seen["cache_bytes"]["after"] == 2 * 4 * 8 * 2 * (12 * small + 7 * vector)
    assert seen["cache"] == {"before": "DynamicLayer", "after": "QuantisedLayer"}
    assert 0 <= seen["same_tokens_share"] <= 1


def test_generated_tokens_join_the_packed_part_when_they_are_enough() -> None:
    setup = fake_setup("generation")
    seen = technique(residual_length=3).proof(setup, technique(residual_length=3).apply(setup))
    # Of 19 tokens 12 + 3 + 3 are packed and one waits.
    assert seen["cache_bytes"]["after"] == 2 * 4 * 8 * 2 * (18 * 16 + 1 * 64)


def test_the_tasks_own_query_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = quantised_cache.make
    monkeypatch.setattr(quantised_cache, "make", lambda *args, **named: made.append(make(*args, **named)) or made[-1])
    setup = fake_setup("generation")
    changed = technique().apply(setup)
    made.clear()
    assert changed.task.run(changed, setup.task.batch(setup, setup.task.train()[:3])) == 12
    (cache,) = made
    assert cache.get_seq_length() == 12 + 3


@pytest.mark.parametrize("length", [PIECE - 1, PIECE, 2 * PIECE, 2 * PIECE + 9])
@pytest.mark.parametrize("make", [tiny_llama, tiny_gpt2])
def test_a_text_in_pieces_over_eight_bits_reads_as_in_one(length: int, make: Any) -> None:
    sizes = {"n_positions": 128} if make is tiny_gpt2 else {"max_position_embeddings": 128}
    setup = fake_setup("generation", model=make(**sizes))
    batch, changed = long_texts(length), technique(8).apply(setup)
    with torch.no_grad():
        wanted, given = setup.model(**batch).logits, changed.model(**batch).logits
    assert given.shape == wanted.shape
    assert torch.allclose(given[:, :PIECE], wanted[:, :PIECE], atol=1e-5)
    kept = batch["attention_mask"] == 1
    assert (given - wanted)[kept].norm() <= 0.02 * wanted[kept].norm()


def test_scores_show_the_rounding() -> None:
    """Answers of a short text are read in one; of a longer one they differ, and more with fewer bits."""
    setup = fake_setup("generation", model=tiny_llama(max_position_embeddings=128))
    batch, errors = long_texts(96), []
    with torch.no_grad():
        wanted = setup.model(**batch).logits
        for bits in (8, 4, 2):
            errors.append(float((technique(bits).apply(setup).model(**batch).logits - wanted).norm()))
    assert 0 < errors[0] < errors[1] < errors[2]


def test_the_embedded_model_stays_near_its_score_and_its_text() -> None:
    setup = embedded_setup("text_generation", "llama_stdlib", max_scored=8)
    changed = technique().apply(setup)
    float_bits, bits = (sum(arm.task.evaluate(arm)) / 8 for arm in (setup, changed))
    assert bits == pytest.approx(float_bits, rel=0.02)
    assert bits != float_bits
    assert technique().proof(setup, changed)["same_tokens_share"] > 0.5


def test_the_model_that_went_in_keeps_its_own_forward_and_shares_its_weights() -> None:
    setup = fake_setup("generation")
    changed = technique().apply(setup)
    assert "forward" not in vars(setup.model)
    assert changed.model.lm_head.weight is setup.model.lm_head.weight


def test_a_later_technique_changes_what_reads_in_pieces() -> None:
    setup = fake_setup("generation", model=tiny_llama(max_position_embeddings=128))
    cached = technique(8).apply(setup)
    both = Int8Dynamic().apply(cached)
    alone = Int8Dynamic().apply(setup)
    batch = long_texts(96)
    with torch.no_grad():
        given, without, wanted = (arm.model(**batch).logits for arm in (both, cached, alone))
    assert (given - wanted).norm() < (given - without).norm()
    assert technique(8).proof(setup, both)["cache"]["after"] == "QuantisedLayer"


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (fake_setup("text"), "generate token by token, which this one does not"),
        (fake_setup("generation", phase="training"), "training reads whole texts"),
        (fake_setup("generation", runtime="compiled"), "runtime=eager"),
        (architecture_setup("mamba"), "does not cache keys and values of every token"),
        (fake_setup("generation", model=tiny_llama(head_dim=18)), "18 channels do not fill whole bytes at 2 bits"),
        (technique().apply(fake_setup("generation")), "quantised already"),
    ],
    ids=["text", "training", "compiled", "mamba", "odd-heads", "twice"],
)
def test_is_not_applicable(setup: Any, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        technique(2).apply(admit(technique(2), setup))


def test_a_cache_in_float_is_no_effect() -> None:
    setup = fake_setup("generation")
    with pytest.raises(NoEffect, match="cache did not get smaller"):
        technique().proof(setup, setup)


def test_answers_to_short_texts_are_those_of_the_model() -> None:
    setup = fake_setup("generation")
    assert torch.allclose(answers(technique(2).apply(setup)), answers(setup), atol=1e-5)


@pytest.mark.parametrize("bits", [0, 3, 16, True, "4"])
def test_unknown_bits_are_refused(bits: Any) -> None:
    with pytest.raises(InputError, match=r"kv_cache_quantisation\.bits is unknown"):
        technique(bits)


def test_no_residual_is_refused() -> None:
    with pytest.raises(InputError, match=r"kv_cache_quantisation\.residual_length"):
        technique(4, 0)
