"""The house: no loose modules, no crowded folders. Who may import whom stands in pyproject.toml (lint-imports)."""

import tomllib
from pathlib import Path

import pytest

from suite.io.paths import CHECKOUT

SUITE = CHECKOUT / "suite"
LOOSE = {"__init__", "__main__", "cli", "compare", "console", "errors", "publish", "units"}
MOST_FILES = 22
FOLDERS = sorted(folder for folder in SUITE.rglob("*") if folder.is_dir() and folder.name != "__pycache__")


def test_only_commands_errors_and_units_stand_loose():
    assert {path.stem for path in SUITE.glob("*.py")} == LOOSE


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(SUITE)))
def test_no_folder_is_crowded(folder: Path):
    assert len([path for path in folder.glob("*.py") if path.stem != "__init__"]) <= MOST_FILES


def test_every_part_is_in_a_layer_and_no_import_is_exempted():
    contracts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = contracts[0]["layers"]
    named = {part.strip() for layer in layers for part in layer.split("|")}
    parts = {path.name for path in SUITE.iterdir() if (path / "__init__.py").is_file()}
    assert contracts[0]["exhaustive"]
    assert named == parts | (LOOSE - {"__init__"})
    assert not any("ignore_imports" in contract or "exhaustive_ignores" in contract for contract in contracts)


def test_tests_mirror_the_folders_that_they_test():
    of_code = {str(folder.relative_to(SUITE)) for folder in FOLDERS if (folder / "__init__.py").is_file()}
    of_tests = {str(path.parent.relative_to(CHECKOUT / "tests")) for path in (CHECKOUT / "tests").rglob("test_*.py")}
    kinds_of_test = {".", "benchmarks", "browser", "commands", "contracts", "golden", "gpu", "tools"}
    assert of_tests - kinds_of_test <= of_code
