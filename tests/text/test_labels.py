"""Labels as people read them."""

import pytest

from suite.text.labels import file_stem, plain, told_apart, words


@pytest.mark.parametrize(
    ("label", "read"),
    [
        ("my_bert@0a1b2c3d", "my_bert"),
        ("text_classification[data=mine.jsonl@4d79eb6b]", "text_classification[data=mine.jsonl]"),
        ("t[data.test=a.csv@4d79eb6b,data.train=b.csv@00000000]", "t[data.test=a.csv,data.train=b.csv]"),
        ("org/model@main", "org/model@main"),
        ("vit_digits", "vit_digits"),
    ],
)
def test_a_fingerprint_is_no_part_of_a_name(label, read):
    assert plain(label) == read


def test_labels_that_differ_in_the_fingerprint_alone_keep_it():
    labels = ["my_bert@0a1b2c3d", "my_bert@11111111", "other@22222222", "my_bert@0a1b2c3d"]
    assert told_apart(labels) == {
        "my_bert@0a1b2c3d": "my_bert@0a1b2c3d",
        "my_bert@11111111": "my_bert@11111111",
        "other@22222222": "other",
    }


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("text_classification", "text classification"),
        ("text_generation[new_tokens=8,prompt_tokens=16]", "text generation (new_tokens=8, prompt_tokens=16)"),
        ("text_classification[data=my-reviews_2.jsonl]", "text classification (data=my-reviews_2.jsonl)"),
    ],
)
def test_what_the_user_typed_stays_as_it_was_typed(name, read):
    assert words(name) == read


def test_a_file_is_called_by_its_parts():
    parts = ("my run", "text_classification[data=mine.jsonl@4d79eb6b]", "tradeoff-1")
    assert file_stem(*parts) == "my-run-text-classification-data-mine.jsonl-tradeoff-1"
