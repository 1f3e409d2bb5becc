"""Which classes a configuration may name by ``_target_``: this suite's, and those of packages that the user named.

Hydra calls whatever ``_target_`` says, anywhere in the settings of a component.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from suite.errors import InputError
from suite.plugins.conf_folders import conf_folders

_OWN, _PACKAGE = "suite", "pkg://"


def check_targets(config: Any, search_path: Sequence[str]) -> None:
    """Looks at every ``_target_`` of ``config``, nested ones included.

    Args:
        config: resolved, as plain containers.
        search_path: entries of ``hydra.searchpath``: the package of ``pkg://PACKAGE.conf`` may be used, and whatever
            the yaml files of these folders name.

    Raises:
        InputError: one names something else.
    """
    packages, named = _allowed(tuple(search_path))
    for place, target in _targets(config, ""):
        if not isinstance(target, str) or (target.partition(".")[0] not in packages and target not in named):
            remedy = "name a class of suite, or of a package on hydra.searchpath=[pkg://PACKAGE.conf]"
            raise InputError(f"{place} may not be called", got=target, remedy=remedy)


@functools.cache
def _allowed(search_path: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Packages, and single targets that stand in the user's own yaml files."""
    packages = {
        _OWN,
        *(re.split(r"[./]", entry.removeprefix(_PACKAGE))[0] for entry in search_path if _PACKAGE in entry),
    }
    named: set[str] = set()
    for folder in conf_folders(search_path)[1:]:
        for file in folder.rglob("*.yaml"):
            named.update(re.findall(r"^\s*_target_:\s*[\"']?([\w.]+)", file.read_text("utf-8"), re.MULTILINE))
    return frozenset(packages), frozenset(named)


def _targets(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        at = f"{place}.{key}" if place else str(key)
        if key == "_target_":
            yield at, inner
        yield from _targets(inner, at)
