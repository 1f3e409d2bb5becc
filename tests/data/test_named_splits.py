"""Data that is named by split: scored whole, never cut."""

import json

import pytest

from suite.core.own_data import OwnSplits, own_data
from suite.data.columns import Columns
from suite.data.splits import load_splits
from suite.errors import InputError, NotApplicable
from tests.data.writing import rows, texts, write_image, write_jsonl


def named(test, train=None, kind="text"):
    return load_splits(OwnSplits(test=str(test), train=train and str(train)), kind=kind, seed=0)


def whole(source, kind="text"):
    return load_splits(str(source), kind=kind, seed=0)


def test_the_test_file_is_scored_whole_in_its_order(tmp_path):
    splits = named(write_jsonl(tmp_path / "reviews.jsonl", rows(9)))
    assert texts(splits.test) == [f"text {at}" for at in range(9)]
    assert (len(splits.train), len(splits.validation)) == (0, 0)
    assert splits.test_is == "reviews.jsonl"


@pytest.mark.parametrize("split", ["train", "validation"])
def test_without_training_data_the_key_to_set_is_named(tmp_path, split):
    splits = named(write_jsonl(tmp_path / "reviews.jsonl", rows(9)))
    assert splits.part("test") == splits.test
    with pytest.raises(NotApplicable, match=r"reviews\.jsonl is all scored.*set task\.data\.train=FILE"):
        splits.part(split)


def test_training_data_loses_what_is_scored_and_gives_validation(tmp_path):
    test = write_jsonl(tmp_path / "a.jsonl", rows(4))
    splits = named(test, write_jsonl(tmp_path / "b.jsonl", rows(24)))
    assert texts(splits.test) == [f"text {at}" for at in range(4)]
    assert (len(splits.train), len(splits.validation)) == (18, 2)  # 20 are left, a tenth is carved out
    assert not set(texts(splits.train)) & (set(texts(splits.test)) | set(texts(splits.validation)))


def test_the_same_file_for_both_is_refused(tmp_path):
    file = write_jsonl(tmp_path / "a.jsonl", rows(20))
    with pytest.raises(InputError, match="no training or validation items are left"):
        named(file, file)


def test_a_folders_splits_are_used_for_what_they_are(tmp_path):
    write_jsonl(tmp_path / "d/train.jsonl", rows(8))
    write_jsonl(tmp_path / "d/validation.jsonl", rows(3, 8))
    write_jsonl(tmp_path / "d/test.jsonl", rows(4, 11))
    splits = named(tmp_path / "d", tmp_path / "d")
    assert [len(splits.train), len(splits.validation), texts(splits.test)[0]] == [8, 3, "text 11"]
    assert splits.test_is == "the test split of d"
    assert texts(named(tmp_path / "d/validation.jsonl", tmp_path / "d").test)[0] == "text 8"


def test_a_folder_without_the_split_that_is_meant_is_refused(tmp_path):
    test = write_jsonl(tmp_path / "test.jsonl", rows(4))
    write_jsonl(tmp_path / "d/validation.jsonl", rows(3, 8))
    write_jsonl(tmp_path / "d/test.jsonl", rows(4, 11))
    with pytest.raises(InputError, match=r"no labelled train split \(test, validation\).*name the file"):
        named(test, tmp_path / "d")


@pytest.mark.parametrize("name", ["test.jsonl", "test-00000-of-00001.jsonl", "data/test.jsonl"])
def test_a_lone_test_file_of_a_folder_is_not_cut(tmp_path, name):
    write_jsonl(tmp_path / "d" / name, rows(12))
    splits = whole(tmp_path / "d")
    assert (len(splits.test), len(splits.train), len(splits.validation)) == (12, 0, 0)
    assert splits.test_is == "the test split of d"


def test_one_file_is_cut_and_says_so(tmp_path):
    assert whole(write_jsonl(tmp_path / "a.jsonl", rows(10))).test_is == "the test part (20 %) cut from a.jsonl"
    repeated = whole(write_jsonl(tmp_path / "b.jsonl", rows(10) * 2))
    assert repeated.test_is == "the test part (20 %) cut from b.jsonl, repeats left out"


def test_validation_that_stands_in_for_test_is_called_validation(tmp_path):
    write_jsonl(tmp_path / "d/train.jsonl", rows(20))
    write_jsonl(tmp_path / "d/dev.jsonl", rows(4, 20))
    assert whole(tmp_path / "d").test_is == "the validation split of d"


def test_items_that_a_test_split_repeats_stay_and_share_a_source(tmp_path):
    splits = named(write_jsonl(tmp_path / "a.jsonl", [*rows(3), *rows(2)]))
    assert [example["source"] for example in splits.test] == [0, 1, 2, 0, 1]


def test_items_that_differ_have_no_source(tmp_path):
    assert all("source" not in each for each in named(write_jsonl(tmp_path / "a.jsonl", rows(3))).test)


def test_images_that_a_test_split_repeats_share_a_source(tmp_path):
    for at, shade in enumerate([10, 20, 10, 30]):
        write_image(tmp_path / "test" / "ab"[at % 2] / f"{at}.png", shade)
    splits = whole(tmp_path, "image")
    assert [(example["image"].getpixel((0, 0)), example["source"]) for example in splits.test] == [
        (10, 0),
        (10, 0),
        (20, 1),
        (30, 2),
    ]
    assert sorted(splits.test[0]) == ["image", "label", "source"]


def test_documents_that_a_corpus_repeats_share_a_source(tmp_path):
    long = ["one " * 200, "two " * 200, "one " * 200]
    splits = named(write_jsonl(tmp_path / "a.jsonl", [{"text": text} for text in long]), kind="corpus")
    assert [example["source"] for example in splits.test] == ["document 0", "document 1", "document 0"]


def test_a_text_file_is_scored_whole(tmp_path):
    text = "".join(f"line {at} of a text\n" for at in range(300))
    (tmp_path / "play.txt").write_text(text)
    assert "".join(texts(named(tmp_path / "play.txt", kind="corpus").test)) == text


# What task.data may say


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, None),
        ({"test": None, "train": None}, None),
        ("a.csv", "a.csv"),
        ({"test": "a.csv", "train": None}, OwnSplits(test="a.csv", train=None)),
        ({"test": "a.csv", "train": "b"}, OwnSplits(test="a.csv", train="b")),
        (OwnSplits(test="a.csv", train=None), OwnSplits(test="a.csv", train=None)),
    ],
)
def test_what_the_keys_mean(given, meant):
    assert own_data(given) == meant


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"train": "b.csv"}, r"task\.data\.train names no data to score on, got 'b\.csv', set task\.data\.test"),
        ({"test": " "}, r"task\.data\.test is empty"),
        ({"test": "a", "train": ""}, r"task\.data\.train is empty"),
        ({"test": "a", "dev": "b"}, r"no such split, got \['dev'\]"),
        (" ", r"task\.data is empty"),
    ],
)
def test_what_they_cannot_mean_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        own_data(given)


def test_the_users_column_decides_the_labels(tmp_path):
    rows = [{"text": f"t {n}", "coarse_label": "all", "fine_label": "ab"[n % 2]} for n in range(40)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = load_splits(str(tmp_path / "a.jsonl"), kind="text", seed=0, columns=Columns(label="fine_label"))
    assert {example["label"] for example in found.test} == {"a", "b"}
