import dataclasses
import json
from types import SimpleNamespace

import pytest
import torch
from transformers import T5Config, T5ForConditionalGeneration

from suite.data.date_spans import LANGUAGES, date_spans
from suite.errors import ImpossibleOutput, InputError, NotApplicable
from suite.reference.t5_dates import train_tokenizer
from suite.tasks.summarisation import named_prefix

VOCABULARY = 300


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("summarisation")


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["one two three", "four five"])


def tiny_t5(**changes):
    torch.manual_seed(0)
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
    config = T5Config(vocab_size=VOCABULARY, decoder_start_token_id=0, **{**sizes, **changes})
    return T5ForConditionalGeneration(config)


class Writes:
    """Writes the same tokens whatever it reads."""

    def __init__(self, ids, logit=0.0):
        self.ids, self.logit = ids, logit
        self.config = SimpleNamespace(task_specific_params=None)
        self.config.get_text_config = lambda: SimpleNamespace(vocab_size=VOCABULARY)
        self.read = []

    def generate(self, input_ids, attention_mask, **asked):
        self.read.append((input_ids, attention_mask))
        rows = torch.tensor([[0, *self.ids]] * len(input_ids))
        return SimpleNamespace(sequences=rows, logits=[torch.full((len(input_ids), VOCABULARY), self.logit)])


def test_an_itinerary_in_full_becomes_its_span_in_short():
    english = date_spans("train")[:: len(LANGUAGES)]
    text, target = next((item["text"], item["target"]) for item in english if ", March" in item["text"].split("; ")[0])
    first, _, last = text.split("; ")
    _, day, year = first.split(", ")
    assert target.startswith(f"Mar {day.removeprefix('March ')}")
    assert target.endswith(last.split(", ")[-1])
    assert target.count(year) <= 1  # what both dates share is said once


def test_no_span_is_in_two_splits():
    spans = []
    for split in ("train", "validation", "test"):
        spans.append({item["text"] for item in date_spans(split)})
    assert [len(each) for each in spans] == [6000, 300, 600]
    assert not spans[0] & spans[1]
    assert not spans[0] & spans[2]
    assert not spans[1] & spans[2]


def test_a_score_is_rouge_l_of_what_is_written(make_setup, task, tokenizer):
    ids = tokenizer("one four", add_special_tokens=False)["input_ids"]
    setup = make_setup(task, Writes([*ids, 1]), tokenizer)
    examples = [{"text": "x", "target": "one two three four"}, {"text": "y", "target": "five"}]
    # two words in their order of four: precision 1, recall 1/2, F1 2/3; then none
    assert task.score(setup, examples) == pytest.approx([2 / 3, 0.0])


def test_documents_of_a_query_are_all_of_one_length(make_setup, make_task, tokenizer):
    task = make_task("summarisation", document_tokens=6)
    setup = make_setup(task, tiny_t5(), tokenizer)
    batch = task.batch(setup, [{"text": "one two"}, {"text": "one two three " * 9}])
    assert batch["input_ids"].shape == (2, 6)
    assert batch["input_ids"][1, -1] == tokenizer.eos_token_id
    assert task.prompt_tokens_of(batch) == int(batch["attention_mask"].sum()) < 12


def test_a_scored_document_is_read_whole(make_setup, make_task, tokenizer):
    task = make_task("summarisation", document_tokens=6)
    model = Writes([1])
    task.score(make_setup(task, model, tokenizer), [{"text": "one two three " * 9, "target": "one"}])
    assert model.read[0][0].shape[1] > 6


def test_exactly_so_many_tokens_are_written(make_setup, make_task, tokenizer):
    task = make_task("summarisation", new_tokens=5)
    setup = make_setup(task, tiny_t5(), tokenizer)
    batch = task.batch(setup, [{"text": "one"}, {"text": "two"}, {"text": "three"}])
    assert task.run(setup, batch) == 15
    assert task.answer_tokens() == 5
    assert task.with_new_tokens(1).run(setup, batch) == 3
    assert task.with_new_tokens(5) is None


def test_one_call_starts_the_decoder(make_setup, task, tokenizer):
    setup = make_setup(task, tiny_t5(), tokenizer)
    batch = task.batch(setup, [{"text": "one"}, {"text": "two"}])
    assert task.call(setup.model, batch).logits.shape == (2, 1, VOCABULARY)


def test_logits_are_of_all_tokens_of_the_targets_and_no_padding(make_setup, task, tokenizer):
    setup = make_setup(task, tiny_t5(), tokenizer)
    examples = [{"text": "one", "target": "one two three"}, {"text": "two", "target": "four"}]
    batch = task.training_batch(setup, examples)
    wanted = [token for example in examples for token in tokenizer(example["target"])["input_ids"]]
    logits, targets = task.logits(setup.model, batch)
    assert targets.tolist() == wanted
    assert logits.shape == (len(wanted), VOCABULARY)
    assert task.loss(setup.model, batch).item() == pytest.approx(setup.model(**batch).loss.item(), rel=1e-4)


def test_a_prefix_comes_from_the_configuration_unless_one_is_given(make_setup, make_task, task, tokenizer):
    model = tiny_t5(task_specific_params={"summarization": {"prefix": "two "}})
    assert named_prefix(model.config) == "two "
    assert named_prefix(tiny_t5().config) == ""
    by_config = task.whole_batch(make_setup(task, model, tokenizer), [{"text": "one"}])["input_ids"][0]
    assert tokenizer.decode(by_config, skip_special_tokens=True).strip() == "two one"
    own = make_task("summarisation", prefix="")
    by_user = own.whole_batch(make_setup(own, model, tokenizer), [{"text": "one"}])["input_ids"][0]
    assert tokenizer.decode(by_user, skip_special_tokens=True).strip() == "one"


def test_own_documents_are_cut_into_splits(make_task, tmp_path):
    rows = [{"document": f"document {n}", "summary": f"summary {n}"} for n in range(40)]
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = make_task("summarisation", data=str(file))
    assert (len(task.train()), len(task.validation()), len(task.test())) == (28, 4, 8)
    assert task.test()[0]["target"].removeprefix("summary") == task.test()[0]["text"].removeprefix("document")
    assert task.scored_from() == "8 of 8 items of the test part (20 %) cut from own.jsonl"


@pytest.mark.parametrize(
    ("row", "what"), [({"text": " ", "summary": "s"}, "text"), ({"text": "t", "summary": ""}, "summary")]
)
def test_an_empty_document_or_summary_is_one_clear_error(make_task, tmp_path, row, what):
    file = tmp_path / "own.jsonl"
    file.write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=f"{what} is empty"):
        make_task("summarisation", data=str(file)).test()


def test_overflow_is_an_impossible_output(make_setup, task, tokenizer):
    setup = make_setup(task, Writes([1], logit=float("nan")), tokenizer)
    with pytest.raises(ImpossibleOutput):
        task.score(setup, [{"text": "x", "target": "y"}])


def test_random_weights_read_random_documents_and_are_not_scored(make_setup, task):
    setup = make_setup(task, tiny_t5(), None)
    examples = task.test()[:2]
    batch = task.batch(setup, examples)
    assert batch["input_ids"].shape == (2, task.document_tokens)
    assert bool((task.batch(setup, examples)["input_ids"] == batch["input_ids"]).all())
    assert torch.isfinite(task.loss(setup.model, task.training_batch(setup, examples)))
    with pytest.raises(NotApplicable):
        task.score(setup, examples)


@pytest.mark.parametrize(("change", "value"), [("new_tokens", 0), ("scored_tokens", 0), ("document_tokens", 1)])
def test_impossible_lengths_are_refused(task, change, value):
    with pytest.raises(InputError, match=f"task.{change}"):
        dataclasses.replace(task, **{change: value})


def test_a_model_of_too_few_positions_is_refused(make_task):
    model = SimpleNamespace(generate=None, config=SimpleNamespace(max_position_embeddings=40))
    model.config.get_text_config = lambda: model.config
    with pytest.raises(InputError, match="40 positions"):
        make_task("summarisation", document_tokens=41).check_model(model, None)
    with pytest.raises(InputError, match="can write 39 tokens"):
        make_task("summarisation", document_tokens=8, scored_tokens=40).check_model(model, None)
