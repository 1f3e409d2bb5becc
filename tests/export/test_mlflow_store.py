import sys

import pytest

from suite.errors import InputError
from suite.export.mlflow_store import log_points, metrics_of
from suite.record.schema import Scores
from tests.footprint.points import cpu_point, gpu_point

SCORES = Scores(metric="accuracy", higher_is_better=True, baseline=[1.0] * 40, candidate=[1.0] * 30 + [0.0] * 10)


@pytest.fixture
def mlflow(monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return pytest.importorskip("mlflow", reason="MLflow is not installed: pip install -e '.[mlflow]'")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of MLflow and what it brings along
def test_a_real_store_is_read_back(mlflow, tmp_path):
    store, point = f"sqlite:///{tmp_path}/mlflow.db", gpu_point(scores=SCORES)
    assert log_points([point, cpu_point(minute=1)], store) == 2
    client = mlflow.tracking.MlflowClient(tracking_uri=store)
    experiment = client.get_experiment_by_name("example")
    runs = {each.data.tags["point_id"]: each for each in client.search_runs([experiment.experiment_id])}
    found = runs[point.point_id]
    assert found.data.metrics == pytest.approx(metrics_of(point))
    assert found.data.metrics["energy_per_query_j"] == pytest.approx(1.8)
    assert found.data.params["mitigation"] == "distillation"
    assert found.data.tags["energy_basis"] == "measured"
    assert found.info.status == "FINISHED"
    bases = {each.data.tags["energy_basis"] for each in runs.values()}
    assert bases == {"measured", "estimated"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_point_that_is_there_is_not_written_twice(mlflow, tmp_path):
    store = f"sqlite:///{tmp_path}/mlflow.db"
    assert [log_points([gpu_point()], store) for _ in range(2)] == [1, 0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_store_that_cannot_be_is_one_error(mlflow, tmp_path):
    with pytest.raises(InputError, match=r"store cannot be used.*sqlite:///FILE"):
        log_points([gpu_point()], "nonsense://user:password@nowhere")


def test_what_is_missing_is_no_metric():
    found = metrics_of(cpu_point())
    assert "score" not in found
    assert "energy_per_token_j" not in found
    assert "converged" not in found  # a truth value, no number
    assert 0.0 not in found.values()


def test_without_mlflow_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    with pytest.raises(InputError, match=r"MLflow is not installed.*\[mlflow\]"):
        log_points([cpu_point()], "sqlite:///nowhere.db")
