import os
import shutil

import msgspec
import pytest

from suite.analysis.results import reader
from suite.analysis.results.parquet import TABLE, parquet_bytes, read_parquet, write_parquet
from suite.analysis.results.reader import stored_points
from suite.analysis.summary import summarise
from suite.errors import InputError
from suite.record.store import save
from tests import synthetic

NEW_S, OLD_S = 2_000_000_000, 1_000_000_000


def one(minute=0, **fields):
    return synthetic.record(run_windows=synthetic.windows([0.8, 0.81, 0.79, 0.8]), minute=minute, **fields)


@pytest.fixture
def folder(tmp_path):
    """A run of two points with the table that its report would write, which is the newer."""
    records = [one(), one(1, mitigations=[("bf16", {})])]
    synthetic.write_run(tmp_path / "run", records)
    write_parquet(summarise("run", records, 400.0), tmp_path / "run" / TABLE)
    return tmp_path / "run"


@pytest.fixture
def without_records(monkeypatch):
    """Whoever opens a record fails."""

    def refuse(folder):
        raise AssertionError(f"the records of {folder} were read")

    monkeypatch.setattr(reader, "load_run", refuse)


def points_of(folder, **choices):
    return stored_points(folder, g_co2e_per_kwh=400.0, **choices).points


@pytest.mark.usefixtures("without_records")
def test_a_table_that_is_newer_than_the_records_is_read_in_their_place(folder):
    assert [point.mitigation for point in points_of(folder)] == ["none", "bf16"]


@pytest.mark.usefixtures("without_records")
def test_a_published_folder_may_hold_the_table_alone(folder):
    shutil.rmtree(folder / "records")
    assert len(points_of(folder)) == 2


def test_table_and_records_give_the_same_points(folder):
    from_table = points_of(folder)
    (folder / TABLE).unlink()
    assert points_of(folder) == from_table


def test_records_that_are_newer_than_the_table_are_read(folder):
    third = save(one(2, mitigations=[("nf4", {})]), folder / "records")
    os.utime(third, (NEW_S, NEW_S))
    assert [point.mitigation for point in points_of(folder)] == ["none", "bf16", "nf4"]


def test_a_table_as_old_as_the_newest_record_is_up_to_date(folder, without_records):
    for path in (folder / TABLE, *(folder / "records").iterdir()):
        os.utime(path, (OLD_S, OLD_S))
    assert len(points_of(folder)) == 2


def test_a_table_of_another_version_is_left_out_with_a_line_where_there_are_records(folder):
    (folder / TABLE).write_bytes(parquet_bytes([])[:100])
    found = stored_points(folder, g_co2e_per_kwh=400.0)
    assert len(found.points) == 2
    (line,) = found.left_out
    assert line.startswith(f"{TABLE}: no table of results")


def test_a_spoilt_table_alone_is_one_clear_error(folder):
    shutil.rmtree(folder / "records")
    (folder / TABLE).write_bytes(b"")
    with pytest.raises(InputError, match="no table of results"):
        points_of(folder)


def test_a_torn_record_is_named(folder):
    (folder / TABLE).unlink()
    (folder / "records" / "0123456789ab-1.json").write_text("{")
    found = stored_points(folder, g_co2e_per_kwh=400.0)
    assert len(found.points) == 2
    assert found.left_out[0].startswith("0123456789ab-1.json")


def test_a_link_to_nowhere_among_the_records_is_a_line_and_no_error(folder):
    (folder / "records" / "0123456789ab-1.json").symlink_to("nowhere")
    os.utime(folder / TABLE, (OLD_S, OLD_S))
    assert len(stored_points(folder, g_co2e_per_kwh=400.0).left_out) == 1


@pytest.mark.parametrize("content", ["nothing", "no folder", "a torn record"])
def test_a_folder_without_points_is_one_clear_error(tmp_path, content):
    folder = tmp_path / "run"
    if content != "no folder":
        (folder / "records").mkdir(parents=True)
    if content == "a torn record":
        (folder / "records" / "0123456789ab-1.json").write_text("{")
    with pytest.raises(InputError, match="no such run" if content == "no folder" else "no readable record"):
        points_of(folder)


def test_fields_that_nobody_asks_for_stand_at_their_default(folder):
    whole, lean = points_of(folder), points_of(folder, without=("windows", "effect"))
    assert whole[0].windows["candidate"]
    assert lean == [msgspec.structs.replace(point, windows={}, effect={}) for point in whole]


def test_a_column_that_nobody_asks_for_may_be_missing(folder):
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(folder / TABLE).drop_columns(["windows"]), folder / TABLE)
    assert len(read_parquet(folder / TABLE, without=("windows",))) == 2
    with pytest.raises(InputError, match="no table of results"):
        read_parquet(folder / TABLE)
