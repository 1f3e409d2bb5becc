"""Command-line overrides to points: sweeps and experiments expanded, every mistake one clear sentence."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from suite.errors import InputError
from suite.io.paths import CONF
from suite.plugins.conf_folders import conf_folders, options
from suite.record.hashing import fingerprint

GROUPS = ("task", "model", "mitigation", "workload", "meter", "protocol", "schedule")
LABELLED = ("task", "model", "workload")
_NOT_IN_LABEL = ("task.seed", "task.max_scored", "model.name")


def parse(overrides: Sequence[str]) -> list[Override]:
    """Parses overrides by Hydra's grammar.

    Raises:
        InputError: one of them is no override.
    """
    parser = OverridesParser.create()
    parsed = []
    for text in overrides:
        try:
            override = parser.parse_override(text)
        except (OverrideParseException, HydraException) as error:
            raise InputError("this is no override", got=text, remedy="write key=value, see --help") from error
        if not override.get_key_element():
            raise InputError("this override has no key", got=text, remedy="write key=value, see --help")
        _check_kind(override)
        parsed.append(override)
    return parsed


def _check_kind(override: Override) -> None:
    """Refuses what Hydra allows and this suite would pass over in silence: removed and added keys, spoilt stacks."""
    key, text = override.get_key_element(), override.input_line
    if override.is_delete():
        raise InputError("keys cannot be removed", got=text, remedy="set another value")
    if override.is_add() and not key.lstrip("+").startswith(("hydra", "model.architecture.")):
        raise InputError("keys cannot be added", got=text, remedy="write it without + to see the nearest known key")
    if key in ("task.name", "task.metric", "task.higher_is_better"):
        raise InputError(f"{key} says what the task is and cannot be chosen", got=text, remedy="choose another task=")
    chosen = None if override.is_sweep_override() else override.value()
    if key == "mitigation" and isinstance(chosen, list):
        stack = [str(name) for name in chosen]
        if len(set(stack)) < len(stack) or ("none" in stack and len(stack) > 1):
            raise InputError(
                "a stack names each technique once, and none stands alone", got=text, remedy="drop the rest"
            )


def expand(overrides: Sequence[str], *, multirun: bool) -> list[list[str]]:
    """Every combination of the swept values, in order; one list of overrides a point.

    Raises:
        InputError: a value is swept without ``-m``.
    """
    choices = []
    for override in parse(overrides):
        if not override.is_sweep_override():
            choices.append([override.input_line or ""])
            continue
        if not multirun:
            raise InputError(
                "several values for one key are a sweep", got=override.input_line, remedy="add -m before it"
            )
        key = override.get_key_element()
        choices.append([f"{key}={value}" for value in override.sweep_string_iterator()])
    return [list(combination) for combination in itertools.product(*choices)]


def experiment_points(name: str, overrides: Sequence[str]) -> list[list[str]]:
    """The points of ``conf/experiment/NAME.yaml``; ``overrides`` replace its values key by key.

    Raises:
        InputError: there is no such experiment.
    """
    files = {path.stem: path for path in sorted((CONF / "experiment").glob("*.yaml"))}
    if name not in files:
        raise InputError("unknown experiment", got=name, remedy=_nearest(name, list(files)))
    content = yaml.safe_load(files[name].read_text())
    given = {override.get_key_element() for override in parse(overrides)}
    points: list[list[str]] = []
    for grid in content["grids"]:
        merged = {"name": name} | content.get("settings", {}) | grid
        if "mitigation" in given:  # the grid's parameters belong to its own techniques
            merged = {key: value for key, value in merged.items() if not key.startswith("mitigation.")}
        own = [f"{key}={_sweep_text(value)}" for key, value in merged.items() if key not in given]
        points += expand([*own, *overrides], multirun=True)
    return [list(point) for point in dict.fromkeys(tuple(point) for point in points)]


def _sweep_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return "null" if value is None else str(value)


def composed(overrides: Sequence[str]) -> DictConfig:
    """The configuration of one point, composed from conf/.

    Raises:
        InputError: an unknown group option or key, with the nearest known name; or a value that cannot be resolved.
    """
    folders = conf_folders(search_path_of(overrides))
    try:
        with initialize_config_dir(str(CONF), version_base="1.3", job_name="suite"):
            config = compose("config", overrides=list(overrides))
        missing = OmegaConf.missing_keys(config)
    except MissingConfigException as error:
        raise _unknown_option(error, folders) from None
    except (ConfigCompositionException, HydraException, OmegaConfBaseException, ValueError) as error:
        raise _unknown_key(error, overrides) from None
    if missing:
        raise InputError("values are missing", got=sorted(missing), remedy="give each as key=value")
    return config


def resolved(config: DictConfig) -> dict[str, Any]:
    """Plain containers with every interpolation resolved.

    Raises:
        InputError: an interpolation leads nowhere.
    """
    try:
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        what = str(error).splitlines()[0]
        raise InputError("a value cannot be resolved", got=what, remedy="name an existing key in ${…}") from None
    assert isinstance(container, dict)
    plain = {str(key): value for key, value in container.items()}
    return plain | {"mitigation": plain.get("mitigation") or {}}


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
            shown = own_name(value) if key == "task.data" and value else value
            changed[group].append(f"{key.partition('.')[2]}={shown}")
    name = {
        "task": config["task"]["name"],
        "model": named.get("model.path") or config["model"]["name"],
        "workload": named.get("workload", "offline"),
    }
    return {
        group: name[group] + (f"[{','.join(sorted(changed[group]))}]" if changed[group] else "") for group in LABELLED
    }


def search_path_of(overrides: Sequence[str]) -> list[str]:
    """Entries of ``hydra.searchpath``, where the user's own packages keep their configuration.

    Raises:
        InputError: it is no list.
    """
    given = parse([text for text in overrides if text.startswith("hydra.searchpath=")])
    value = given[-1].value() if given else []
    if not isinstance(value, list):
        raise InputError("hydra.searchpath must be a list", got=value, remedy="write [pkg://PACKAGE.conf]")
    return [str(entry) for entry in value]


def own_name(place: str) -> str:
    """What the user's own model or data is called: a hub id as it is, a path by its last part and its contents."""
    path = Path(place).expanduser()
    return f"{path.resolve().name}@{fingerprint(path)}" if path.exists() else place


def _chosen_names(overrides: Sequence[str]) -> dict[str, str]:
    chosen = {}
    for override in parse(overrides):
        key, value = override.get_key_element(), override.value()
        if key == "model.path" and value:
            chosen[key] = own_name(str(value))
        elif key == "workload":
            chosen[key] = str(value)
    return chosen


def _unknown_option(error: MissingConfigException, folders: Sequence[Path]) -> InputError:
    missing = (error.missing_cfg_file or "").removesuffix(".yaml").strip("/")
    group, _, option = missing.rpartition("/")
    known = options(group, folders) if group else []
    return InputError(f"unknown {group or 'configuration'}", got=option or missing, remedy=_nearest(option, known))


def _unknown_key(error: Exception, overrides: Sequence[str]) -> InputError:
    text = str(error)
    match = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", text)
    causing = match.group(1) or match.group(2) if match else ""
    keys = [override.partition("=")[0].lstrip("+~") for override in overrides]
    exact = [key for key in keys if key == causing]
    for key in exact or [key for key in keys if causing and (key.endswith("." + causing) or causing.startswith(key))]:
        technique = key.split(".")[1] if key.startswith("mitigation.") and key.count(".") > 1 else None
        known = _known_keys(overrides, key)
        exists = technique in options("mitigation", conf_folders(search_path_of(overrides)))
        if exists and f"mitigation.{technique}" not in known:
            return InputError("this technique is not chosen", got=key, remedy=f"add mitigation={technique}")
        return InputError("unknown key", got=key, remedy=_nearest(key, known))
    first = " ".join(text.split())
    return InputError(f"the configuration does not compose ({first})", got=list(overrides), remedy="see --help")


def _known_keys(overrides: Sequence[str], without: str) -> list[str]:
    """Keys that would be valid beside the other overrides, groups included."""
    others = [
        text
        for text in overrides
        if text.startswith("hydra.searchpath=")
        or ("." not in text.partition("=")[0] and not text.startswith(without + "="))
    ]
    try:
        with initialize_config_dir(str(CONF), version_base="1.3", job_name="suite"):
            config = compose("config", overrides=others)
    except (HydraException, OmegaConfBaseException):
        return list(GROUPS)
    return [*GROUPS, *_flat(OmegaConf.to_container(config, resolve=False))]


def _flat(container: Any, prefix: str = "") -> Iterator[str]:
    for key, value in container.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")


def _nearest(wrong: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
    listing = ", ".join(known) if len(known) <= 40 else "see --help"
    return (f"did you mean {close[0]}? " if close else "") + f"(known: {listing})"
