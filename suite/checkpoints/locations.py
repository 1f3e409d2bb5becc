"""Does the user mean a place on this machine or a hub id, and where does that place lie?"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from suite.errors import InputError, NotApplicable

PACKAGE = "package:"
"""What stands before a file of an installed package: ``package:IMPORT_NAME/FILE``."""


def is_local(text: str) -> bool:
    """True if ``text`` means a place of this machine, whether it exists or not; else it is a hub id."""
    path = Path(text)
    named = text[:1] in (".", "/", "~") or text.startswith(PACKAGE)
    return named or path.exists() or (len(path.parts) > 1 and Path(path.parts[0]).is_dir())


def on_disk(text: str) -> Path:
    """Where a local ``text`` lies, whether there is something or not; a package is looked for, not imported.

    Raises:
        InputError: no package can have such a name.
        NotApplicable: the package is not installed.
    """
    if not text.startswith(PACKAGE):
        return Path(text).expanduser()
    package, _, file = text.removeprefix(PACKAGE).partition("/")
    if not package.isidentifier():
        raise InputError("the package has no possible name", got=text, remedy=f"write {PACKAGE}IMPORT_NAME/FILE")
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        install = f"pip install --no-deps {package.replace('_', '-')}"
        raise NotApplicable(f"the package {package} is not installed: {install}")
    return Path(next(iter(found.submodule_search_locations)), file)
