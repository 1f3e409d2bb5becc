"""The user's own data: files, folders, splits, and what is said where they do not fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from suite.data import hub_data, readers
from suite.data.splits import Splits, load_splits
from suite.errors import InputError, NotApplicable
from suite.io.paths import CHECKOUT
from tests.data.writing import rows, texts, write_image, write_jsonl
from tests.hub_stand_in import Fault, hub_stand_in


def text(source: Path, seed: int = 0) -> Splits:
    return load_splits(str(source), kind="text", seed=seed)


def images(source: Path) -> Splits:
    return load_splits(str(source), kind="image", seed=0)


def corpus(source: Path) -> Splits:
    return load_splits(str(source), kind="corpus", seed=0)


# Splitting


def test_one_file_is_cut_70_10_20(tmp_path: Path) -> None:
    splits = text(write_jsonl(tmp_path / "a.jsonl", rows(100)))
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (70, 10, 20)


def test_every_row_is_in_exactly_one_part(tmp_path: Path) -> None:
    splits = text(write_jsonl(tmp_path / "a.jsonl", rows(30)))
    everything = texts(splits.train) + texts(splits.validation) + texts(splits.test)
    assert sorted(everything) == sorted(row["text"] for row in rows(30))


def test_the_order_of_the_rows_does_not_move_them(tmp_path: Path) -> None:
    forward = text(write_jsonl(tmp_path / "a.jsonl", rows(50)))
    backward = text(write_jsonl(tmp_path / "b.jsonl", rows(50)[::-1]))
    assert set(texts(forward.test)) == set(texts(backward.test))


def test_the_seed_moves_rows(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", rows(50))
    assert set(texts(text(path, seed=0).test)) != set(texts(text(path, seed=1).test))


def test_repeated_rows_count_once(tmp_path: Path) -> None:
    splits = text(write_jsonl(tmp_path / "a.jsonl", rows(20) * 3))
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 20


def test_one_text_with_two_labels_stays_together(tmp_path: Path) -> None:
    both = [{"text": row["text"], "label": label} for row in rows(40) for label in (0, 1)]
    splits = text(write_jsonl(tmp_path / "a.jsonl", both))
    assert not set(texts(splits.train)) & set(texts(splits.test))
    assert len(splits.test) == 16  # a fifth of 40 texts, twice


def test_nine_rows_are_too_few(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"too few different items \(9\).*give at least 10"):
        text(write_jsonl(tmp_path / "a.jsonl", rows(9)))


def test_splits_that_the_data_has_are_kept(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", rows(8))
    write_jsonl(tmp_path / "dev.jsonl", rows(11)[8:])
    write_jsonl(tmp_path / "test.jsonl", rows(15)[11:])
    splits = text(tmp_path)
    assert texts(splits.train) == [f"text {at}" for at in range(8)]
    assert texts(splits.validation) == ["text 8", "text 9", "text 10"]
    assert texts(splits.test) == ["text 11", "text 12", "text 13", "text 14"]


def test_validation_stands_in_for_a_missing_test(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", rows(20))
    write_jsonl(tmp_path / "validation.jsonl", rows(24)[20:])
    splits = text(tmp_path)
    assert texts(splits.test) == ["text 20", "text 21", "text 22", "text 23"]
    assert (len(splits.validation), len(splits.train)) == (2, 18)  # a tenth of train is carved out


@pytest.mark.parametrize("secret", [-1, None, ""])
def test_a_test_split_without_labels_is_not_used(tmp_path: Path, secret: Any) -> None:
    write_jsonl(tmp_path / "train.jsonl", rows(20))
    write_jsonl(tmp_path / "validation.jsonl", rows(24)[20:])
    unlabelled = [{"text": f"secret {at}", "label": secret} for at in range(5)]
    write_jsonl(tmp_path / "test.jsonl", unlabelled)
    assert texts(text(tmp_path).test) == ["text 20", "text 21", "text 22", "text 23"]


def test_a_test_split_without_a_label_column_is_not_used(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", rows(20))
    write_jsonl(tmp_path / "validation.jsonl", rows(24)[20:])
    write_jsonl(tmp_path / "test.jsonl", [{"text": "secret"}])
    assert texts(text(tmp_path).test) == ["text 20", "text 21", "text 22", "text 23"]


def test_a_train_split_without_a_label_column_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [{"text": "unlabelled"}])
    write_jsonl(tmp_path / "test.jsonl", rows(20))
    with pytest.raises(InputError, match=r"no label column \(.*train\.jsonl, row 1\)"):
        text(tmp_path)


def test_what_is_also_in_test_is_taken_out_of_train(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", rows(10))
    write_jsonl(tmp_path / "validation.jsonl", rows(12)[8:])
    write_jsonl(tmp_path / "test.jsonl", rows(13)[11:])
    splits = text(tmp_path)
    assert texts(splits.test) == ["text 11", "text 12"]
    assert texts(splits.validation) == ["text 8", "text 9", "text 10"]
    assert texts(splits.train) == [f"text {at}" for at in range(8)]


def test_splits_that_are_all_the_same_are_refused(tmp_path: Path) -> None:
    for name in ("train", "validation", "test"):
        write_jsonl(tmp_path / f"{name}.jsonl", rows(12))
    with pytest.raises(InputError, match="no training or validation items are left"):
        text(tmp_path)


def test_split_files_in_pieces_are_joined(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "data/train-00000-of-00002.jsonl", rows(6))
    write_jsonl(tmp_path / "data/train-00001-of-00002.jsonl", rows(12)[6:])
    write_jsonl(tmp_path / "data/test-00000-of-00001.jsonl", rows(15)[12:])
    splits = text(tmp_path)
    assert len(splits.train) + len(splits.validation) == 12
    assert len(splits.test) == 3


# Formats


def all_rows(splits: Splits) -> list[tuple[Any, Any]]:
    examples = [*splits.train, *splits.validation, *splits.test]
    return sorted((example["text"], example["label"]) for example in examples)


def test_json_list(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(rows(10)))
    assert all_rows(text(tmp_path / "a.json")) == sorted((row["text"], row["label"]) for row in rows(10))


def test_json_with_a_list_inside(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"version": 1, "data": rows(10)}))
    assert len(all_rows(text(tmp_path / "a.json"))) == 10


def test_csv_with_quotes_and_a_byte_order_mark(tmp_path: Path) -> None:
    lines = ["sentence,label", *(f'"one, ""two"" {at}",{at % 2}' for at in range(10))]
    (tmp_path / "a.csv").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    assert all_rows(text(tmp_path / "a.csv"))[3] == ('one, "two" 3', 1)


def test_tsv_takes_quotes_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("text\tlabel\n" + "".join(f'a "b {at}\t{"xy"[at % 2]}\n' for at in range(10)))
    assert all_rows(text(tmp_path / "a.tsv"))[1] == ('a "b 1', "y")


def test_parquet(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows(10)), tmp_path / "a.parquet")
    assert all_rows(text(tmp_path / "a.parquet"))[9] == ("text 9", 1)


@pytest.mark.parametrize("column", ["label", "labels", "class", "category", "coarse_label", "Label"])
def test_label_columns(tmp_path: Path, column: str) -> None:
    items = [{"text": f"text {at}", column: "no" if at % 2 else "yes"} for at in range(10)]
    assert all_rows(text(write_jsonl(tmp_path / "a.jsonl", items)))[0] == ("text 0", "yes")


@pytest.mark.parametrize("column", ["text", "sentence", "content", "question", "review"])
def test_text_columns(tmp_path: Path, column: str) -> None:
    items = [{"id": at, column: f"text {at}", "label": at % 2} for at in range(10)]
    assert all_rows(text(write_jsonl(tmp_path / "a.jsonl", items)))[1] == ("text 1", 1)


def test_truth_values_and_whole_floats_become_integers(tmp_path: Path) -> None:
    items = [{"text": f"text {at}", "label": bool(at % 2) if at < 5 else float(at % 2)} for at in range(10)]
    labels = [label for _, label in all_rows(text(write_jsonl(tmp_path / "a.jsonl", items)))]
    assert labels == [0, 1] * 5
    assert {type(label) for label in labels} == {int}


# Complaints


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(InputError, match=r"the data file is empty, got '.*a\.(jsonl|json|csv)'"):
        text(tmp_path / name)


def test_a_missing_file_is_named_with_its_nearest_neighbour(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "reviews.jsonl", rows(10))
    with pytest.raises(InputError, match=r"does not exist.*did you mean .*/reviews\.jsonl\?"):
        text(tmp_path / "review.jsonl")


def test_a_bare_file_name_that_does_not_exist_is_no_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        load_splits("reviews.csv", kind="text", seed=0)


def test_a_row_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", rows(10))
    path.write_text(path.read_text().replace('{"text": "text 3"', '{"text" "text 3"'))
    with pytest.raises(InputError, match=r"row 4 cannot be read: it is not JSON.*a\.jsonl"):
        text(path)


def test_a_row_that_is_no_object_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 2 cannot be read: it is a list"):
        text(write_jsonl(tmp_path / "a.jsonl", [rows(1)[0], [1, 2], *rows(9)]))


def test_a_csv_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nfine,1\nnot, so fine,0\n")
    with pytest.raises(InputError, match="row 3 cannot be read: it has 3 cells, the header has 2"):
        text(tmp_path / "a.csv")


def test_a_csv_with_an_open_quote_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,label\n"never closed,1\n')
    with pytest.raises(InputError, match="row 2 cannot be read"):
        text(tmp_path / "a.csv")


def test_another_encoding_is_refused_with_the_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text,label\nfine,1\ncafé,0\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"row 3 cannot be read: it is not UTF-8 text.*save the file as UTF-8"):
        text(tmp_path / "a.csv")


def test_a_torn_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(InputError, match="the Parquet file cannot be read"):
        text(tmp_path / "a.parquet")


@pytest.mark.parametrize("missing", [None, "", float("nan")])
def test_a_missing_label_is_named(tmp_path: Path, missing: Any) -> None:
    items = rows(12)
    items[6]["label"] = missing
    with pytest.raises(InputError, match=r"the label is missing \(.*row 7\)"):
        text(write_jsonl(tmp_path / "a.jsonl", items))


def test_a_label_that_is_a_list_is_refused(tmp_path: Path) -> None:
    items = rows(12)
    items[1]["label"] = [0, 1]
    with pytest.raises(InputError, match=r"a label must be a name or a whole number \(.*row 2\), got \[0, 1\]"):
        text(write_jsonl(tmp_path / "a.jsonl", items))


def test_a_missing_text_is_named(tmp_path: Path) -> None:
    items = rows(12)
    items[2]["text"] = None
    with pytest.raises(InputError, match=r"the text is missing \(.*row 3\)"):
        text(write_jsonl(tmp_path / "a.jsonl", items))


def test_a_single_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a single class, got 'spam'"):
        text(write_jsonl(tmp_path / "a.jsonl", [{"text": f"{at}", "label": "spam"} for at in range(12)]))


def test_columns_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no text column.*got \['body', 'label'\].*text or sentence or content"):
        text(write_jsonl(tmp_path / "a.jsonl", [{"body": "x", "label": 1}]))


def test_data_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no label column.*got \['text'\]"):
        text(write_jsonl(tmp_path / "a.jsonl", [{"text": "x"}]))


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_text("x")
    with pytest.raises(InputError, match=r"kind is unknown.*give \.jsonl"):
        text(tmp_path / "a.xlsx")


def test_a_folder_of_many_files_without_split_names_is_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", rows(10))
    write_jsonl(tmp_path / "b.jsonl", rows(10))
    with pytest.raises(InputError, match="one data file or named splits"):
        text(tmp_path)


# Images


def test_class_folders_give_labels(tmp_path: Path) -> None:
    for at in range(10):
        write_image(tmp_path / ("cat" if at % 2 else "dog") / f"{at}.png", shade=at)
    splits = images(tmp_path)
    examples = [*splits.train, *splits.validation, *splits.test]
    assert {(example["image"].getpixel((0, 0)) % 2, example["label"]) for example in examples} == {
        (0, "dog"),
        (1, "cat"),
    }
    assert len(examples) == 10


def test_split_folders_of_class_folders_are_kept_apart(tmp_path: Path) -> None:
    for at in range(12):
        part = "train" if at < 8 else "val" if at < 10 else "test"
        write_image(tmp_path / part / "ab"[at % 2] / f"{at}.png", shade=at)
    splits = images(tmp_path)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (8, 2, 2)
    assert sorted(example["image"].getpixel((0, 0)) for example in splits.test) == [10, 11]


def test_a_table_can_name_the_files(tmp_path: Path) -> None:
    items = [{"image": f"pictures/{at}.png", "label": at % 2} for at in range(10)]
    for at in range(10):
        write_image(tmp_path / f"pictures/{at}.png", shade=at)
    write_jsonl(tmp_path / "labels.jsonl", items)
    splits = images(tmp_path)
    assert all(example["image"].getpixel((0, 0)) % 2 == example["label"] for example in splits.train)
    assert len(splits.test) == 2


def test_images_inside_a_table(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    items = [
        {"img": {"bytes": write_image(tmp_path / "one.png", shade=at).read_bytes(), "path": None}, "label": at % 2}
        for at in range(10)
    ]
    (tmp_path / "one.png").unlink()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(items), tmp_path / "train.parquet")
    splits = images(tmp_path / "train.parquet")
    assert splits.test[0]["image"].size == (4, 4)


def test_an_image_keeps_its_mode(tmp_path: Path) -> None:
    for at in range(10):
        write_image(tmp_path / "ab"[at % 2] / f"{at}.png", shade=at)
    assert images(tmp_path).train[0]["image"].mode == "L"


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    for at in range(10):
        write_image(tmp_path / "ab"[at % 2] / f"{at}.png", shade=at)
    (tmp_path / "a" / "4.png").write_text("no image")
    with pytest.raises(InputError, match=r"the image cannot be decoded, got '.*/a/4\.png'"):
        images(tmp_path)


def test_a_torn_image_is_named_when_it_is_used(tmp_path: Path) -> None:
    for at in range(10):
        write_image(tmp_path / "ab"[at % 2] / f"{at}.png", shade=at)
    torn = tmp_path / "a" / "4.png"
    torn.write_bytes(torn.read_bytes()[:50])
    splits = images(tmp_path)
    example = next(
        item for part in (splits.train, splits.validation, splits.test) for item in part if item.name == str(torn)
    )
    with pytest.raises(InputError, match=r"cannot be decoded, got '.*/a/4\.png'"):
        example["image"]


def test_an_image_that_a_table_names_in_vain(tmp_path: Path) -> None:
    write_image(tmp_path / "one.png", shade=1)
    write_jsonl(tmp_path / "labels.jsonl", [{"file": "ome.png", "label": 1}])
    with pytest.raises(InputError, match=r"does not exist \(.*row 1\), got 'ome\.png', did you mean .*one\.png\?"):
        images(tmp_path)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for at in range(10):
        write_image(tmp_path / ("train" if at % 2 else "bus") / f"{at}.png", shade=at)
    splits = images(tmp_path)
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 10
    assert {example["label"] for example in splits.train} == {"bus", "train"}


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no images by class"):
        images(tmp_path)


# Corpora


def test_a_folder_of_texts_gives_one_document_a_file(tmp_path: Path) -> None:
    for at in range(10):
        (tmp_path / f"{at}.md").write_text(f"document {at}\n")
    (tmp_path / "picture.png").write_bytes(b"ignored")
    splits = corpus(tmp_path)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (7, 1, 2)
    assert all(example["text"] == f"document {example['source'][0]}\n" for example in splits.train)


def test_one_text_is_cut_at_line_ends_and_nothing_is_lost(tmp_path: Path) -> None:
    whole = "".join(f"line {at} of a long text\n" for at in range(1000))
    (tmp_path / "book.txt").write_text(whole)
    splits = corpus(tmp_path / "book.txt")
    blocks = [*splits.train, *splits.validation, *splits.test]
    blocks.sort(key=lambda block: int(block["source"].partition("#")[2]))
    assert "".join(texts(blocks)) == whole
    assert all(block.endswith("\n") for block in texts(blocks))


def test_rows_that_are_lines_are_joined(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": f"a short line number {at}"} for at in range(500)])
    splits = corpus(path)
    assert min(len(block) for block in texts(splits.train)) > 400


def test_rows_that_are_documents_stay_apart(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": f"{at} " * 300} for at in range(10)])
    splits = corpus(path)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (7, 1, 2)


def test_named_text_files_are_splits(tmp_path: Path) -> None:
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(f"{name} text\n" * 100)
    splits = corpus(tmp_path)
    assert {block[:5] for block in texts(splits.test)} == {"test "}
    assert {block[:5] for block in texts(splits.train)} == {"train"}


def test_a_document_may_be_called_test(tmp_path: Path) -> None:
    for at in range(9):
        (tmp_path / f"module_{at}.py").write_text(f"x = {at}\n")
    (tmp_path / "test_module.py").write_text("assert True\n")
    splits = corpus(tmp_path)
    assert len(splits.train) + len(splits.validation) + len(splits.test) == 10


def test_a_folder_without_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(InputError, match="the folder has no text"):
        corpus(tmp_path)


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one line\n")
    with pytest.raises(InputError, match="too few different items"):
        corpus(tmp_path / "a.txt")


def test_real_sentences_keep_their_published_splits() -> None:
    data = os.environ.get("SUITE_TEST_DATA")
    if not data:
        pytest.skip("SUITE_TEST_DATA names no folder with trec6")
    splits = text(Path(data) / "trec6")
    assert len(splits.test) == 500  # TREC-6 has 5,452 and 500 questions
    assert len(splits.train) + len(splits.validation) <= 5452


# Tables and the hub


def test_whole_numbers_in_a_csv_column_are_numbers_only_if_all_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,1\n-2,x\n")
    assert [row.values for row in readers.read(tmp_path / "a.csv")] == [{"a": 1, "b": "1"}, {"a": -2, "b": "x"}]


def test_an_empty_source_is_refused() -> None:
    with pytest.raises(InputError, match=r"task\.data is empty"):
        load_splits(" ", kind="text", seed=0)


def test_offline_mode_skips_a_hub_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    with pytest.raises(NotApplicable, match=r"the hub is not reachable: HF_HUB_OFFLINE is set"):
        hub_data.rows("acme/reviews:plain", columns=["text"])


SCRIPT = """
import json, sys
from suite.data.splits import load_splits
from suite.errors import InputError, NotApplicable

for source in sys.argv[1:]:
    try:
        splits = load_splits(source, kind="text", seed=0)
        print(json.dumps([len(splits.train), len(splits.validation), len(splits.test), dict(splits.test[0])]))
    except (InputError, NotApplicable) as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


def ask_hub(url: str, home: Path, *sources: str, **more: str) -> tuple[list[Any], str]:
    """The datasets library reads its settings at import: a process of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HF_ENDPOINT": url, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", **more}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *sources],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.slow
def test_a_hub_dataset_keeps_its_splits_and_its_cache(tmp_path: Path) -> None:
    folder = tmp_path / "hub/datasets/acme/reviews"
    for name, items in {"train": rows(20), "validation": rows(24)[20:], "test": rows(26)[24:]}.items():
        write_jsonl(folder / f"{name}.jsonl", items)
    with hub_stand_in(tmp_path / "hub") as hub:
        outcomes, _ = ask_hub(hub.url, tmp_path / "home", "acme/reviews", "acme/reviews:fine", "acme/nothing")
    assert outcomes[0] == [20, 4, 2, {"text": "text 24", "label": 0}]
    assert outcomes[1][0] == "InputError"
    assert "the hub dataset cannot be loaded" in outcomes[1][1]
    assert outcomes[2][0] == "InputError"
    assert "neither a local file or folder nor known to the hub" in outcomes[2][1]

    outcomes, written = ask_hub(hub.url, tmp_path / "home", "acme/reviews", "acme/nothing")
    assert outcomes[0] == [20, 4, 2, {"text": "text 24", "label": 0}]
    assert outcomes[1][0] == "OutOfReach"
    assert "Retrying" not in written


@pytest.mark.slow
def test_a_hub_dataset_that_is_refused_is_explained_and_a_cached_one_needs_no_hub(tmp_path: Path) -> None:
    faults: dict[str, Fault] = {"acme/closed": "gated", "acme/private": "private", "acme/busy": "busy"}
    for name in ("acme/open", *faults):
        write_jsonl(tmp_path / "hub/datasets" / name / "test.jsonl", rows(4))
    home = tmp_path / "home"
    with hub_stand_in(tmp_path / "hub", faults=faults) as hub:
        (loaded, closed, private, busy), _ = ask_hub(hub.url, home, "acme/open", *faults)
        asked = len(hub.requests)
        (offline,), _ = ask_hub(hub.url, home, "acme/open", HF_HUB_OFFLINE="1")
        assert len(hub.requests) == asked
    assert loaded == offline
    assert loaded[2] == 4
    assert closed[0] == "OutOfReach"
    assert "the dataset acme/closed is gated or private: accept its terms on the hub and log in" in closed[1]
    assert private[0] == "InputError"
    assert "log in with `hf auth login` if it is private" in private[1]
    assert busy[0] == "OutOfReach"
    assert "it takes no more requests for now (HTTP 429" in busy[1]
