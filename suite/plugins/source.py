"""Where the source of a module lies, found without importing it or its parents."""

from __future__ import annotations

import importlib.util
from importlib.abc import InspectLoader
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path


def source_of(module: str) -> str | None:
    """The text of ``module``; None where there is no such module, or none in Python."""
    spec = _spec_of(module)
    if spec is None or not isinstance(spec.loader, InspectLoader):
        return None
    return spec.loader.get_source(module)


def folders_of(package: str) -> list[Path]:
    """The folders of ``package``, several for a namespace package; empty where there is none."""
    spec = _spec_of(package)
    return [Path(place) for place in (spec.submodule_search_locations if spec else None) or ()]


def _spec_of(module: str) -> ModuleSpec | None:
    """As ``importlib.util.find_spec``, which would import the parents of a submodule."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except ValueError:  # it is loaded and does not say where from, as __main__
        return None
    name = first
    for part in rest:
        name = f"{name}.{part}"
        spec = _child(name, list(spec.submodule_search_locations or ())) if spec else None
    return spec


def _child(name: str, folders: list[str]) -> ModuleSpec | None:
    """The module or package ``name`` below one of ``folders``; portions of a namespace package are joined."""
    finders = [FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)) for folder in folders]
    found = [spec for spec in (finder.find_spec(name) for finder in finders) if spec is not None]
    regular = [spec for spec in found if spec.loader is not None]
    if regular or not found:
        return regular[0] if regular else None
    namespace = ModuleSpec(name, None, is_package=True)
    namespace.submodule_search_locations = [place for spec in found for place in spec.submodule_search_locations or ()]
    return namespace
