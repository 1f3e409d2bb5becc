"""What a point calls its task, model and workload, so that what the user changed tells two points apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omegaconf import OmegaConf

from suite.config.overrides import parse
from suite.record.hashing import own_name

LABELLED = ("task", "model", "workload")
_DATA = ("task.data", "task.data.test", "task.data.train", "workload.prompts")
_FURTHER = tuple(f"task.lm_eval.{key}" for key in ("tasks", "folder", "limit"))
"""What is scored beside makes no other point."""
_NOT_IN_LABEL = ("task.seed", "task.max_scored", "task.query_count", "model.name", *_FURTHER)


def labels(config: dict[str, Any], overrides: Sequence[str]) -> dict[str, str]:
    """What a point calls its task, model and workload: the conf key, and in brackets what the user changed in it.

    A model at the user's own path is called by the path's last part and a fingerprint of what it holds, or by its
    hub id, so that two models of one name are two points.
    """
    changed: dict[str, list[str]] = {group: [] for group in LABELLED}
    named = _chosen_names(overrides)
    for override in parse(overrides):
        key = override.get_key_element().lstrip("+")
        group = key.partition(".")[0]
        if group in LABELLED and "." in key and key not in _NOT_IN_LABEL and key != "model.path":
            value = OmegaConf.select(OmegaConf.create(config), key)
            shown = own_name(value) if key in _DATA and isinstance(value, str) else value
            changed[group].append(f"{key.partition('.')[2]}={shown}")
    name = {
        "task": config["task"]["name"],
        "model": named.get("model.path") or config["model"]["name"],
        "workload": named.get("workload", "offline"),
    }
    return {
        group: name[group] + (f"[{','.join(sorted(changed[group]))}]" if changed[group] else "") for group in LABELLED
    }


def _chosen_names(overrides: Sequence[str]) -> dict[str, str]:
    chosen = {}
    for override in parse(overrides):
        key, value = override.get_key_element(), override.value()
        if key == "model.path" and value:
            chosen[key] = own_name(str(value))
        elif key == "workload":
            chosen[key] = str(value)
    return chosen
