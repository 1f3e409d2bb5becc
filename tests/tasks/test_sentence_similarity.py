import dataclasses
import json
import math
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from suite.errors import ImpossibleOutput, InputError, NotApplicable
from suite.tasks.sentence_similarity import SCALE, vectors


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("sentence_similarity")


def letter_tokenizer(**changes):
    """One token a letter: 0 pads, 1 is unknown, the letter a is 2."""
    vocabulary = {name: number for number, name in enumerate(["[PAD]", "[UNK]", *"abcdefghijklmnopqrstuvwxyz"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fields = {"pad_token": "[PAD]", "unk_token": "[UNK]", "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**fields, **changes})


class Letters:
    """A token's state is its letter's own axis, times ``value``."""

    def __init__(self, value=1.0):
        self.config = SimpleNamespace(vocab_size=28)
        self.config.get_text_config = lambda: self.config
        self.value = value

    def __call__(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=torch.nn.functional.one_hot(input_ids, 28).float() * self.value)


def pairs(path, rows):
    path.write_text("".join(json.dumps({"text": text, "target": target}) + "\n" for text, target in rows))
    return {"test": str(path), "train": None}


def test_a_vector_is_the_mean_without_padding_at_length_one():
    ids = torch.tensor([[2, 2, 3], [4, 0, 0]])
    found = vectors(Letters(), {"input_ids": ids, "attention_mask": torch.tensor([[1, 1, 1], [1, 0, 0]])})
    # (2/3, 1/3) has length sqrt(5)/3; padding counts for nothing
    assert found[0, 2:4].tolist() == pytest.approx([2 / math.sqrt(5), 1 / math.sqrt(5)])
    assert found[1].tolist() == [0.0] * 4 + [1.0] + [0.0] * 23


def test_the_score_is_one_where_the_own_target_is_nearest(make_task, make_setup, tmp_path):
    rows = [("ab", "abab"), ("cd", "ef"), ("gh", "ghx")]
    # the vector of "ab" is that of its target; "cd" has nothing in common with any, so all are as near
    task = make_task("sentence_similarity", data=pairs(tmp_path / "a.jsonl", rows))
    assert task.evaluate(make_setup(task, Letters(), letter_tokenizer())) == [1.0, 0.0, 1.0]


def test_more_of_the_nearest_may_count(make_task, make_setup, tmp_path):
    rows = [("ab", "a"), ("abb", "b"), ("aab", "cb")]
    # cosines of "aab" = (2, 1)/sqrt(5): to a 0.89, to b 0.45, to cb 0.32: its own comes third
    data = pairs(tmp_path / "a.jsonl", rows)
    third = [make_task("sentence_similarity", data=data, nearest=nearest) for nearest in (2, 3)]
    setup = make_setup(third[0], Letters(), letter_tokenizer())
    assert [task.evaluate(setup)[2] for task in third] == [0.0, 1.0]


def test_equal_targets_are_one_candidate(make_task, make_setup, tmp_path):
    task = make_task("sentence_similarity", data=pairs(tmp_path / "a.jsonl", [("a", "ab"), ("b", "ab"), ("c", "d")]))
    assert task.chance_score() == 0.5
    assert task.evaluate(make_setup(task, Letters(), letter_tokenizer())) == [1.0, 1.0, 0.0]


def test_the_candidates_do_not_depend_on_how_many_items_are_scored(make_task):
    whole, part = make_task("sentence_similarity"), make_task("sentence_similarity", max_scored=10)
    assert len(part.test()) == 10
    assert part.chance_score() == whole.chance_score()


def test_items_whose_targets_are_left_out_are_not_scored(make_task):
    task = make_task("sentence_similarity", candidates=20)
    assert len(task.test()) == 20
    assert task.chance_score() >= 1 / 20


def test_the_loss_is_that_of_the_right_pair_among_the_batch(task, make_setup):
    setup = make_setup(task, Letters(), letter_tokenizer())
    batch = task.training_batch(setup, [{"text": "a", "target": "aa"}, {"text": "b", "target": "c"}])
    assert batch["target_input_ids"].tolist() == [[2, 2], [4, 0]]
    logits, targets = task.logits(setup.model, batch)
    assert logits.tolist() == [[SCALE, 0.0], [0.0, 0.0]]
    assert targets.tolist() == [0, 1]
    expected = (math.log(1 + math.exp(-SCALE)) + math.log(2)) / 2
    assert float(task.loss(setup.model, batch)) == pytest.approx(expected, rel=1e-6)


def test_vectors_that_are_no_numbers_fail_the_point(task, make_setup):
    with pytest.raises(ImpossibleOutput):
        task.score(make_setup(task, Letters(value=float("nan")), letter_tokenizer()), task.test()[:2])


def test_an_empty_text_is_named(make_task, tmp_path):
    with pytest.raises(InputError, match="text is empty"):
        make_task("sentence_similarity", data=pairs(tmp_path / "a.jsonl", [("a", "b"), (" ", "c")])).test()


@pytest.mark.parametrize("field", ["nearest", "candidates"])
def test_none_of_the_nearest_and_no_candidates_are_refused(task, field):
    with pytest.raises(InputError, match=rf"task\.{field}"):
        dataclasses.replace(task, **{field: 0})


def test_a_model_without_tokenizer_trains_on_random_ids_and_is_not_scored(task, make_setup):
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    setup = make_setup(task, BertModel(BertConfig(vocab_size=28, **sizes)), None, phase="training")
    assert torch.isfinite(task.loss(setup.model, task.training_batch(setup, task.test()[:3])))
    with pytest.raises(NotApplicable, match="without a processor"):
        task.evaluate(setup)
