"""Adding a technique as docs/adding-a-technique.md says touches one .py and one .yaml, and nothing else needs to know.

The page's example is added to a copy of the checkout, with one package required more, and everything that shows
techniques is asked for it there. Then the same, and a task, in a package outside of the checkout.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from suite.__main__ import main as suite
from suite.doctor.__main__ import main as doctor
from suite.record.schema import Record
from suite.record.store import load_run
from tests.commands.test_command_line import FAST

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-technique.md").read_text()
NAME = "layer_dropping"
IDEA = "The upper blocks of a fine-tuned model change its answer least"
SEARCH_PATH = "hydra.searchpath=[pkg://their_package.conf]"


def example(language: str) -> tuple[str, str]:
    """Where the page's example goes, and what it holds; it requires a package that no technique of the suite does."""
    found = re.search(rf"^## \d\. The \w+: `([^`]+)`\n```{language}\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    place, text = found.groups()
    return place, text.replace("Requires()", 'Requires(packages={"jinja2": "jinja2"})')


def python(folder: Path, *words: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """``python words`` in ``folder``, with the packages of ``path`` before all others."""
    environment = os.environ | {"PYTHONPATH": f"{path}{os.pathsep}{folder}", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=250
    )


def row_of(found: dict[str, Any]) -> dict[str, Any]:
    """What the doctor says of the example."""
    (row,) = [each for each in found["techniques"] if each["name"] == NAME]
    return row


def measured(folder: Path, *words: str, path: Path = ROOT) -> tuple[Record, str]:
    """The record of one point, and the report's page."""
    fast = [word for word in FAST if word != "report=false"]
    done = python(folder, "-m", "suite", *fast, f"mitigation={NAME}", "name=added", *words, path=path)
    assert done.returncode == 0, done.stderr
    ((_, record),) = load_run(folder / "runs" / "added")[0]
    return record, (folder / "reports" / "added" / "index.html").read_text()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with the page's two files."""
    folder = tmp_path_factory.mktemp("checkout")
    for part in ("suite", "conf", "tests", "docs", "models/vit_digits"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for language in ("python", "yaml"):
        place, text = example(language)
        assert not (folder / place).exists()
        (folder / place).write_text(text)
    return folder


def test_the_page_adds_one_python_file_and_one_yaml() -> None:
    places = [example(language)[0] for language in ("python", "yaml")]
    assert places == [f"suite/mitigations/pruning/{NAME}.py", f"conf/mitigation/{NAME}.yaml"]


@pytest.mark.slow
class TestInTheCheckout:
    def test_a_point_is_measured_and_the_report_has_the_techniques_card(self, checkout: Path) -> None:
        record, page = measured(checkout, path=checkout)
        assert (record.status, record.reason) == ("ok", None)
        assert record.effect["proof"][NAME]["after"]["parameters"] < record.effect["baseline"]["parameters"]
        assert f'id="card-{NAME}"' in page
        assert IDEA in page

    def test_the_doctor_knows_it_and_its_package_is_among_those_of_a_record(self, checkout: Path) -> None:
        done = python(checkout, "-m", "suite.doctor", "--json", path=checkout)
        found, version = json.loads(done.stdout), importlib.metadata.version("jinja2")
        assert (row_of(found)["runs"], row_of(found)["libraries"]) == (True, {"jinja2": version})
        assert found["packages"]["jinja2"] == version

    def test_the_table_of_the_docs_has_it(self, checkout: Path) -> None:
        table = python(checkout, "-m", "suite.doctor", "--techniques", path=checkout).stdout
        assert (
            f"| [`{NAME}`](#{NAME}) | the last blocks of a transformer are left out | pruning | package jinja2 |"
            in table
        )
        assert IDEA in table

    def test_the_contract_tests_find_it_and_it_keeps_them(self, checkout: Path) -> None:
        files = ["tests/contracts/test_mitigations.py", "tests/contracts/test_conf.py"]
        names = f"{NAME} or test_every_component_has_one_file"
        done = python(checkout, "-m", "pytest", *files, "-k", names, path=checkout)
        assert done.returncode == 0, done.stdout
        assert re.search(r"\d+ passed", done.stdout)


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``their_package``: the technique, and a task that is one of the suite's under another name."""
    folder = tmp_path_factory.mktemp("outside")
    package = folder / "their_package"
    for group in ("mitigation", "task"):
        (package / "conf" / group).mkdir(parents=True)
    for place in (package, package / "conf"):
        (place / "__init__.py").touch()
    (package / f"{NAME}.py").write_text(example("python")[1])
    yaml = example("yaml")[1].replace(f"suite.mitigations.pruning.{NAME}", f"their_package.{NAME}")
    (package / "conf" / "mitigation" / f"{NAME}.yaml").write_text(yaml)
    (package / "their_task.py").write_text(
        "from suite.tasks.image_classification import ImageClassification\n\n\n"
        'class TheirTask(ImageClassification):\n    """Digits again."""\n'
    )
    task = (ROOT / "conf" / "task" / "image_classification.yaml").read_text()
    task = task.replace("suite.tasks.image_classification.ImageClassification", "their_package.their_task.TheirTask")
    task = task.replace("name: image_classification", "name: their_task")
    (package / "conf" / "task" / "their_task.yaml").write_text(task)
    return folder


class TestInAPackageOfTheUsersOwn:
    @pytest.mark.slow
    def test_technique_and_task_are_measured_and_shown(self, outside: Path) -> None:
        record, page = measured(outside, SEARCH_PATH, "task=their_task")
        assert (record.status, record.reason) == ("ok", None)
        assert record.point.task.startswith("their_task")
        assert record.config["task"]["_target_"] == "their_package.their_task.TheirTask"
        assert record.environment["packages"]["jinja2"] == importlib.metadata.version("jinja2")
        assert IDEA in page
        assert "python -m suite &#39;hydra.searchpath=[pkg://their_package.conf]&#39; task=their_task" in page

    def test_the_doctor_finds_it_by_the_search_path(self, outside, monkeypatch, capsys) -> None:
        monkeypatch.syspath_prepend(str(outside))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert doctor(["--json", SEARCH_PATH]) == 0
        row = row_of(json.loads(capsys.readouterr().out))
        assert (row["target"], row["runs"]) == ("their_package.layer_dropping.LayerDropping", True)

    def test_a_name_that_is_nearly_right_is_put_right(self, outside, monkeypatch, capsys) -> None:
        monkeypatch.syspath_prepend(str(outside))
        assert suite([SEARCH_PATH, "mitigation=layer_droping"]) == 2
        assert f"did you mean {NAME}?" in capsys.readouterr().err

    def test_a_parameter_that_is_nearly_right_is_put_right(self, outside, monkeypatch, capsys) -> None:
        monkeypatch.syspath_prepend(str(outside))
        assert suite([SEARCH_PATH, f"mitigation={NAME}", f"mitigation.{NAME}.shar=0.5"]) == 2
        assert f"did you mean mitigation.{NAME}.share?" in capsys.readouterr().err

    def test_a_parameter_of_a_technique_that_is_not_chosen_is_told_so(self, outside, monkeypatch, capsys) -> None:
        monkeypatch.syspath_prepend(str(outside))
        assert suite([SEARCH_PATH, f"mitigation.{NAME}.share=0.5"]) == 2
        assert f"add mitigation={NAME}" in capsys.readouterr().err
