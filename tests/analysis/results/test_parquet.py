import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from suite.analysis.results.lineage import Lineage
from suite.analysis.results.parquet import parquet_bytes, read_lineages, read_parquet
from suite.analysis.results.run_results import RunResults
from suite.analysis.summary import CSV_COLUMNS, summarise
from suite.errors import InputError
from suite.record.schema import Reason
from tests import synthetic


def results_of(points):
    lineages = (Lineage(run="run", records="aa", analysis="bb"),)
    return RunResults(lineages=lineages, points=tuple(points), unreadable=("x-1.json: torn",), superseded=3, notes=())


@pytest.fixture(scope="module")
def results():
    gone = Reason(kind="crashed", message="gone")
    records = [
        synthetic.record(run_windows=synthetic.windows([0.8, 0.81, 0.79, 0.8])),
        synthetic.record(mitigations=[("bf16", {})], status="failed", reason=gone),
    ]
    return results_of(summarise("run", records, 400.0))


@pytest.fixture
def path(tmp_path, results):
    (tmp_path / "results.parquet").write_bytes(parquet_bytes(results))
    return tmp_path / "results.parquet"


def test_what_is_read_is_what_was_written(path, results):
    assert read_parquet(path) == results


def test_no_points_are_a_table_too(path):
    path.write_bytes(parquet_bytes(results_of([])))
    assert read_parquet(path) == results_of([])


def test_the_lineage_is_read_without_the_points(path, results):
    assert read_lineages(path) == results.lineages


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"lineages": 3}', b"[" * 5000])
def test_metadata_that_this_version_does_not_understand_is_no_lineage(path, results, content):
    pq.write_table(pq.read_table(path).replace_schema_metadata({b"suite.results": content}), path)
    assert read_lineages(path) == ()
    assert read_parquet(path).points == results.points


def test_a_file_that_is_none_of_ours_states_no_lineage(tmp_path):
    assert read_lineages(tmp_path / "nowhere.parquet") == ()


def test_a_column_that_an_older_version_did_not_know_stands_at_its_default(path, results):
    pq.write_table(pq.read_table(path).drop_columns(["windows", "margin"]), path)
    points = [msgspec.structs.replace(point, windows={}, margin=None) for point in results.points]
    assert list(read_parquet(path).points) == points


def test_a_missing_figure_is_null_and_a_number_a_number(path):
    table = pq.read_table(path)
    assert table.column_names[: len(CSV_COLUMNS)] == list(CSV_COLUMNS)
    assert table.schema.field("energy_ratio").type == pa.float64()
    assert table.column("energy_ratio").to_pylist()[1] is None


def test_structures_that_points_share_are_stored_and_held_once(path, results):
    path.write_bytes(parquet_bytes(results_of(results.points[:1] * 2)))
    first, second = read_parquet(path).points
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
def test_a_file_that_is_none_of_ours_is_one_clear_error(path, spoil):
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=r"no table of results.*python -m suite\.report"):
        read_parquet(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="no table of results"):
        read_parquet(tmp_path / "results.parquet")
