"""Protocols and meters by the names that conf/ gives them, read without Hydra."""

from __future__ import annotations

import importlib
from typing import Any

import yaml

from suite.core.meter import Meter
from suite.core.protocol import Protocol
from suite.errors import InputError
from suite.io.paths import CONF


def protocol_of(wanted: str | Protocol) -> Protocol:
    """The protocol itself, or that of conf/protocol of this name.

    Raises:
        InputError: there is none.
    """
    made: Protocol = _part("protocol", wanted, Protocol)
    return made


def meter_of(wanted: str | Meter) -> Meter:
    """The meter itself, or that of conf/meter of this name.

    Raises:
        InputError: there is none.
    """
    made: Meter = _part("meter", wanted, Meter)
    return made


def _part(group: str, wanted: Any, kind: type[Any]) -> Any:
    if isinstance(wanted, kind):
        return wanted
    files = {file.stem: file for file in (CONF / group).glob("*.yaml")}
    if not isinstance(wanted, str) or wanted not in files:
        raise InputError(f"there is no such {group}", got=wanted, remedy=f"choose {', '.join(sorted(files))}")
    return _made(yaml.safe_load(files[wanted].read_text("utf-8")))


def _made(settings: Any) -> Any:
    """``settings`` with each mapping that has a ``_target_`` turned into an object of that class."""
    if not isinstance(settings, dict):
        return settings
    values = {name: _made(value) for name, value in settings.items()}
    target = values.pop("_target_", None)
    if target is None:
        return values
    module, _, name = str(target).rpartition(".")
    return getattr(importlib.import_module(module), name)(**values)
