"""MLflow: an experiment a run of this suite, an MLflow run a point, with parameters, metrics and tags."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from suite.analysis.summary import CSV_COLUMNS, PointSummary
from suite.errors import InputError
from suite.io.redaction import redacted

DEFAULT_STORE = "sqlite:///mlflow.db"
RECORD = "record_id"
_PARAMS = (
    "task", "model", "mitigation", "mitigation_params", "phase", "workload", "batch_size", "baseline_batch_size",
    "dtype", "runtime", "device", "hardware", "metric",
)  # fmt: skip
_TAGS = ("point_id", "energy_basis", "component", "method", "verdict", "pairing", "denominator", "converged")
_MOST_TEXT = 500  # what every version of MLflow takes as the value of a parameter


def log_points(points: Sequence[PointSummary], store: str) -> int:
    """Writes points into a store, those that are in it already left as they are.

    Args:
        points: of one run or of several.
        store: MLflow's tracking URI, ``sqlite:///FILE`` or a server's address.

    Returns:
        How many were written.

    Raises:
        InputError: MLflow is not installed, or the store cannot be used.
    """
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        remedy = f"install it: pip install -e '.[mlflow]' ({error})"
        raise InputError("MLflow is not installed here", got="--to=mlflow", remedy=remedy) from error
    try:
        client = MlflowClient(tracking_uri=store)
        return sum(_log(client, point) for point in points)
    except (MlflowException, OSError) as error:
        remedy = f"give --out=sqlite:///FILE or a server's address ({_first_line(error)})"
        raise InputError("MLflow's store cannot be used", got=redacted(store), remedy=redacted(remedy)) from error


def _log(client: Any, point: PointSummary) -> bool:
    """Whether the point was new to the store."""
    experiment = client.get_experiment_by_name(point.run)
    number = experiment.experiment_id if experiment else client.create_experiment(point.run)
    if client.search_runs([number], f"tags.{RECORD} = '{point.record_id}'", max_results=1):
        return False
    from mlflow.entities import Metric, Param

    begun, ended = _milliseconds(point.started_at), _milliseconds(point.finished_at)
    tags = {"mlflow.runName": f"{point.task} {point.mitigation}", **_texts(point, _TAGS)}
    run_id = client.create_run(number, start_time=begun, tags=tags).info.run_id
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, ended, 0) for name, value in metrics_of(point).items()],
        params=[Param(name, value) for name, value in _texts(point, _PARAMS).items()],
    )
    client.set_tag(run_id, RECORD, point.record_id)  # last: what was broken off is not taken for written
    client.set_terminated(run_id, end_time=ended)
    return True


def _milliseconds(moment: str) -> int:
    """Since 1970, of a moment in ISO 8601."""
    return int(datetime.datetime.fromisoformat(moment).timestamp() * 1e3)


def metrics_of(point: PointSummary) -> dict[str, float]:
    """The numbers among the columns of results.csv by name; what is missing is absent."""
    values = {name: getattr(point, name) for name in CSV_COLUMNS if name not in _PARAMS}
    return {name: float(value) for name, value in values.items() if type(value) in (int, float)}


def _texts(point: PointSummary, names: Sequence[str]) -> dict[str, str]:
    values = {name: getattr(point, name) for name in names}
    return {name: str(value)[:_MOST_TEXT] for name, value in values.items() if value is not None}


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
