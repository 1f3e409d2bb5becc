"""The user's own model and data, from the command line, without touching the code."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import PreTrainedTokenizerFast

from suite.__main__ import main
from suite.checkpoints import hub
from suite.io.paths import CHECKOUT
from suite.record.hashing import fingerprint
from suite.record.store import load_run
from suite.sweep import inputs
from tests.commands.test_command_line import FAST, HERE
from tests.fakes import tiny_bert, tiny_vit

WORDS = ["good", "bad", "film", "plot", "the", "a", "was", "very", "dull", "fine"]


def fine_tuned_bert(folder):
    """A fine-tuned BERT's directory, as save_pretrained leaves it: weights, config, tokenizer."""
    vocabulary = {word: index for index, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    words = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]")
    model = tiny_bert(num_labels=2, id2label={0: "negative", 1: "positive"}, label2id={"negative": 0, "positive": 1})
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def bert(tmp_path):
    return fine_tuned_bert(tmp_path / "my-bert")


@pytest.fixture
def reviews(tmp_path):
    file = tmp_path / "reviews.jsonl"
    rows = [
        {
            "text": f"the film {index} was {WORDS[index % 10]} {WORDS[index % 7]}",
            "label": "positive" if index % 3 else "negative",
        }
        for index in range(80)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def run(tmp_path, *arguments):
    code = main([*FAST, HERE, "task=text_classification", f"runs_dir={tmp_path}/runs", *arguments])
    return code, [record for _, record in load_run(tmp_path / "runs" / "default")[0]]


@pytest.mark.slow
def test_a_fine_tuned_bert_and_a_file_of_sentences_are_measured_and_scored(tmp_path, bert, reviews):
    code, records = run(tmp_path, f"model.path={bert}", f"task.data={reviews}", "mitigation=bf16")
    assert code == 0
    (record,) = records
    assert (record.status, record.reason) == ("ok", None)
    assert record.point.model == f"my-bert@{fingerprint(bert)}"
    assert f"data=reviews.jsonl@{fingerprint(reviews)}" in record.point.task
    assert len(record.scores.baseline) == len(record.scores.candidate) > 0
    assert set(record.scores.baseline) <= {0.0, 1.0}


@pytest.mark.slow
def test_another_checkpoint_can_take_the_models_place(tmp_path, bert, reviews):
    code, records = run(
        tmp_path, f"model.path={bert}", f"task.data={reviews}", "mitigation=checkpoint",
        f"mitigation.checkpoint.path={bert}",
    )  # fmt: skip
    assert code == 3  # the same weights in the model's place change nothing, and that is said
    assert [(record.status, record.reason.kind) for record in records] == [("failed", "no_effect")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ('{"text": "a"}\n' * 20, "label"),
        ("".join(json.dumps({"text": f"film {index}", "label": "neutral"}) + "\n" for index in range(40)), "neutral"),
        ("".join(json.dumps({"text": f"film {index}", "label": index % 5}) + "\n" for index in range(40)), "label"),
    ],
)
def test_data_that_does_not_fit_is_one_line_and_exit_2(tmp_path, bert, capsys, content, words):
    file = tmp_path / "wrong.jsonl"
    file.write_text(content)
    code, records = run(tmp_path, f"model.path={bert}", f"task.data={file}")
    lines = capsys.readouterr().err.strip().splitlines()
    assert (code, records, len(lines)) == (2, [], 1)
    assert lines[0].startswith("error: ")
    assert words in lines[0]


def test_a_model_of_another_task_is_one_line_and_exit_2(tmp_path, reviews, capsys):
    folder = tmp_path / "vit"
    tiny_vit().save_pretrained(folder)
    code, records = run(tmp_path, f"model.path={folder}", f"task.data={reviews}")
    lines = capsys.readouterr().err.strip().splitlines()
    assert (code, records, len(lines)) == (2, [], 1)
    assert lines[0].startswith("error: ")


def without(name):
    return lambda folder: (folder / name).unlink()


def only_special_tokens(folder):
    for file in folder.glob("tokenizer*"):
        file.unlink()


def torn(folder):
    (folder / "config.json").write_text("{")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (without("config.json"), "no config.json"),
        (without("model.safetensors"), "no weights"),
        (only_special_tokens, "okenizer"),
        (torn, "config.json cannot be used"),
    ],
)
@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_a_model_that_lacks_something_is_found_before_the_first_of_many_points(
    tmp_path, bert, reviews, capsys, spoil, words, dry
):
    spoil(bert)
    code, records = run(tmp_path, *dry, f"model.path={bert}", f"task.data={reviews}", "-m", "mitigation=none,bf16")
    lines = capsys.readouterr().err.strip().splitlines()
    assert (code, records, len(lines)) == (2, [], 1)
    assert words in lines[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "empty"), ("".join(f'{{"text": "film {index}", "label": "neutral"}}\n' for index in range(40)), "neutral")],
)
@pytest.mark.parametrize("dry", [["--dry-run"], []])
def test_data_that_does_not_fit_is_found_before_the_first_of_many_points(tmp_path, bert, capsys, content, words, dry):
    file = tmp_path / "wrong.jsonl"
    file.write_text(content)
    code, records = run(tmp_path, *dry, f"model.path={bert}", f"task.data={file}", "-m", "mitigation=none,bf16")
    lines = capsys.readouterr().err.strip().splitlines()
    assert (code, records, len(lines)) == (2, [], 1)
    assert words in lines[0]


def test_an_own_model_on_the_embedded_data_is_found_before_the_first_point(tmp_path, bert, capsys):
    code, records = run(tmp_path, "--dry-run", f"model.path={bert}")
    lines = capsys.readouterr().err.strip().splitlines()
    assert (code, records, len(lines)) == (2, [], 1)
    assert "label" in lines[0]


def test_an_embedded_model_of_another_task_is_found_before_the_first_point(tmp_path, capsys):
    code, records = run(tmp_path, "--dry-run", "model=vit_digits")
    assert (code, records) == (2, [])
    assert "does not fit the task text_classification" in capsys.readouterr().err


def test_what_fits_is_listed_and_its_weights_are_not_read(tmp_path, bert, reviews, capsys):
    """No more than their header, which names the tensors."""
    (bert / "model.safetensors").write_bytes(b"no weights at all")
    code, _ = run(tmp_path, "--dry-run", f"model.path={bert}", f"task.data={reviews}", "-m", "mitigation=none,bf16")
    assert (code, capsys.readouterr().err) == (0, "")


def test_each_pair_of_model_and_data_is_looked_at_once(tmp_path, bert, reviews, monkeypatch):
    asked = []
    monkeypatch.setattr(inputs, "check_before_loading", lambda *words, **more: asked.append(words))
    points = ["mitigation=none,bf16", f"model.path={bert},models/bert_languages", f"task.data={reviews},null"]
    run(tmp_path, "--dry-run", *points, "-m")
    assert [(str(Path(spec.path).resolve()), task.data) for spec, task in asked] == [
        (str(bert), str(reviews)),
        (str(bert), None),
        (str(CHECKOUT / "models" / "bert_languages"), str(reviews)),
    ]  # the embedded model and data fit each other


def test_the_hub_is_not_asked_before_the_first_point(tmp_path, bert, reviews, monkeypatch):
    monkeypatch.setattr(hub, "look_up", lambda *_: pytest.fail("asked the hub"))
    assert run(tmp_path, "--dry-run", "model.path=owner/name", f"task.data={reviews}")[0] == 0
    assert run(tmp_path, "--dry-run", f"model.path={bert}", "task.data=owner/data")[0] == 0
