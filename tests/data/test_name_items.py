import pytest

from suite.data.cldr_names import cldr_names, split_of
from suite.data.name_items import PAIRS, questions, translations

SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize("split", SPLITS)
def test_the_answer_is_the_translation_beside_the_question(split):
    for item in questions(split)[:300]:
        lines = dict(line.split(": ", 1) for line in item["text"].split("; "))
        (answer,) = item["answers"]
        assert lines[item["question"]] == answer.text == item["text"][answer.start : answer.start + len(answer.text)]


@pytest.mark.parametrize("split", SPLITS)
def test_no_answer_is_spelt_like_its_question(split):
    assert all(item["answers"][0].text.casefold() != item["question"].casefold() for item in questions(split))


def test_lists_are_of_one_length_where_they_are_scored_and_of_several_in_training():
    lengths = {split: {item["text"].count("; ") + 1 for item in questions(split)} for split in SPLITS}
    assert lengths == {"train": set(range(2, PAIRS + 1)), "validation": {PAIRS}, "test": {PAIRS}}


def test_the_answer_may_stand_anywhere():
    places = {item["text"][: item["answers"][0].start].count("; ") for item in questions("test")}
    assert places == set(range(PAIRS))


@pytest.mark.parametrize("make", [questions, translations])
def test_nothing_named_in_the_test_split_is_seen_in_training(make):
    seen = {split: {item["source"] for item in make(split)} for split in SPLITS}
    assert not seen["train"] & seen["test"]
    assert not seen["train"] & seen["validation"]
    assert not seen["validation"] & seen["test"]


def test_distractors_come_from_the_same_split():
    names = {name["en"] for name in cldr_names() if split_of(name["en"]) == "train"}
    assert {line.split(": ")[0] for item in questions("train")[:500] for line in item["text"].split("; ")} <= names


def test_a_thing_has_one_target_in_the_test_split():
    targets = {}
    for item in translations("test"):
        targets.setdefault(item["source"], set()).add(item["target"])
    assert len(targets) > 500
    assert all(len(found) == 1 for found in targets.values())


@pytest.mark.parametrize("make", [questions, translations])
def test_items_are_the_same_each_time(make):
    first = make("validation")[:5]
    make.cache_clear()
    assert make("validation")[:5] == first
