"""A cache of answers: which queries go to the model, counted, and what is answered in place of the rest."""

import pytest
import torch

from suite.errors import InputError, NotApplicable
from suite.mitigations.adaptive_computation.response_cache import ResponseCache
from suite.scoring import items
from suite.toolkit.serving.answer_cache import AnswerCache, ExactIndex, SimilarIndex
from suite.workloads.repeated_queries import RepeatedQueries
from suite.workloads.server import Server
from tests.embedded import embedded_setup
from tests.fakes import answers, fake_setup, fake_task, unequal_texts

NO_GATE = {"p50": None, "p90": None, "p99": None}


def technique(**changes):
    return ResponseCache(**({"match": "exact", "threshold": 0.98, "capacity": 1000} | changes))


def repeated(share):
    return RepeatedQueries(default_batch_size=4, repeat_share=share, zipf_exponent=1.0)


@pytest.fixture
def rows():
    """Counts the rows that a cached model gives to the model behind it."""

    def counting(setup):
        seen = []
        setup.model.model.register_forward_pre_hook(
            lambda _, given, named: seen.append(len(next(iter(named.values())))), with_kwargs=True
        )
        return seen

    return counting


class TestWhatGoesToTheModel:
    @pytest.mark.parametrize(("share", "distinct"), [(0.0, 40), (0.25, 30), (0.9, 4)])
    def test_it_is_the_queries_that_were_not_asked_before(self, rows, share, distinct):
        after = technique().apply(fake_setup("image", task=fake_task("image", query_count=40)))
        loop, seen = repeated(share).loop(after, 40), rows(after)
        loop.reset()
        loop.run(40)
        assert sum(seen) == distinct

    def test_no_pass_knows_of_another(self, rows):
        after = technique().apply(fake_setup("image", task=fake_task("image", query_count=40)))
        loop, seen = repeated(0.5).loop(after, 40), rows(after)
        loop.reset()
        loop.run(120)
        assert sum(seen) == 3 * 20

    def test_a_pass_in_slices_is_a_pass(self, rows):
        after = technique().apply(fake_setup("image", task=fake_task("image", query_count=40)))
        loop, seen = repeated(0.5).loop(after, 40), rows(after)
        loop.reset()
        for first in range(0, 40, 8):
            loop.run(8, first)
        assert sum(seen) == 20

    def test_a_window_begins_with_an_empty_cache(self, rows):
        after = technique().apply(fake_setup("image", task=fake_task("image", query_count=40)))
        loop, seen = repeated(0.5).loop(after, 40), rows(after)
        loop.run(8)
        before = sum(seen)
        loop.reset()
        loop.run(8)
        assert sum(seen) == 2 * before

    def test_a_server_has_one_too(self, rows):
        after = technique().apply(fake_setup("image", task=fake_task("image", query_count=40)))
        server = Server(
            default_batch_size=4, arrivals="fixed", rate_per_s=1e4, max_wait_s=0.0, repeat_share=0.5,
            zipf_exponent=1.0, latency_gate_s=NO_GATE,
        )  # fmt: skip
        loop, seen = server.loop(after, 40), rows(after)
        loop.run(80)
        assert sum(seen) == 2 * 20

    def test_the_same_query_twice_in_a_batch_is_computed_once(self, rows):
        after = technique().apply(fake_setup("image"))
        one, other = after.task.samples(2)
        seen = rows(after)
        after.model(**after.task.batch(after, [one, other, one, one]))
        assert seen == [2]

    def test_the_proof_counts_them_on_training_samples(self):
        before = fake_setup("image", locked=True)
        after = technique().apply(before)
        seen = technique().proof(before, after)
        assert (seen["queries"], seen["answered_by_the_model"], seen["hit_rate"]) == (48, 24, 0.5)


class TestAnswers:
    @pytest.mark.parametrize("kind", ["image", "text"])
    def test_an_exact_hit_has_the_models_answer(self, kind):
        before = fake_setup(kind)
        after = technique().apply(before)
        assert torch.equal(answers(after), answers(before))
        assert torch.equal(answers(after), answers(before))  # now all from the cache
        assert (after.model.cache.asked, after.model.cache.computed) == (24, 16)  # eight were looked at in apply

    def test_generated_tokens_are_the_models(self):
        before = fake_setup("generation")
        after = technique().apply(before)
        batch = before.task.batch(before, before.task.samples(4))
        asked = {"max_new_tokens": 4, "min_new_tokens": 4, "do_sample": False}
        expected = before.model.generate(**batch, **asked)
        for _ in range(2):
            assert torch.equal(after.model.generate(**batch, **asked), expected)
        assert after.model.cache.computed == 4

    def test_padding_is_no_part_of_a_query(self):
        setup = fake_setup("text", task=unequal_texts())
        after = technique().apply(setup)
        short, long = sorted(setup.task.samples(8), key=lambda sample: -sample["label"])[::7]
        with torch.no_grad():
            after.model(**setup.task.batch(setup, [short, long]))
            computed = after.model.cache.computed
            after.model(**setup.task.batch(setup, [short]))
        assert after.model.cache.computed == computed

    def test_texts_that_begin_alike_are_told_apart(self):
        index = ExactIndex()
        ids = torch.tensor([[1, 2, 3], [1, 2, 0]])
        keys = index.keys({"input_ids": ids, "attention_mask": torch.tensor([[1, 1, 1], [1, 1, 0]])})
        assert keys[0] != keys[1]

    def test_a_semantic_cache_that_takes_all_for_the_same_scores_as_one_answer(self):
        torch.manual_seed(0)  # embeddings of which no two point away from each other
        before = fake_setup("text")
        after = technique(match="semantic", threshold=1e-9).apply(before)
        with items.scoring(after):
            first = int(before.model(**before.task.batch(before, before.task.test()[:1])).logits.argmax())
        expected = [float(example["label"] == first) for example in before.task.test()]
        assert after.task.evaluate(after) == expected

    def test_a_semantic_cache_knows_what_is_nearly_the_same(self):
        after = technique(match="semantic", threshold=0.999).apply(fake_setup("image"))
        (sample,) = after.task.samples(1)
        near = {"image": sample["image"] + 1e-4}
        far = {"image": -sample["image"]}
        batch = after.task.batch(after, [sample, near, far])
        with torch.no_grad():
            logits = after.model(**batch).logits
        assert torch.equal(logits[0], logits[1])
        assert not torch.equal(logits[0], logits[2])


class TestEntries:
    def asked(self, cache, *numbers):
        """Which of these were computed; the answer to a number is ten times it."""
        computed = []

        def compute(rows):
            computed.extend(numbers[row] for row in rows.tolist())
            return [torch.tensor(10 * numbers[row]) for row in rows.tolist()]

        found = cache.answers({"input_ids": torch.tensor([[number] for number in numbers])}, compute)
        assert [int(answer) for answer in found] == [10 * number for number in numbers]
        return computed

    def test_what_was_not_used_for_longest_makes_room(self):
        cache = AnswerCache(ExactIndex(), capacity=2)
        assert self.asked(cache, 1, 2) == [1, 2]
        assert self.asked(cache, 1) == []  # 2 is now the one not used for longest
        assert self.asked(cache, 3) == [3]
        assert self.asked(cache, 1, 3) == []
        assert self.asked(cache, 2) == [2]

    def test_a_batch_may_have_more_queries_than_there_is_room(self):
        assert self.asked(AnswerCache(ExactIndex(), capacity=2), 1, 2, 3, 1) == [1, 2, 3, 1]

    def test_a_cleared_cache_knows_nothing(self):
        cache = AnswerCache(ExactIndex(), capacity=2)
        self.asked(cache, 1, 2)
        cache.clear()
        assert self.asked(cache, 2, 1) == [2, 1]

    def test_the_nearest_answers_and_only_from_the_threshold_on(self):
        index = SimilarIndex(lambda batch: batch["vectors"], threshold=0.9, capacity=2)
        keys = index.keys({"vectors": torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [1.0, 1.0]])})
        assert index.find(keys[0]) is None
        index.put(0, keys[0])
        index.put(1, keys[1])
        assert [index.find(key) for key in keys] == [0, 1, 0, None]  # cosines 1, 1, 0.949 and 0.707


@pytest.mark.parametrize(
    ("bad", "named"), [({"match": "fuzzy"}, "match"), ({"threshold": 1.0}, "threshold"), ({"capacity": 0}, "capacity")]
)
def test_bad_values_are_named(bad, named):
    with pytest.raises(InputError, match=rf"response_cache\.{named}"):
        technique(**bad)


def test_a_semantic_cache_of_generated_text_could_not_be_scored():
    with pytest.raises(NotApplicable, match="match=exact"):
        technique(match="semantic").apply(fake_setup("generation"))


def test_nothing_that_changes_the_model_may_follow():
    with pytest.raises(NotApplicable, match="name response_cache last"):
        technique().apply(technique().apply(fake_setup("image")))


def test_behind_a_cache_an_encoder_decoder_writes_and_scores_the_same():
    before = embedded_setup("summarisation", "t5_dates", max_scored=8)
    after = technique().apply(before)
    batch = before.task.batch(before, before.task.queries()[:3])
    with torch.no_grad():
        assert before.task.run(before, batch) == after.task.run(after, batch) == 3 * before.task.answer_tokens()
        asked = {"max_new_tokens": 4, "min_new_tokens": 4, "do_sample": False}
        written = before.model.generate(**batch, **asked)
        after.forget()
        assert torch.equal(after.model.generate(**batch, **asked), written)
        assert torch.equal(after.model.generate(**batch, **asked), written)  # from the cache
    assert after.task.evaluate(after) == before.task.evaluate(before)
