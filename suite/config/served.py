"""A point whose arms are servers: what identifies it, and what has no place in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from suite.config.labels import own_name
from suite.endpoint.served_model import Endpoints, ServedModel
from suite.errors import InputError
from suite.record.schema import MitigationUse, Point

SERVED = "served"
"""In the place of a data type and a runtime, which are the servers' own."""
CANDIDATE = "endpoint"
"""What the point calls its candidate, in the place of a technique."""


def served_point(point: Point, endpoints: Endpoints) -> Point:
    """``point`` with the baseline's model in the place of its own, and the candidate's server in that of a technique.

    Raises:
        InputError: techniques are named, or a size of batches.
    """
    if point.mitigations:
        got, remedy = point.label, "start the candidate's server with it, see docs/serving.md"
        raise InputError("a technique cannot be applied to a model that is served", got=got, remedy=remedy)
    if point.batch_size != 1:
        remedy = "leave batch_size out and set workload.concurrency"
        raise InputError("a server makes its own batches", got=f"batch_size={point.batch_size}", remedy=remedy)
    compared = [MitigationUse(name=CANDIDATE, params=_identity(endpoints.candidate))] if endpoints.is_compared else []
    model = _label(endpoints.baseline)
    return msgspec.structs.replace(point, model=model, mitigations=compared, dtype=SERVED, runtime=SERVED)


def _label(served: ServedModel) -> str:
    """The model, and in brackets what else was asked of its server."""
    name = _model_name(served.label)
    return f"{name}[{served.arguments}]" if served.arguments else name


def _identity(served: ServedModel) -> dict[str, Any]:
    identity = served.identity()
    return identity | ({"model": _model_name(str(identity["model"]))} if "model" in identity else {})


def _model_name(model: str) -> str:
    """A directory by its last part and a fingerprint; any other name as it is."""
    return own_name(model) if Path(model).expanduser().is_dir() else model
