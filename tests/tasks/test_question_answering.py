import dataclasses
import json
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForQuestionAnswering, PreTrainedTokenizerFast

from suite.data.structured import Answer
from suite.errors import ImpossibleOutput, InputError, NotApplicable
from suite.tasks.question_answering import CUT_OFF, best_span, place_of

WORDS = ("who", "red", "blue", "green", "is", "ann", "bob")


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("question_answering")


def word_tokenizer(**changes):
    """One token a word: 0 pads, 1 is unknown, 2 separates; who is 3, red 4, blue 5, green 6."""
    vocabulary = {name: number for number, name in enumerate(["[PAD]", "[UNK]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A [SEP]", pair="$A [SEP] $B [SEP]", special_tokens=[("[SEP]", 2)]
    )
    fields = {"pad_token": "[PAD]", "unk_token": "[UNK]", "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **{**fields, **changes})


class Pointing:
    """Starts at the tokens ``first`` and ends at the tokens ``last``, wherever they stand."""

    def __init__(self, first, last, longest=64, value=1.0):
        self.config = SimpleNamespace(vocab_size=10, max_position_embeddings=longest)
        self.config.get_text_config = lambda: self.config
        self.first, self.last, self.value = first, last, value

    def __call__(self, input_ids, attention_mask):
        return SimpleNamespace(
            start_logits=(input_ids == self.first).float() * self.value,
            end_logits=(input_ids == self.last).float() * self.value,
        )


def item(context, question, *answers):
    return {"text": context, "question": question, "answers": tuple(Answer(a, context.index(a)) for a in answers)}


def test_the_best_span_ends_no_earlier_than_it_starts():
    # the largest start is behind the largest end: of 2 + 1, 2 + 2 and 0 + 3 the second is best, which is in order
    assert best_span(torch.tensor([0.0, 1.0, 2.0]), torch.tensor([3.0, 0.0, 2.0]), 3) == (2, 2)


def test_the_best_span_is_no_longer_than_allowed():
    starts, ends = torch.tensor([5.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 9.0])
    assert best_span(starts, ends, 3) == (0, 2)
    assert best_span(starts, ends, 2) == (1, 2)  # 0 + 9, where (0, 1) has 5 + 1


def test_an_answer_is_placed_by_its_characters():
    offsets, sequence = [(0, 3), (0, 0), (0, 3), (4, 8), (9, 12)], [0, None, 1, 1, 1]
    assert place_of(Answer("blue", 4), offsets, sequence) == (3, 3)
    assert place_of(Answer("red blue", 0), offsets, sequence) == (2, 3)
    assert place_of(Answer("ue red", 6), offsets, sequence) == (3, 4)


def test_an_answer_that_is_cut_off_has_no_place():
    offsets, sequence = [(0, 3), (0, 0), (0, 3), (4, 8)], [0, None, 1, 1]
    assert place_of(Answer("blue green", 4), offsets, sequence) == (CUT_OFF, CUT_OFF)
    assert place_of(Answer("green", 9), offsets, sequence) == (CUT_OFF, CUT_OFF)


def test_the_score_is_the_f1_of_the_words(task, make_setup):
    setup = make_setup(task, Pointing(first=4, last=5), word_tokenizer())
    examples = [
        item("bob is red blue green", "who", "red blue"),  # right
        item("bob is red blue green", "who", "blue green"),  # one of two words each: precision and recall 1/2
        item("bob is red blue green", "who", "green"),  # none
        item("bob is red blue green", "who", "green", "red blue"),  # the better of two
    ]
    assert task.score(setup, examples) == pytest.approx([1.0, 0.5, 0.0, 1.0])


def test_the_question_is_never_the_answer(task, make_setup):
    # "red" stands in the question only: with no start left, any span of the context that ends at "blue" is as good
    setup = make_setup(task, Pointing(first=4, last=5), word_tokenizer())
    assert task.answers(setup, [item("green blue", "red", "blue")])[0] in ("blue", "green blue")


def test_a_context_that_is_cut_off_is_answered_from_what_is_left(task, make_setup):
    setup = make_setup(task, Pointing(first=6, last=6, longest=5), word_tokenizer())
    assert task.answers(setup, [item("bob red green green", "who", "green")]) == ["bob"]  # of "bob red"


def test_logits_that_are_no_numbers_fail_the_point(task, make_setup):
    setup = make_setup(task, Pointing(4, 5, value=float("nan")), word_tokenizer())
    with pytest.raises(ImpossibleOutput):
        task.score(setup, [item("red", "who", "red")])


def test_a_training_batch_has_first_and_last_places(task, make_setup):
    setup = make_setup(task, Pointing(4, 5), word_tokenizer())
    examples = [item("bob is red blue", "who", "red blue"), item("red", "who is", "red")]
    batch = task.training_batch(setup, examples)
    # who [SEP] bob is red blue [SEP]; who is [SEP] red [SEP] [PAD] [PAD]
    assert batch["labels"].tolist() == [[4, 5], [3, 3]]
    logits, targets = task.logits(setup.model, batch)
    assert targets.tolist() == [4, 3, 5, 3]
    assert logits.shape == (4, 7)
    assert logits.argmax(dim=1).tolist()[:2] == [4, 3]
    assert logits[1].softmax(dim=0)[5:].tolist() == [0.0, 0.0]  # padding


def test_nothing_is_learned_from_answers_that_are_cut_off(task, make_setup):
    setup = make_setup(task, Pointing(4, 5, longest=5), word_tokenizer())
    batch = task.training_batch(setup, [item("bob is red blue", "who", "red blue"), item("red", "who", "red")])
    assert task.logits(setup.model, batch)[1].tolist() == [2, 2]


def rows(count):
    return [{"context": f"bob is red {n}", "question": "who", "answers": ["red"]} for n in range(count)]


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_ones_own_questions_are_scored(make_task, make_setup, tmp_path):
    task = make_task("question_answering", data=write(tmp_path / "q.jsonl", rows(20)))
    task.check_model(Pointing(4, 4), word_tokenizer())
    assert task.evaluate(make_setup(task, Pointing(4, 4), word_tokenizer())) == [1.0] * 4
    assert task.scored_from() == "4 of 4 items of the test part (20 %) cut from q.jsonl"


def test_an_answer_outside_its_context_is_named(make_task, tmp_path):
    wrong = [*rows(20), {"context": "bob is red", "question": "who", "answers": ["yellow"]}]
    with pytest.raises(InputError, match=r"does not stand in its context .*yellow"):
        make_task("question_answering", data=write(tmp_path / "q.jsonl", wrong)).test()


def test_an_empty_question_is_named(make_task, tmp_path):
    wrong = [*rows(20), {"context": "bob is red", "question": " ", "answers": ["red"]}]
    with pytest.raises(InputError, match="question is empty"):
        make_task("question_answering", data=write(tmp_path / "q.jsonl", wrong)).test()


def test_a_longest_answer_of_no_tokens_is_refused(task):
    with pytest.raises(InputError, match=r"task\.longest_answer_tokens"):
        dataclasses.replace(task, longest_answer_tokens=0)


def test_a_model_without_tokenizer_trains_on_random_places_and_is_not_scored(task, make_setup):
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    setup = make_setup(task, BertForQuestionAnswering(BertConfig(vocab_size=28, **sizes)), None, phase="training")
    batch = task.training_batch(setup, task.test()[:3])
    assert batch["labels"].max() < task.random_tokens
    assert torch.isfinite(task.loss(setup.model, batch))
    with pytest.raises(NotApplicable, match="without a processor"):
        task.evaluate(setup)
