"""Tables with tagged words, questions and pairs of texts."""

import json

import pytest

from suite.data.labels import ClassNumber
from suite.data.splits import load_splits
from suite.data.structured import Answer
from suite.errors import InputError

CONTEXT = "Ada Lovelace was born in London in 1815."


def placed(*starts):
    return {"text": ["London"], "answer_start": list(starts)}


def written(folder, rows):
    path = folder / "data.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def items(path, kind):
    splits = load_splits(path, kind=kind, seed=0)
    return [*splits.train, *splits.validation, *splits.test]


def test_words_keep_their_tags(tmp_path):
    rows = [{"tokens": ["Ada", f"n{n}"], "ner_tags": ["PER", "O"]} for n in range(12)]
    found = sorted(items(written(tmp_path, rows), "words"), key=lambda each: each["text"])
    assert len(found) == 12
    assert (found[0]["words"], found[0]["labels"], found[0]["text"]) == (("Ada", "n0"), ("PER", "O"), "Ada n0")


def test_words_of_a_csv_stand_apart_by_spaces(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("words,tags\n" + "\n".join(f"Ada n{n},PER O" for n in range(12)))
    assert {each["labels"] for each in items(str(path), "words")} == {("PER", "O")}


def test_tags_that_a_parquet_file_names_have_their_names(tmp_path):
    datasets = pytest.importorskip("datasets")
    features = {
        "tokens": datasets.List(datasets.Value("string")),
        "tags": datasets.List(datasets.ClassLabel(names=["O", "PER"])),
    }
    columns = {"tokens": [["Ada", f"n{n}"] for n in range(12)], "tags": [[1, 0]] * 12}
    path = tmp_path / "data.parquet"
    datasets.Dataset.from_dict(columns, features=datasets.Features(features)).to_parquet(str(path))
    first = items(str(path), "words")[0]
    assert first["labels"] == (ClassNumber(1, ("O", "PER")), ClassNumber(0, ("O", "PER")))


@pytest.mark.parametrize(
    "answers",
    [
        "London",
        ["London"],
        {"text": ["London"], "answer_start": [25]},
        {"text": "London", "answer_start": 25},
        {"text": ["London"], "answer_start": None},
    ],
)
def test_answers_stand_in_their_context(tmp_path, answers):
    rows = [{"context": CONTEXT + " " * n, "question": "Where?", "answers": answers} for n in range(12)]
    found = items(written(tmp_path, rows), "question")
    assert {each["answers"] for each in found} == {(Answer("London", 25),)}
    assert {each["question"] for each in found} == {"Where?"}


def test_questions_of_one_context_are_one_source_and_in_one_split(tmp_path):
    rows = [{"context": f"{n % 12} {CONTEXT}", "question": f"Q{n}?", "answers": "London"} for n in range(36)]
    splits = load_splits(written(tmp_path, rows), kind="question", seed=0)
    contexts = [{each["text"] for each in part} for part in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, contexts)) == 12
    assert len({each["source"] for each in splits.test}) == len(contexts[2])


def test_a_question_without_an_answer_is_left_out(tmp_path):
    rows = [{"context": f"{n} {CONTEXT}", "question": "Q?", "answers": "London" if n % 2 else []} for n in range(24)]
    assert len(items(written(tmp_path, rows), "question")) == 12


def test_a_summary_stands_beside_its_text(tmp_path):
    rows = [{"article": f"long {n}", "highlights": f"short {n}"} for n in range(12)]
    assert {(each["text"][5:], each["target"][6:]) for each in items(written(tmp_path, rows), "pair")} == {
        (str(n), str(n)) for n in range(12)
    }


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        ("words", {"tokens": ["a", "b"], "tags": ["O"]}, "2 words and 1 tags"),
        ("words", {"tokens": [], "tags": []}, "the text is empty"),
        ("words", {"tokens": ["a", " "], "tags": ["O", "O"]}, "a word is empty"),
        ("words", {"tokens": ["a"], "tags": [1.5]}, "a tag must be a name or a whole number"),
        ("words", {"tokens": ["a"]}, "no tags column"),
        ("question", {"context": CONTEXT, "question": "Q?", "answers": "Paris"}, "does not stand in its context"),
        (
            "question",
            {"context": CONTEXT, "question": "Q?", "answers": {"text": ["London"], "answer_start": [90]}},
            "at 90",
        ),
        (
            "question",
            {"context": CONTEXT, "question": "Q?", "answers": {"text": ["London"], "answer_start": [1, 2]}},
            "number",
        ),
        ("question", {"context": CONTEXT, "question": " ", "answers": "London"}, "question is empty"),
        ("question", {"context": CONTEXT, "question": "Q?", "answers": ""}, "an answer is empty"),
        ("question", {"context": CONTEXT, "question": "Q?", "answers": 1815}, "an answer is no text"),
        ("question", {"context": CONTEXT, "question": "Q?", "answers": [placed(25)]}, "an answer is no text"),
        ("question", {"context": CONTEXT, "question": "Q?", "answers": placed("25")}, "place is no whole number"),
        ("question", {"context": CONTEXT, "question": "Q?", "answers": placed(True)}, "place is no whole number"),
        ("question", {"context": CONTEXT, "question": "Q?", "answers": []}, "the data has no answers"),
        ("pair", {"article": "long", "summary": ""}, "summary is empty"),
    ],
)
def test_wrong_rows_are_one_clear_error(tmp_path, kind, row, words):
    with pytest.raises(InputError, match=words) as error:
        load_splits(written(tmp_path, [row] * 12), kind=kind, seed=0)
    assert "data.jsonl" in str(error.value)
