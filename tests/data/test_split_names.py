"""Which files of a folder are its splits."""

import pytest

from suite.data.split_names import by_split
from suite.data.splits import load_splits
from suite.errors import InputError
from tests.data.writing import rows, write_jsonl


def split(folder, *names):
    for name in names:
        (folder / name).touch()
    found = by_split(folder, sorted(folder.iterdir()))
    return {name: [entry.name for entry in entries] for name, entries in found.items()}


@pytest.mark.parametrize(
    "names",
    [
        ["train.csv", "test.csv"],
        ["Train.CSV", "TEST.csv.gz"],
        ["train_data.csv", "test_data.csv"],
        ["training.tsv", "eval.tsv"],
        ["train_2022.csv", "test_2023.csv"],
    ],
)
def test_one_file_a_split(tmp_path, names):
    found = split(tmp_path, *names)
    assert sorted(found) == ["test", "train"]
    assert {len(entries) for entries in found.values()} == {1}


@pytest.mark.parametrize(
    "names",
    [
        ["test-00000-of-00002.parquet", "test-00001-of-00002.parquet"],
        ["test-00000-of-00002-2359d4a1f2b9aaa1.parquet", "test-00001-of-00002-77d0c05a0a2aa3f1.parquet"],
        ["test_reviews_1.csv", "test_reviews_2.csv"],
        ["test.part1.csv", "test.part2.csv"],
    ],
)
def test_pieces_of_a_split_belong_together(tmp_path, names):
    assert split(tmp_path, *names) == {"test": names}


@pytest.mark.parametrize(
    "names",
    [
        ["test.csv", "test_predictions.csv"],
        ["test.csv", "test.jsonl"],
        ["test.csv", "eval.csv"],
        ["test.csv", "test_1.csv"],
        ["test.csv", "test.csv.gz"],
        ["test-00000-of-00001.csv", "test-00000-of-00002.csv"],
    ],
)
def test_two_of_one_split_are_refused_by_name(tmp_path, names):
    with pytest.raises(InputError, match="several files for its test split") as caught:
        split(tmp_path, "train.csv", *names)
    assert sorted(caught.value.got) == sorted(names)
    assert "task.data.test=FILE" in caught.value.remedy


def test_predictions_are_no_test_split_of_the_training_data(tmp_path):
    with pytest.raises(InputError, match="do not look like splits of one data set") as caught:
        split(tmp_path, "train.csv", "test_predictions.csv")
    assert caught.value.got == ["test_predictions.csv", "train.csv"]


def test_predictions_beside_the_data_are_not_scored(tmp_path):
    write_jsonl(tmp_path / "train.jsonl", rows(20))
    write_jsonl(tmp_path / "test.jsonl", rows(8, 20))
    assert len(load_splits(str(tmp_path), kind="text", seed=0).test) == 8
    write_jsonl(tmp_path / "test_predictions.jsonl", [{**row, "label": 0} for row in rows(8, 20)])
    with pytest.raises(InputError, match=r"'test\.jsonl', 'test_predictions\.jsonl'"):
        load_splits(str(tmp_path), kind="text", seed=0)
