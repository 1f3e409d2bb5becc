import json
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

from suite.errors import ImpossibleOutput, InputError, NotApplicable
from suite.tasks.token_classification import IGNORED, first_tokens

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TAGS = ("noun", "verb")


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("token_classification")


def letter_tokenizer(**changes):
    """One token a letter; 0 pads, the letter a is 2."""
    vocabulary = {name: number for number, name in enumerate(["[PAD]", "[UNK]", *LETTERS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fields = {"pad_token": "[PAD]", "unk_token": "[UNK]", "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**fields, **changes})


class FirstLetter:
    """Tags a token that is an ``a`` as the second tag, every other one as the first; ``longest`` tokens."""

    def __init__(self, longest=64, value=1.0):
        names = dict(enumerate(TAGS))
        self.config = SimpleNamespace(
            num_labels=2, id2label=names, label2id={name: at for at, name in names.items()}, vocab_size=28,
            max_position_embeddings=longest,
        )  # fmt: skip
        self.config.get_text_config = lambda: self.config
        self.value = value

    def __call__(self, input_ids, attention_mask):
        is_a = (input_ids == 2).long()
        return SimpleNamespace(logits=torch.nn.functional.one_hot(is_a, 2).float() * self.value)


def item(words, labels):
    return {"text": " ".join(words), "words": tuple(words), "labels": tuple(labels)}


def test_a_word_is_judged_by_its_first_token():
    assert first_tokens([None, 0, 0, 1, 2, 2, None]) == {0: 1, 1: 3, 2: 4}


def test_the_score_is_the_share_of_words_tagged_right(task, make_setup):
    # ab: its first letter is an a, so "verb"; ba and b: "noun". Two of three words are right, then all of two.
    examples = [item(["ab", "ba", "b"], ["verb", "noun", "verb"]), item(["a", "ba"], ["verb", "noun"])]
    assert task.score(make_setup(task, FirstLetter(), letter_tokenizer()), examples) == [2 / 3, 1.0]


def test_tags_may_be_the_models_numbers(task, make_setup):
    assert task.score(make_setup(task, FirstLetter(), letter_tokenizer()), [item(["a", "b"], [1, 1])]) == [0.5]


def test_words_beyond_the_longest_input_are_wrong(task, make_setup):
    setup = make_setup(task, FirstLetter(longest=3), letter_tokenizer())
    assert task.score(setup, [item(["ab", "b", "b", "b"], ["verb", "noun", "noun", "noun"])]) == [0.5]


def test_logits_that_are_no_numbers_fail_the_point(task, make_setup):
    with pytest.raises(ImpossibleOutput):
        task.score(make_setup(task, FirstLetter(value=float("nan")), letter_tokenizer()), [item(["a"], ["verb"])])


def test_a_training_batch_is_labelled_at_first_tokens_only(task, make_setup):
    setup = make_setup(task, FirstLetter(), letter_tokenizer())
    batch = task.training_batch(setup, [item(["ab", "b"], ["verb", "noun"]), item(["a"], ["noun"])])
    assert batch["labels"].tolist() == [[1, IGNORED, 0], [0, IGNORED, IGNORED]]
    logits, targets = task.logits(setup.model, batch)
    assert (logits.tolist(), targets.tolist()) == ([[0, 1], [1, 0], [0, 1]], [1, 0, 0])


def test_chance_is_the_most_frequent_tag(make_task, tmp_path):
    rows = [{"tokens": ["a", "b", LETTERS[number]], "ner_tags": ["noun", "verb", "noun"]} for number in range(20)]
    path = tmp_path / "words.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert make_task("token_classification", data=str(path)).chance_score() == pytest.approx(2 / 3)


def test_ones_own_words_are_scored(make_task, make_setup, tmp_path):
    rows = [{"words": ["a", letter * 2], "tags": ["verb", "noun"]} for letter in LETTERS[1:16]]
    path = tmp_path / "words.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = make_task("token_classification", data=str(path))
    task.check_model(FirstLetter(), letter_tokenizer())
    assert task.evaluate(make_setup(task, FirstLetter(), letter_tokenizer())) == [1.0] * 3
    assert (len(task.train()), len(task.validation())) == (10, 2)


def test_a_tag_that_the_model_does_not_know_is_named(make_task, tmp_path):
    path = tmp_path / "words.jsonl"
    path.write_text("".join(json.dumps({"words": [letter], "tags": ["B-PER"]}) + "\n" for letter in LETTERS))
    with pytest.raises(InputError, match="B-PER"):
        make_task("token_classification", data=str(path)).check_model(FirstLetter(), letter_tokenizer())


def test_a_model_of_other_tags_is_told_to_bring_its_data(task):
    with pytest.raises(InputError, match=r"embedded data has a tag .*task\.data=FILE \(its tags: noun, verb\)"):
        task.check_model(FirstLetter(), letter_tokenizer())


def test_a_tokenizer_without_padding_is_refused(task):
    with pytest.raises(InputError, match="pad_token"):
        task.check_model(FirstLetter(), letter_tokenizer(pad_token=None))


def test_a_slow_tokenizer_is_refused(task):
    with pytest.raises(InputError, match="slow tokenizers"):
        task.check_model(FirstLetter(), SimpleNamespace(pad_token_id=0, is_fast=False))


class TestWithoutTokenizer:
    """Random weights of a bare architecture: random ids, random tags, no score."""

    def model(self):
        sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
        return BertForTokenClassification(BertConfig(vocab_size=28, num_labels=3, **sizes))

    def test_it_trains_on_random_tags_and_is_not_scored(self, task, make_setup):
        setup = make_setup(task, self.model(), None, phase="training")
        batch = task.training_batch(setup, task.test()[:2])
        assert set(batch["labels"].flatten().tolist()) == {0, 1, 2}
        assert torch.isfinite(task.loss(setup.model, batch))
        with pytest.raises(NotApplicable, match="without a processor"):
            task.evaluate(setup)

    def test_ids_are_drawn_from_the_text(self, task, make_setup):
        setup = make_setup(task, self.model(), None)
        first, second = task.batch(setup, task.test()[:2])["input_ids"]
        assert torch.equal(task.batch(setup, task.test()[1:2])["input_ids"][0], second)
        assert not torch.equal(first, second)
