import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from suite.analysis.results.parquet import parquet_bytes, read_parquet, write_parquet
from suite.analysis.summary import CSV_COLUMNS, summarise
from suite.errors import InputError
from suite.record.schema import Reason
from tests import synthetic


@pytest.fixture(scope="module")
def summaries():
    gone = Reason(kind="crashed", message="gone")
    records = [
        synthetic.record(run_windows=synthetic.windows([0.8, 0.81, 0.79, 0.8])),
        synthetic.record(mitigations=[("bf16", {})], status="failed", reason=gone),
    ]
    return summarise("run", records, 400.0)


def test_what_is_read_is_what_was_written(tmp_path, summaries):
    write_parquet(summaries, tmp_path / "results.parquet")
    assert read_parquet(tmp_path / "results.parquet") == summaries


def test_no_points_are_a_table_too(tmp_path):
    write_parquet([], tmp_path / "results.parquet")
    assert read_parquet(tmp_path / "results.parquet") == []


def test_a_missing_figure_is_null_and_a_number_a_number(tmp_path, summaries):
    write_parquet(summaries, tmp_path / "results.parquet")
    table = pq.read_table(tmp_path / "results.parquet")
    assert table.column_names[: len(CSV_COLUMNS)] == list(CSV_COLUMNS)
    assert table.schema.field("energy_ratio").type == pa.float64()
    assert table.column("energy_ratio").to_pylist()[1] is None


def test_structures_that_points_share_are_stored_and_held_once(tmp_path, summaries):
    write_parquet(summaries[:1] * 2, tmp_path / "results.parquet")
    first, second = read_parquet(tmp_path / "results.parquet")
    assert first.environment is second.environment


def _without_a_column(content):
    table = pq.read_table(pa.BufferReader(content)).drop_columns(["verdict"])
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def _of_another_type(content):
    table = pq.read_table(pa.BufferReader(content))
    position = table.column_names.index("energy_ratio")
    sink = pa.BufferOutputStream()
    pq.write_table(table.set_column(position, "energy_ratio", pa.array(["x"] * len(table))), sink)
    return sink.getvalue().to_pybytes()


def _of_another_structure(content):
    table = pq.read_table(pa.BufferReader(content))
    position = table.column_names.index("warnings")
    sink = pa.BufferOutputStream()
    pq.write_table(table.set_column(position, "warnings", pa.array(["[1]"] * len(table))), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    "spoil",
    [lambda content: b"", lambda content: content[:200], _without_a_column, _of_another_type, _of_another_structure],
)
def test_a_file_that_is_none_of_ours_is_one_clear_error(tmp_path, summaries, spoil):
    path = tmp_path / "results.parquet"
    path.write_bytes(spoil(parquet_bytes(summaries)))
    with pytest.raises(InputError, match=r"no table of results.*python -m suite\.report"):
        read_parquet(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="no table of results"):
        read_parquet(tmp_path / "results.parquet")
