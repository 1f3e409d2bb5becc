"""Kinds of files, and what stands in their cells."""

import gzip
import json

import pytest

from suite.data import readers
from suite.data.examples import Wanted, from_rows
from suite.data.labels import ClassNumber
from suite.errors import InputError

ROWS = [{"text": "good, it was", "label": 1}, {"text": "bad", "label": 0}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
COMMAS = 'text,label\n"good, it was",1\nbad,0\n'
SEMICOLONS = "text;label\ngood, it was;1\nbad;0\n"
TABS = "text\tlabel\ngood, it was\t1\nbad\t0\n"


def values(path):
    return [row.values for row in readers.read(path)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("UPPER.CSV", COMMAS),
        ("a.csv", SEMICOLONS),
        ("a.csv", TABS),
        ("a.csv", "\ufeff" + SEMICOLONS),
        ("a.csv", SEMICOLONS.replace("text;", '"text, all";').replace('"text, all"', "text")),
        ("a.TSV", TABS),
        ("a.ndjson", LINES),
        ("a.JSONL", LINES),
        ("a.Json", json.dumps(ROWS)),
    ],
)
def test_every_kind_is_read(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert values(tmp_path / name) == ROWS


@pytest.mark.parametrize(("name", "content"), [("a.csv.gz", COMMAS), ("a.JSONL.GZ", LINES), ("a.ndjson.gz", LINES)])
def test_packed_files_are_read(tmp_path, name, content):
    (tmp_path / name).write_bytes(gzip.compress(content.encode()))
    assert values(tmp_path / name) == ROWS


def test_a_torn_packed_file_is_refused(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(COMMAS.encode())[:-9])
    with pytest.raises(InputError, match=r"cannot be unpacked.*a\.csv\.gz"):
        readers.read(tmp_path / "a.csv.gz")


def test_a_comma_inside_a_cell_is_no_separator(tmp_path):
    (tmp_path / "a.csv").write_text("text\tlabel\nhere, there, everywhere\t1\n")
    assert values(tmp_path / "a.csv") == [{"text": "here, there, everywhere", "label": 1}]


def test_columns_of_one_name_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,text,label\na,b,1\n")
    with pytest.raises(InputError, match=r"columns of the file have one name.*\['text'\]"):
        readers.read(tmp_path / "a.csv")


def test_class_numbers_of_the_datasets_library_get_their_names(tmp_path):
    """What the library itself writes, read by our own reader and by the library."""
    import datasets

    from suite.data import hub_data

    names = ("positive", "negative")
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(names))})
    table = datasets.Dataset.from_dict({"text": ["good", "bad", "?"], "label": [0, 1, -1]}, features=features)
    table.to_parquet(tmp_path / "a.parquet")
    expected = [ClassNumber(0, names), ClassNumber(1, names), -1]
    assert [row["label"] for row in values(tmp_path / "a.parquet")] == expected
    assert [row.values["label"] for row in hub_data._rows(table, "a", columns=["text", "label"])] == expected
    assert [expected[0].name, expected[1].name] == ["positive", "negative"]


def test_binary_text_of_a_parquet_file_is_text(tmp_path):
    import pyarrow
    import pyarrow.parquet

    items = [{"text": "café".encode(), "label": b"yes"}, {"text": b"tea", "label": b"no"}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(items), tmp_path / "a.parquet")
    found = from_rows(readers.read(tmp_path / "a.parquet"), Wanted("text"), tmp_path)
    assert found == [{"text": "café", "label": "yes"}, {"text": "tea", "label": "no"}]


def test_binary_text_in_another_encoding_is_refused():
    rows = [readers.Row("a.parquet, row 1", {"text": "café".encode("latin-1"), "label": 1})]
    with pytest.raises(InputError, match=r"the text is not UTF-8 text \(a\.parquet, row 1\)"):
        from_rows(rows, Wanted("text"), None)
