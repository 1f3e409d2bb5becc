import dataclasses
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from suite.core.setup import Setup
from suite.errors import ImpossibleOutput, InputError, NotApplicable

WORDS = [f"w{number}" for number in range(40)]
SPECIAL = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
TEXTS = [{"text": " ".join(WORDS), "source": 0}, {"text": " ".join(WORDS[:4]), "source": 1}]


def word_tokenizer(**changes):
    """One token a word, between a start and an end token."""
    vocabulary = {word: number for number, word in enumerate([*SPECIAL.values(), *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[PAD]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL | changes)


class Answers:
    """Gives each place the same token: always ``w0``."""

    def __init__(self, token=4, value=9.0):
        self.token, self.value = token, value
        self.config = SimpleNamespace(vocab_size=44, max_position_embeddings=64)
        self.config.get_text_config = lambda: self.config

    def __call__(self, input_ids, **_):
        logits = torch.zeros(*input_ids.shape, 44)
        logits[:, :, self.token] = self.value
        return SimpleNamespace(logits=logits)


@pytest.fixture
def task(make_task):
    return make_task("masked_language_modelling", masked_share=0.25)


def setup_of(task, model=None, processor=None, **changes):
    fields = {"batch_size": 2, "dtype": "float32", "device": "cpu", "phase": "inference"}
    made = Setup(task=task, model=model or Answers(), processor=processor or word_tokenizer(), **fields)
    return made.replace(**changes)


def test_a_share_of_the_words_is_masked_and_no_special_token_is(task):
    batch = task.training_batch(setup_of(task), TEXTS)
    masked = batch["labels"] != -100
    assert masked.sum(dim=1).tolist() == [10, 1]  # a quarter of 40 and of 4
    assert (batch["input_ids"][masked] == 3).all()
    assert (batch["labels"][masked] >= 4).all()  # words, no special tokens
    assert batch["input_ids"][1, 6:].eq(0).all()  # padding behind the shorter text


def test_one_word_at_least_is_masked(make_task):
    task = make_task("masked_language_modelling", masked_share=0.01)
    assert (task.training_batch(setup_of(task), TEXTS)["labels"] != -100).sum(dim=1).tolist() == [1, 1]


def test_the_same_words_are_masked_whatever_the_batch_and_others_in_another_variant(task):
    setup = setup_of(task)
    together = task.training_batch(setup, TEXTS)["input_ids"][1, :6]
    alone = task.training_batch(setup, TEXTS[1:])["input_ids"][0]
    assert torch.equal(together, alone)
    variants = [task.training_batch(setup, [TEXTS[0] | {"variant": n}])["input_ids"][0] for n in range(3)]
    assert not torch.equal(variants[0], variants[1])
    assert not torch.equal(variants[1], variants[2])


def test_a_query_has_masks_and_no_labels(task):
    batch = task.batch(setup_of(task), TEXTS)
    assert sorted(batch) == ["attention_mask", "input_ids"]
    assert (batch["input_ids"] == 3).any(dim=1).all()


def test_the_score_is_the_share_of_masked_words_that_are_right(task):
    """A model that always says w0 is right in one of the ten masked words where w0 is one of them, else in none."""
    setup = setup_of(task)
    labels = task.training_batch(setup, TEXTS)["labels"]
    expected = [float((row == 4).sum()) / float((row != -100).sum()) for row in labels]
    assert task.score(setup, TEXTS) == pytest.approx(expected)
    first_masked = int(labels[0][labels[0] != -100][0])
    assert task.score(setup_of(task, Answers(first_masked)), TEXTS)[0] == pytest.approx(0.1)


def test_logits_that_are_not_finite_are_no_score(task):
    with pytest.raises(ImpossibleOutput):
        task.score(setup_of(task, Answers(value=float("nan"))), TEXTS)


def test_random_weights_have_random_texts_and_no_score(task):
    setup = setup_of(task).replace(processor=None)
    batch = task.batch(setup, TEXTS)
    assert batch["input_ids"].shape == (2, task.random_tokens)
    with pytest.raises(NotApplicable, match="without a tokenizer"):
        task.score(setup, TEXTS)


@pytest.mark.parametrize("name", ["mask_token", "pad_token"])
def test_a_tokenizer_without_masks_or_padding_is_refused(task, name):
    with pytest.raises(InputError, match=f"has no {name}"):
        task.check_model(Answers(), word_tokenizer(**{name: None}))


def test_a_share_out_of_range_is_refused(task):
    with pytest.raises(InputError, match=r"task\.masked_share must lie between 0 and 1"):
        dataclasses.replace(task, masked_share=1.5)
