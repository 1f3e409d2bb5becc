"""One component, one file, one yaml: every group of conf/ against the code it names."""

from pathlib import Path

import pytest
import yaml

import suite
from suite.carbon.place import find
from suite.checkpoints.model_spec import ModelSpec
from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.core.meter import Meter
from suite.core.protocol import Protocol
from suite.core.task import Task
from suite.core.workload import Workload
from suite.io.paths import CONF

KINDS = {"task": Task, "workload": Workload, "meter": Meter, "protocol": Protocol, "model": ModelSpec}
IN_FILES = {"task": "tasks", "workload": "workloads", "meter": "meters", "mitigation": "mitigations"}


def stems(group):
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def camel(stem):
    return "".join(part.capitalize() for part in stem.split("_"))


@pytest.mark.parametrize(("group", "stem"), [(group, stem) for group in KINDS for stem in stems(group)])
def test_every_yaml_builds_what_its_group_is_made_of(group, stem):
    built = build(resolved(composed([f"{group}={stem}"]))[group])
    assert isinstance(built, KINDS[group])
    assert getattr(built, "name", stem) == stem


@pytest.mark.parametrize(("group", "package"), IN_FILES.items())
def test_every_component_has_one_file_and_one_yaml_of_its_name(group, package):
    files = {path.stem for path in (Path(suite.__file__).parent / package).rglob("*.py")} - {"__init__"}
    assert files == set(stems(group)) - {"none"}


@pytest.mark.parametrize(("group", "stem"), [(group, stem) for group in ("task", "workload") for stem in stems(group)])
def test_a_class_is_called_like_its_yaml(group, stem):
    target = yaml.safe_load((CONF / group / f"{stem}.yaml").read_text())["_target_"]
    assert target == f"suite.{IN_FILES[group]}.{stem}.{camel(stem)}"


@pytest.mark.parametrize("stem", stems("grid"))
def test_every_grid_has_a_value_a_year_and_a_source(stem):
    grid = find(stem)
    assert 0 < grid.g_co2e_per_kwh < 2000
    assert grid.year
    assert grid.source


@pytest.mark.parametrize("path", sorted(CONF.rglob("*.yaml")), ids=lambda path: str(path.relative_to(CONF)))
def test_every_yaml_explains_itself(path):
    assert "#" in path.read_text()
