"""Overrides one by one, as they are typed: read by Hydra's grammar, each mistake one sentence with a remedy."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, ValueType
from hydra.errors import HydraException

from suite.config.texts import PLACES, TEXTS
from suite.errors import InputError
from suite.io.paths import CONF
from suite.plugins.conf_folders import conf_folders, options
from suite.text.suggest import one_of

GROUPS = ("task", "model", "mitigation", "workload", "runtime", "meter", "protocol", "schedule")
"""Groups of conf/ that a point chooses from."""

_LONGEST_NAME, _LONGEST_PATH = 255, 4095  # bytes, on Linux
_SEARCH_PATH, _LAUNCHER = "hydra.searchpath", "hydra/launcher"


def parse(overrides: Sequence[str]) -> list[Override]:
    """Parses overrides by Hydra's grammar.

    Raises:
        InputError: one of them is no override, or one that this suite does not take.
    """
    parsed = []
    for text in overrides:
        override = _parsed(text)
        if override is None:
            raise InputError("this is no override", got=text, remedy=_quoting_remedy(text))
        if not override.get_key_element():
            raise InputError("this override has no key", got=text, remedy="write key=value, see --help")
        _check_kind(override)
        parsed.append(override)
    return parsed


def _parsed(text: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException:
        return None


def as_meant(overrides: Sequence[str]) -> list[str]:
    """``overrides`` with names and paths as Hydra takes them.

    Names of choices are spelt as this suite does: ``task=text-classification`` is Hugging Face's. A path or a name is
    taken as it is typed, whatever it means in Hydra's grammar (``2024``, ``epoch=3/model``, ``~/model``).

    Raises:
        InputError: a path is longer than any can be.
    """
    return [_as_text(_spelt_as_here(text)) for text in overrides]


def _spelt_as_here(override: str) -> str:
    group, equals, value = override.partition("=")
    if not equals or not _is_group(group):
        return override
    known = {path.stem for path in (CONF / group).glob("*.yaml")}

    def name(found: re.Match[str]) -> str:
        ours = found[0].replace("-", "_")
        return ours if found[0] not in known and ours in known else found[0]

    return f"{group}={re.sub(r'[A-Za-z0-9_-]+', name, value)}"


def _is_group(key: str) -> bool:
    return re.fullmatch(r"\w+", key) is not None and (CONF / key).is_dir()


def _as_text(text: str) -> str:
    key, equals, value = text.partition("=")
    if not equals or not _is_text(key) or value[:1] in ("", "'", '"'):
        return text
    if _is_place(key):
        value = _home(value)
        _check_length(key, value)
    override = _parsed(f"{key}={value}")
    if override is None or _is_number(override) or (_is_place(key) and _is_other(override) and Path(value).exists()):
        return f"{key}={quoted(value)}"
    return f"{key}={value}"


def _is_place(key: str) -> bool:
    return key.rpartition(".")[2] in PLACES or key == "schedule.elsewhere" or key.startswith("task.data.")


def _is_text(key: str) -> bool:
    """A folder may be called 2024, and a commit 1234567."""
    return _is_place(key) or key.rpartition(".")[2] in TEXTS


def _home(value: str) -> str:
    try:
        return str(Path(value).expanduser())
    except RuntimeError:  # a user that is not known
        return value


def _is_number(override: Override) -> bool:
    return not override.is_sweep_override() and isinstance(override.value(), bool | int | float)


def _is_other(override: Override) -> bool:
    """Whether Hydra reads several values, a list or a dictionary."""
    return override.is_sweep_override() or isinstance(override.value(), list | dict)


def _check_length(key: str, value: str) -> None:
    """Paths that no system can look for would end in an error of its own."""
    longest = max((len(part.encode()) for part in Path(value).parts), default=0)
    if longest > _LONGEST_NAME or len(value.encode()) > _LONGEST_PATH:
        raise InputError(f"{key} is longer than a path can be", got=f"{value[:40]}…", remedy="give a shorter one")


def quoted(value: str) -> str:
    """``value`` in quotes, which Hydra takes as it is."""
    mark = "'" if '"' in value and "'" not in value else '"'
    escaped = re.sub(r"(\\*)" + mark, lambda found: f"{found[1]}{found[1]}\\{mark}", value)
    tail = re.search(r"\\*$", escaped)
    return f"{mark}{escaped}{tail[0] if tail else ''}{mark}"


def _quoting_remedy(text: str) -> str:
    """How to write in a shell what Hydra cannot read as it stands."""
    key, equals, value = text.partition("=")
    whole = f"{key}={quoted(value)}"
    if not equals or not key or not text.isprintable() or _parsed(whole) is None:
        return "write key=value, see --help"
    return f"quote the value: {shlex.quote(whole)}"


def comma_remedy(override: Override) -> str:
    """What else to do about a comma in what may be one path or name; empty where it cannot be."""
    key, _, value = (override.input_line or "").partition("=")
    if not _is_text(key):
        return ""
    return f", or quote it if it is one: {shlex.quote(f'{key}={quoted(value)}')}"


def swept_values(override: Override, search_path: Sequence[str]) -> list[str]:
    """The values of a sweep, as overrides have them.

    Args:
        override: of a sweep.
        search_path: entries of ``hydra.searchpath``, where choices may lie that ``glob`` takes.

    Raises:
        InputError: its values cannot be listed, or there is none.
    """
    key = str(override.get_key_element())
    chosen: Any = override.value()
    if override.value_type is ValueType.INTERVAL_SWEEP:
        remedy = f"list some, {key}=1,2,4, or give steps, {key}=range(1,9)"
        raise InputError("an interval has no list of values", got=override.input_line, remedy=remedy)
    if not isinstance(chosen, Glob):
        return [str(value) for value in override.sweep_string_iterator()]
    known = options(key, conf_folders(search_path)) if _is_group(key) else []
    found = [str(name) for name in chosen.filter(known)]
    if not found:
        remedy = one_of("", known) if known else "list the values, a,b,c"
        raise InputError(f"glob finds no choice of {key}", got=override.input_line, remedy=remedy)
    return found


def search_path_of(overrides: Sequence[str]) -> list[str]:
    """Entries of ``hydra.searchpath``, where the user's own packages keep their configuration.

    Raises:
        InputError: it is no list.
    """
    given = parse([text for text in overrides if text.startswith(f"{_SEARCH_PATH}=")])
    value = given[-1].value() if given else []
    if not isinstance(value, list):
        raise InputError(f"{_SEARCH_PATH} must be a list", got=value, remedy="write [pkg://PACKAGE.conf]")
    return [str(entry) for entry in value]


def _check_kind(override: Override) -> None:
    """Refuses what Hydra allows and this suite would pass over in silence: removed and added keys, spoilt stacks."""
    key, text = str(override.get_key_element()), override.input_line
    if override.is_delete():
        raise InputError("keys cannot be removed", got=text, remedy="set another value")
    _check_hydra(key, str(text))
    if override.is_add() and not key.lstrip("+").startswith(("hydra", "model.architecture.")):
        raise InputError("keys cannot be added", got=text, remedy="write it without + to see the nearest known key")
    if key in ("task.name", "task.metric", "task.higher_is_better"):
        raise InputError(f"{key} says what the task is and cannot be chosen", got=text, remedy="choose another task=")
    chosen = None if override.is_sweep_override() else override.value()
    if key in GROUPS and not override.is_sweep_override() and not _is_choice(key, chosen):
        raise InputError(f"{key} needs a name", got=text, remedy=one_of("", options(key, [CONF])))
    if key == "mitigation" and isinstance(chosen, list):
        _check_stack(chosen, text)


def _is_choice(group: str, chosen: object) -> bool:
    return (isinstance(chosen, str | list) and bool(chosen)) or (group == "mitigation" and chosen == [])


def _check_stack(chosen: list[Any], text: str | None) -> None:
    stack = [str(name) for name in chosen]
    if len(set(stack)) < len(stack) or ("none" in stack and len(stack) > 1):
        raise InputError("a stack names each technique once, and none stands alone", got=text, remedy="drop the rest")


def _check_hydra(key: str, text: str) -> None:
    """Hydra's own settings run code (callbacks, a sweeper) or do nothing here, but for those that the docs name."""
    bare = key.lstrip("+")
    if not re.match(r"hydra\b", bare):
        return
    if key == _SEARCH_PATH or bare == _LAUNCHER or (bare.startswith("hydra.launcher.") and "_target_" not in text):
        return
    remedy = f"leave it out; {_SEARCH_PATH}, {_LAUNCHER} and hydra.launcher.* are taken, see docs/clusters.md"
    raise InputError("this setting of Hydra's has no place here", got=text, remedy=remedy)
