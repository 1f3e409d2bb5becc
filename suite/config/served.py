"""A point whose arms are servers: what identifies it, and what has no place in it."""

from __future__ import annotations

from typing import Any

import msgspec

from suite.endpoint.served_model import Endpoints, ServedModel
from suite.errors import InputError
from suite.record.hashing import own_name
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


def of_servers(config: dict[str, Any], endpoints: Endpoints) -> dict[str, Any]:
    """What the record has in the place of ``config``'s own: the models of the servers, for the task's is not loaded."""
    candidate = endpoints.candidate if endpoints.is_compared else endpoints.baseline
    return {
        "model": {"name": _label(endpoints.baseline), "candidate": _label(candidate)},
        "contents": {name: digest for name, digest in config["contents"].items() if name != "model"},
    }


def _label(served: ServedModel) -> str:
    """The model (a directory or a file by its last part and contents), and in brackets what its server was told."""
    name = own_name(served.model) if served.model else served.label
    return f"{name}[{served.arguments}]" if served.arguments else name


def _identity(served: ServedModel) -> dict[str, Any]:
    identity = served.identity()
    return identity | ({"model": own_name(served.model)} if served.model else {})
