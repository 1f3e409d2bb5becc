"""Attention by other kernels, and queries in another order: the answers stay."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from suite.errors import InputError, NotApplicable
from suite.mitigations.optimised_hardware.attention_implementation import AttentionImplementation
from suite.mitigations.optimised_hardware.length_bucketing import LengthBucketing, longest_first, padding_share
from suite.workloads.offline import Offline
from tests.architectures import architecture_setup
from tests.fakes import answers, fake_setup, tiny_llama, unequal_texts


class TestAttention:
    @pytest.mark.parametrize("kind", ["image", "text", "generation"])
    def test_answers_are_the_same_within_rounding(self, kind: Any) -> None:
        setup = fake_setup(kind)
        changed = AttentionImplementation(kind="eager").apply(setup)
        torch.testing.assert_close(answers(changed), answers(setup), rtol=1e-4, atol=1e-5)

    def test_the_operators_that_ran_are_seen(self) -> None:
        setup = fake_setup("image")
        technique = AttentionImplementation(kind="eager")
        seen = technique.proof(setup, technique.apply(setup))
        assert seen["attention"] == {"before": "sdpa", "after": "eager"}
        assert sum(seen["operators"]["before"].values()) == 4  # one a block
        assert all("scaled_dot_product" in name for name in seen["operators"]["before"])
        assert seen["operators"]["after"] == {"aten._softmax": 4}

    def test_there_and_back(self) -> None:
        setup = fake_setup("image")
        eager = AttentionImplementation(kind="eager").apply(setup)
        back = AttentionImplementation(kind="sdpa").apply(eager)
        assert torch.equal(answers(back), answers(setup))

    def test_what_is_in_force_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="with sdpa already"):
            AttentionImplementation(kind="sdpa").apply(fake_setup("image"))

    @pytest.mark.parametrize("architecture", ["resnet", "convnext", "fnet", "mamba"])
    def test_a_model_without_attention_is_not_applicable(self, architecture: str) -> None:
        with pytest.raises(NotApplicable, match="computes no attention"):
            AttentionImplementation(kind="sdpa").apply(architecture_setup(architecture))

    def test_flash_attention_on_a_cpu_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="needs device=cuda"):
            AttentionImplementation(kind="flash_attention_2").apply(fake_setup("image"))

    def test_flash_attention_in_float32_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="give dtype=bfloat16"):
            AttentionImplementation(kind="flash_attention_2").apply(fake_setup("image", device="cuda"))

    def test_an_unknown_kind_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"attention_implementation\.kind is unknown"):
            AttentionImplementation(kind="fast")


def texts(**changes: Any) -> Any:
    return fake_setup("text", task=unequal_texts(), **changes)


def rows(batches: list[Any]) -> list[tuple[int, ...]]:
    """The token ids of each query, padding left out, in the order in which they are answered."""
    return [
        tuple(ids[mask == 1].tolist())
        for batch in batches
        for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    ]


class TestLengthBucketing:
    def test_the_longest_come_first_and_equals_keep_their_order(self) -> None:
        setup = texts()
        examples = [{"ids": torch.arange(12) + 10 * place, "label": label} for place, label in enumerate((1, 0, 2, 0))]
        ordered = longest_first(setup, examples)  # lengths are 12 less twice the label
        assert [int(one["ids"][0]) for one in ordered] == [10, 30, 0, 20]

    def test_padding_worked_by_hand(self, monkeypatch: pytest.MonkeyPatch) -> None:
        setup = texts(batch_size=2)
        by_turns = [{"ids": torch.arange(12), "label": label} for label in (0, 4) * 8]  # of 12 and of 4 tokens
        monkeypatch.setattr(type(setup.task), "train", lambda self: by_turns)
        changed = LengthBucketing(batches=2).apply(setup)
        assert padding_share(setup, 4) == 8 / 24  # each batch is one of 12 and one of 4, padded by 8
        assert padding_share(changed, 4) == 0

    @pytest.mark.parametrize("batches", [2, 4])
    def test_lists_of_waiting_queries_hold_the_same_queries_in_both_arms(self, batches: int) -> None:
        setup, workload = texts(), Offline(default_batch_size=4)
        changed = LengthBucketing(batches=batches).apply(setup)
        waiting = changed.waiting
        assert waiting == 4 * batches
        ours, theirs = (rows(workload.loop(one, 16)._batches) for one in (setup, changed))  # type: ignore[attr-defined]
        assert ours != theirs
        for start in range(0, 16, waiting):
            assert sorted(ours[start : start + waiting]) == sorted(theirs[start : start + waiting])

    def test_a_query_gets_the_same_answer_within_rounding(self) -> None:
        setup, workload = texts(), Offline(default_batch_size=4)
        changed = LengthBucketing(batches=4).apply(setup)
        found = []
        for one in (setup, changed):
            batches = workload.loop(one, 16)._batches  # type: ignore[attr-defined]
            with torch.no_grad():
                logits = torch.cat([one.model(**batch).logits for batch in batches])
            found.append(dict(zip(rows(batches), logits, strict=True)))
        assert found[0].keys() == found[1].keys()
        for query, logits in found[0].items():
            torch.testing.assert_close(found[1][query], logits)

    def test_inputs_of_one_length_are_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="of one length"):
            LengthBucketing(batches=4).apply(fake_setup("text"))
        with pytest.raises(NotApplicable, match="of one length"):
            LengthBucketing(batches=4).apply(fake_setup("generation", model=tiny_llama()))

    def test_images_are_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="no texts of unequal length"):
            LengthBucketing(batches=4).apply(fake_setup("image"))

    def test_one_query_at_a_time_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="give a batch_size of 2 or more"):
            LengthBucketing(batches=4).apply(texts(batch_size=1))
