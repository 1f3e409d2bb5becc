import dataclasses
import json
import os
import shutil

import msgspec
import pyarrow.parquet as pq
import pytest

from suite.analysis.results import lineage, reader
from suite.analysis.results.csv_json import RESULTS, results_json
from suite.analysis.results.parquet import TABLE, parquet_bytes, read_parquet
from suite.analysis.results.reader import read_results
from suite.carbon.place import find
from suite.errors import InputError
from suite.record.dotted_keys import flatten
from suite.record.store import save
from tests import synthetic

OLD_S = 1_000_000_000


def one(minute=0, **fields):
    return synthetic.record(run_windows=synthetic.windows([0.8, 0.81, 0.79, 0.8]), minute=minute, **fields)


def read(folder, **choices):
    return read_results(folder, **({"g_co2e_per_kwh": 400.0} | choices))


def techniques(results):
    return [point.mitigation for point in results.points]


@pytest.fixture
def folder(tmp_path):
    """A run of two points with the table and the document that its report would write."""
    run = synthetic.write_run(tmp_path / "run", [one(), one(1, mitigations=[("bf16", {})])])
    results = read(run)
    (run / TABLE).write_bytes(parquet_bytes(results))
    (run / RESULTS).write_bytes(results_json(results, find("world")))
    return run


@pytest.fixture
def published(folder):
    """The same without its records."""
    shutil.rmtree(folder / "records")
    return folder


@pytest.fixture
def unread_records(folder, monkeypatch):
    """From here on whoever takes a record apart fails."""

    def refuse(folder):
        raise AssertionError(f"the records of {folder} were read")

    monkeypatch.setattr(reader, "load_run", refuse)


@pytest.fixture
def another_analysis(monkeypatch):
    """From here on the analysis is another one than that which wrote the tables."""

    def change():
        for module in (lineage, reader):
            monkeypatch.setattr(module, "analysis_version", lambda: "another")

    return change


def tell_tales(folder, **figures):
    """A table that says it is of these records and this analysis, with figures by which one sees that it was served."""
    known = read_parquet(folder / TABLE)
    points = tuple(msgspec.structs.replace(point, **figures) for point in known.points)
    (folder / TABLE).write_bytes(parquet_bytes(dataclasses.replace(known, points=points)))


# Records and a table


@pytest.mark.usefixtures("unread_records")
def test_a_table_of_these_records_and_this_analysis_is_read_in_their_place(folder):
    assert techniques(read(folder)) == ["none", "bf16"]


def test_table_and_records_give_the_same_results(folder):
    from_table = read(folder)
    (folder / TABLE).unlink()
    assert read(folder) == from_table


@pytest.mark.usefixtures("unread_records")
def test_the_times_of_files_do_not_matter(folder):
    """A clone of a repository gives every file a time of its own."""
    os.utime(folder / TABLE, (OLD_S, OLD_S))
    assert techniques(read(folder)) == ["none", "bf16"]


def test_a_record_more_makes_the_table_outdated_though_it_looks_older(folder):
    third = save(one(2, mitigations=[("nf4", {})]), folder / "records")
    os.utime(third, (OLD_S, OLD_S))
    assert techniques(read(folder)) == ["none", "bf16", "nf4"]


def test_a_record_less_makes_the_table_outdated(folder):
    next((folder / "records").iterdir()).unlink()
    assert len(read(folder).points) == 1


def test_a_record_of_other_contents_makes_the_table_outdated(folder):
    tell_tales(folder, score=0.123)
    assert [point.score for point in read(folder).points] == [0.123, 0.123]
    path = next((folder / "records").iterdir())
    document = json.loads(path.read_bytes())
    path.write_text(json.dumps(document))  # the same record in another layout
    assert [point.score for point in read(folder).points] == [None, None]


def test_a_table_of_another_analysis_is_derived_anew(folder, another_analysis):
    tell_tales(folder, score=0.123)
    another_analysis()
    found = read(folder)
    assert [point.score for point in found.points] == [None, None]
    assert found.lineages[0].analysis == "another"
    assert found.notes == ()


def test_a_table_that_states_no_lineage_is_derived_anew(folder):
    tell_tales(folder, score=0.123)
    pq.write_table(pq.read_table(folder / TABLE).replace_schema_metadata(None), folder / TABLE)
    assert [point.score for point in read(folder).points] == [None, None]


def test_a_table_of_several_runs_is_not_taken_for_one_of_them(folder):
    known = read_parquet(folder / TABLE)
    (folder / TABLE).write_bytes(parquet_bytes(dataclasses.replace(known, lineages=known.lineages * 2)))
    assert read(folder).runs == ("run",)


@pytest.mark.parametrize("length", [0, 100, -2000])
def test_a_spoilt_table_beside_records_costs_nothing(folder, length):
    content = (folder / TABLE).read_bytes()
    (folder / TABLE).write_bytes(content[:length] if length >= 0 else b"\0" * -length + content[-length:])
    found = read(folder)
    assert (techniques(found), found.notes) == (["none", "bf16"], ())


def test_what_was_left_out_is_still_known_from_the_table(folder, monkeypatch):
    (folder / "records" / "0123456789ab-1.json").write_text("{")
    save(one(5), folder / "records")
    from_records = read(folder)
    assert from_records.unreadable[0].startswith("0123456789ab-1.json")
    assert from_records.superseded == 1
    (folder / TABLE).write_bytes(parquet_bytes(from_records))
    monkeypatch.setattr(reader, "load_run", None)
    assert read(folder) == from_records


def test_a_renamed_folder_names_its_points(folder, unread_records):
    other = folder.rename(folder.with_name("other"))
    found = read(other)
    assert found.runs == ("other",)
    assert {point.run for point in found.points} == {"other"}


# A table without records


def test_a_published_folder_may_hold_the_table_alone(published):
    (published / RESULTS).unlink()
    found = read(published)
    assert (techniques(found), found.notes) == (["none", "bf16"], ())


def test_a_published_table_of_another_analysis_is_used_and_named(published, another_analysis):
    another_analysis()
    found = read(published)
    assert techniques(found) == ["none", "bf16"]
    (note,) = found.notes
    assert str(published / TABLE) in note
    assert "another version of the analysis" in note


def test_an_older_table_without_a_lineage_is_read_and_named(published):
    pq.write_table(pq.read_table(published / TABLE).replace_schema_metadata(None), published / TABLE)
    found = read(published)
    assert (found.runs, len(found.points), len(found.notes)) == (("run",), 2, 1)


def test_an_older_table_without_points_is_of_its_folder(published):
    table = pq.read_table(published / TABLE).slice(0, 0).replace_schema_metadata(None)
    pq.write_table(table, published / TABLE)
    assert read(published).runs == ("run",)


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_without_a_table_the_document_says_the_same(published, spoil):
    from_table = read(published)
    spoil(published / TABLE)
    assert with_flat_config(read(published)) == with_flat_config(from_table)


def with_flat_config(results):
    """Without the empty mappings of the configurations, which the document does not hold."""
    points = tuple(msgspec.structs.replace(point, config=flatten(point.config)) for point in results.points)
    return dataclasses.replace(results, points=points)


def test_a_document_of_another_analysis_is_named(published, another_analysis):
    (published / TABLE).unlink()
    another_analysis()
    (note,) = read(published).notes
    assert str(published / RESULTS) in note


def test_a_spoilt_table_alone_is_one_clear_error(published):
    (published / RESULTS).unlink()
    (published / TABLE).write_bytes(b"")
    with pytest.raises(InputError, match="no table of results"):
        read(published)


# What is asked for


def test_carbon_counts_with_the_grid_that_is_asked_for_wherever_the_points_come_from(folder):
    from_table = [point.co2e_g_per_1000 for point in read(folder, g_co2e_per_kwh=100.0).points]
    (folder / TABLE).unlink()
    assert [point.co2e_g_per_1000 for point in read(folder, g_co2e_per_kwh=100.0).points] == from_table
    assert from_table[0] == pytest.approx(0.8 * 1000 / 3.6e6 * 100, rel=1e-2)


def test_without_a_grid_no_carbon_is_stated(folder):
    assert [point.co2e_g_per_1000 for point in read(folder, g_co2e_per_kwh=None).points] == [None, None]


def test_fields_that_nobody_asks_for_stand_at_their_default(folder):
    whole, lean = read(folder), read(folder, without=("windows", "effect"))
    assert whole.points[0].windows["candidate"]
    assert lean.points == tuple(msgspec.structs.replace(point, windows={}, effect={}) for point in whole.points)


def test_a_torn_record_is_named(folder):
    (folder / "records" / "0123456789ab-1.json").write_text("{")
    found = read(folder)
    assert len(found.points) == 2
    assert found.unreadable[0].startswith("0123456789ab-1.json")


def test_a_link_to_nowhere_among_the_records_is_a_line_and_no_error(folder):
    (folder / "records" / "0123456789ab-1.json").symlink_to("nowhere")
    assert len(read(folder).unreadable) == 1


@pytest.mark.parametrize("content", ["nothing", "no folder", "a torn record", "a torn record and a table"])
def test_a_folder_without_points_is_one_clear_error(tmp_path, folder, content):
    empty = tmp_path / "empty"
    if content != "no folder":
        (empty / "records").mkdir(parents=True)
    if content.startswith("a torn record"):
        (empty / "records" / "0123456789ab-1.json").write_text("{")
    if content.endswith("and a table"):
        shutil.copy(folder / TABLE, empty / TABLE)
    with pytest.raises(InputError, match="no such run" if content == "no folder" else "no readable record"):
        read(empty)
