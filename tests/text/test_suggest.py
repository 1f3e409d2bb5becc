from pathlib import Path

import pytest

from suite.text.suggest import MOST_LISTED, MOST_NAMES, beside, did_you_mean, near_names, one_of


def test_a_name_that_holds_the_word_as_a_part_comes_before_more_alike_ones():
    assert near_names("georgia", ["georgien", "us/georgia"]) == ["us/georgia", "georgien"]
    assert near_names("margin", ["marine", "task.margin"])[0] == "task.margin"


def test_no_more_names_than_one_reads_are_near():
    assert len(near_names("name", [f"name{number}" for number in range(9)])) == MOST_NAMES


@pytest.mark.parametrize(("wrong", "question"), [("embeded", "did you mean embedded? "), ("zzz", ""), ("", "")])
def test_the_question_names_the_nearest_name_or_is_empty(wrong, question):
    assert did_you_mean(wrong, ["gpu", "embedded"]) == question


def test_few_names_are_listed_and_many_are_left_to_the_help():
    assert one_of("x", ["gpu", "smoke"]) == "known: gpu, smoke"
    assert one_of("n1", [f"name{number}" for number in range(MOST_LISTED + 1)]).endswith("see --help")
    assert one_of("x", []) == "see --help"


def test_what_lies_beside_a_missing_file_is_asked_for(tmp_path):
    (tmp_path / "reviews.jsonl").touch()
    found = beside(tmp_path / "review.jsonl", otherwise="give another")
    assert found == f"did you mean {tmp_path / 'reviews.jsonl'}?"


@pytest.mark.parametrize("path", ["unlike", "no/such/folder/x"])
def test_where_nothing_similar_lies_beside_it_the_other_remedy_stands(tmp_path, path):
    (tmp_path / "reviews.jsonl").touch()
    assert beside(tmp_path / Path(path), otherwise="give another") == "give another"
