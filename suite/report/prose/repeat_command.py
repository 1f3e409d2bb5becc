"""The command that measures a point again."""

from __future__ import annotations

import re
import shlex
from typing import Any

from suite.analysis.summary import PointSummary
from suite.record.dotted_keys import flatten


def repeat_command(point: PointSummary) -> str:
    """``python -m suite …`` with every choice that identifies the point spelled out."""
    words = [
        *([f"hydra.searchpath={_value(point.config['searchpath'])}"] if point.config.get("searchpath") else []),
        *_component("task", point.task, point.config),
        *_component("workload", point.workload, point.config),
        *(_servers(point) if point.config.get("endpoint") else _model_and_techniques(point)),
        f"device={point.device}",
        *_choices(point.config),
        f"name={_value(point.run + '-again')}",  # under its own name the run would see that the point is done
    ]
    return "python -m suite " + " ".join(shlex.quote(word) for word in words)


def _model_and_techniques(point: PointSummary) -> list[str]:
    names = [use["name"] for use in point.mitigations] or ["none"]
    return [
        *_component("model", point.model, point.config),
        f"mitigation=[{','.join(names)}]",
        *(
            f"mitigation.{use['name']}.{key}={_value(value)}"
            for use in point.mitigations
            for key, value in flatten(use["params"]).items()
        ),
        f"batch_size={point.baseline_batch_size}",
        f"dtype={point.dtype}",
        f"runtime={point.runtime}",
    ]


def _servers(point: PointSummary) -> list[str]:
    """Which servers were asked, and how: all that was set."""
    endpoint = point.config["endpoint"]
    settings = flatten({key: value for key, value in endpoint.items() if key != "body"}) | {
        "body": endpoint.get("body")
    }
    return [
        f"endpoint.{key}={_value(value)}"
        for key, value in settings.items()
        if value not in (None, "", {}) and not key.endswith("_target_")
    ]


def _component(group: str, label: str, config: dict[str, Any]) -> list[str]:
    """The choice of one component. A label is its name, with what the user changed in it in brackets behind."""
    name, _, changed = label.partition("[")
    settings = config.get(group)
    known = flatten(settings) if isinstance(settings, dict) else {}
    keys = [text.partition("=")[0] for text in changed.rstrip("]").split(",") if "=" in text]
    if group == "model" and known.get("name") not in (None, name) and known.get("path"):
        keys, name = ["path", *keys], known["name"]  # the user's own model is called by its path
    return [f"{group}={name}", *(f"{group}.{key}={_value(known[key])}" for key in dict.fromkeys(keys) if key in known)]


def _choices(config: dict[str, Any]) -> list[str]:
    """Protocol, seed, threads and how models are spread, where the configuration names them."""
    protocol = config.get("protocol")
    words = [f"protocol={protocol['name']}"] if isinstance(protocol, dict) and protocol.get("name") else []
    named = ("seed", "threads", "device_map")
    words += [f"{key}={_value(config[key])}" for key in named if config.get(key) is not None]
    lm_eval = config["task"].get("lm_eval") or {} if isinstance(config.get("task"), dict) else {}
    asked = lm_eval if lm_eval.get("tasks") else {}  # scored beside: no part of the task's name
    return words + [f"task.lm_eval.{key}={_value(value)}" for key, value in asked.items() if value is not None]


def _value(value: Any) -> str:
    """A value as Hydra's command line reads it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}: {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_value(item) for item in value) + "]"
    if isinstance(value, str) and not re.fullmatch(r"[\w./:@%+-]+", value):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return str(value)
