"""The folders that configuration is composed from: this suite's conf/, and those on Hydra's search path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from suite.errors import InputError
from suite.io.paths import CONF
from suite.plugins.source import folders_of

_PACKAGE, _FILE = "pkg://", "file://"


def conf_folders(search_path: Sequence[str]) -> list[Path]:
    """This suite's conf/ first, as Hydra has it, then the folder of each entry of ``hydra.searchpath``.

    Args:
        search_path: ``pkg://their_package.conf`` or ``file:///a/folder``.

    Raises:
        InputError: there is no such package or folder.
    """
    return [CONF, *(folder for entry in search_path for folder in _folders(entry))]


def _folders(entry: str) -> list[Path]:
    if entry.startswith(_PACKAGE):
        package = entry.removeprefix(_PACKAGE).replace("/", ".")
        found = [folder for folder in folders_of(package) if (folder / "__init__.py").is_file()]
        remedy = "install the package or add its folder to PYTHONPATH; its conf folder needs an __init__.py"
    else:
        found = [Path(entry.removeprefix(_FILE)).expanduser()]
        remedy = "give pkg://PACKAGE.conf or file://FOLDER"
    if not found or not all(folder.is_dir() for folder in found):
        raise InputError("hydra.searchpath names no folder of configuration", got=entry, remedy=remedy)
    return found


def options(group: str, folders: Sequence[Path]) -> list[str]:
    """Names that ``group=`` can be given, sorted."""
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def techniques(folders: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Settings of every technique of ``folders`` by its name, sorted: ``_target_`` and the defaults.

    Raises:
        InputError: a yaml cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    for folder in folders:
        for file in sorted((folder / "mitigation").glob("*.yaml")):
            for name, settings in _blocks(file).items():
                found.setdefault(name, settings)
    return dict(sorted(found.items()))


def _blocks(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        what = " ".join(str(error).split())
        raise InputError(f"a technique's yaml cannot be read ({what})", got=str(file), remedy="correct it") from error
    blocks = content.items() if isinstance(content, dict) else ()
    return {str(name): block for name, block in blocks if isinstance(block, dict) and "_target_" in block}
