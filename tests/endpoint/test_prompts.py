import json

import pytest

from suite.endpoint.prompts import Prompt, chance, listed_s, of_examples, read_prompts, score, scored
from suite.errors import InputError


def written(folder, *rows):
    path = folder / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_lines_are_read(tmp_path):
    path = written(
        tmp_path,
        {"prompt": "2 + 2 =", "answer": "4"},
        {"prompt": "Is water wet?", "answers": ["yes"], "choices": ["yes", "no"], "arrives_s": 1.5},
        {"prompt": "Tell me more."},
    )
    assert read_prompts(path) == (
        Prompt(text="2 + 2 =", answers=("4",)),
        Prompt(text="Is water wet?", answers=("yes",), choices=("yes", "no"), arrives_s=1.5),
        Prompt(text="Tell me more."),
    )


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"text": "a"}, "a line has no prompt"),
        ({"prompt": ""}, "a line has no prompt"),
        ({"prompt": "a", "answer": 4}, "answer must be a text"),
        ({"prompt": "a", "answer": "maybe", "choices": ["yes", "no"]}, "none of its choices"),
        ({"prompt": "a", "arrives_s": -1}, "arrives_s must be seconds"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, row, complaint):
    with pytest.raises(InputError, match=complaint) as error:
        read_prompts(written(tmp_path, {"prompt": "first"}, row))
    assert "row 2" in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_prompts(tmp_path / "none.jsonl")


CHOICES = Prompt(text="?", answers=("Paris",), choices=("Paris", "Parison", "Rome"))


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("paris.", 1.0),
        ("I say Rome, not Paris", 0.0),
        ("Parison", 0.0),
        ("no idea", 0.0),
        ("it is Paris, not Rome", 1.0),
    ],
)
def test_a_choice_is_the_first_that_is_named(answer, right):
    assert score(CHOICES, answer, "choice") == right


@pytest.mark.parametrize(("answer", "right"), [(" The 42!", 1.0), ("43", 0.0), ("forty-two", 1.0)])
def test_exact_match_leaves_out_punctuation_and_articles(answer, right):
    assert score(Prompt(text="?", answers=("42", "forty-two")), answer, "exact_match") == right


def test_chance_is_that_of_the_choices():
    both = [CHOICES, Prompt(text="?", answers=("a",), choices=("a", "b"))]
    assert chance(both, "choice") == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert chance(both, "exact_match") is None


def test_prompts_without_answers_are_not_scored():
    assert scored([Prompt(text="a"), CHOICES], "choice") == [CHOICES]
    with pytest.raises(InputError, match="no choices"):
        scored([Prompt(text="a", answers=("b",))], "choice")


def test_listed_arrivals_rise():
    assert listed_s([Prompt(text="a", arrives_s=0.0), Prompt(text="b", arrives_s=2.0)]) == (0.0, 2.0)
    for moments in ([1.0, 0.5], [1.0, None], [0.0, 0.0]):
        with pytest.raises(InputError, match="a moment for each prompt"):
            listed_s([Prompt(text="a", arrives_s=each) for each in moments])


def test_queries_of_a_task_are_prompts_where_they_are_texts():
    assert of_examples([{"text": "a"}]) == (Prompt(text="a"),)
    with pytest.raises(InputError, match="asked texts"):
        of_examples([{"image": 1}])
