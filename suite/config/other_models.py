"""Parameters of techniques that name another model: a choice of conf/model, a directory or a hub id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from suite.checkpoints import locations
from suite.errors import InputError
from suite.io.paths import SHIPPED
from suite.plugins.conf_folders import conf_folders, options
from suite.text.suggest import one_of

MODEL_FIELDS = ("student", "architecture", "small", "draft", "specialist")
"""What such a parameter is called; the technique gets it as a ``ModelSpec``."""

_SPEC = "suite.checkpoints.pretrained.ModelSpec"

Techniques = dict[str, dict[str, Any]]


def with_models(techniques: Techniques, search_path: Sequence[str]) -> Techniques:
    """The settings of ``techniques``, those of the models that they name in the place of the names.

    Args:
        techniques: settings by name, resolved, as plain containers.
        search_path: entries of ``hydra.searchpath``, where further models may be described.

    Raises:
        InputError: there is no such model.
    """
    folders = conf_folders(search_path)
    return {
        name: {
            key: _settings_of(f"mitigation.{name}.{key}", value, folders) if key in MODEL_FIELDS and value else value
            for key, value in settings.items()
        }
        if isinstance(settings, dict)
        else settings
        for name, settings in techniques.items()
    }


def _settings_of(key: str, value: Any, folders: Sequence[Path]) -> dict[str, Any]:
    if isinstance(value, dict) and value.get("_target_") == _SPEC:
        return value  # planned before, by the process that asks for the point
    known = options("model", folders)
    if not isinstance(value, str):
        raise InputError(f"{key} must name a model", got=value, remedy=one_of("", known))
    if value not in known and ("/" in value or locations.is_local(value)):
        checkpoint = {"name": value, "path": value, "revision": None, "weights": "pretrained", "architecture": None}
        return {"_target_": _SPEC, **checkpoint}
    if value not in known:
        raise InputError(f"{key} names no model", got=value, remedy=one_of(value, known))
    file = next(found for folder in folders if (found := folder / "model" / f"{value}.yaml").exists())
    settings = {**yaml.safe_load(file.read_text("utf-8")), "_target_": _SPEC}
    return settings | {"path": as_shipped(settings.get("path"))}


def as_shipped(path: str | None) -> str | None:
    """``path``, or that of the suite's own directory where it means one from any folder."""
    if path and not Path(path).exists() and (SHIPPED / path).is_dir():
        return str(SHIPPED / path)
    return path


def places_of(techniques: Techniques) -> Iterator[tuple[str, str]]:
    """Key and value of each path that techniques are given, their other models' included."""
    for name, settings in techniques.items():
        for key, value in (settings if isinstance(settings, dict) else {}).items():
            place = value.get("path") if key in MODEL_FIELDS and isinstance(value, dict) else value
            if isinstance(place, str) and (key.endswith("path") or key in MODEL_FIELDS):
                yield f"mitigation.{name}.{key}", place


def params_of(settings: dict[str, Any]) -> dict[str, Any]:
    """What a point says of one technique: its parameters, another model by its name."""
    return {
        key: value["name"] if key in MODEL_FIELDS and isinstance(value, dict) else value
        for key, value in settings.items()
        if key != "_target_"
    }
