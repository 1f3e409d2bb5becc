import pytest

from suite.report.build import build_report, read_report
from tests.synthetic import write_run
from tests.synthetic_run import embedded_run, gpu_run


@pytest.fixture(scope="session")
def embedded_folder(tmp_path_factory):
    """A run like the default experiment's, with one torn record."""
    folder = write_run(tmp_path_factory.mktemp("runs") / "embedded", embedded_run())
    (folder / "records" / "0123456789ab-1.json").write_text('{"schema_version": 1, ')
    return folder


@pytest.fixture(scope="session")
def embedded(embedded_folder):
    return read_report(embedded_folder)


@pytest.fixture(scope="session")
def built(embedded_folder):
    """The report of the embedded run on disk."""
    return build_report(embedded_folder, embedded_folder.parent / "report" / "index.html")


@pytest.fixture(scope="session")
def page(built):
    return built.read_text("utf-8")


@pytest.fixture(scope="session")
def gpu(tmp_path_factory):
    return read_report(write_run(tmp_path_factory.mktemp("runs") / "gpu", gpu_run()))
