"""The worked example of docs/adding-a-technique.md runs as it stands there."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from suite.errors import InputError, NoEffect
from tests.fakes import answers, fake_setup

PAGE = (Path(__file__).parents[2] / "docs" / "adding-a-technique.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = tmp_path / "layer_dropping.py"
    path.write_text(block("python"))
    spec = importlib.util.spec_from_file_location("layer_dropping", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "layer_dropping", module)
    spec.loader.exec_module(module)
    return module.LayerDropping


def test_the_yaml_fits_the_class(example: Any) -> None:
    settings = yaml.safe_load(block("yaml"))["layer_dropping"]
    assert settings.pop("_target_") == f"suite.mitigations.pruning.layer_dropping.{example.__name__}"
    assert example(**settings).share == 0.25


@pytest.mark.parametrize("kind", ["image", "text", "generation"])
def test_the_example_drops_a_block(example: Any, kind: Any) -> None:
    setup = fake_setup(kind, locked=True)
    technique = example(share=0.25)
    changed = technique.apply(setup)
    seen = technique.proof(setup, changed)
    assert seen["after"]["parameters"] < seen["before"]["parameters"]
    assert answers(changed).shape == answers(setup).shape


def test_the_example_catches_a_no_op(example: Any) -> None:
    with pytest.raises(NoEffect):
        example(share=0.25).proof(fake_setup(), fake_setup())


def test_the_example_refuses_a_share_of_one(example: Any) -> None:
    with pytest.raises(InputError, match=r"layer_dropping\.share"):
        example(share=1)


def test_every_helper_it_names_exists() -> None:
    from suite.toolkit import blocks, effect, layers, libraries, mlps
    from suite.toolkit.training import retraining

    section = PAGE.split("## What there is to use")[1].split("## Four traps")[0]
    for name in re.findall(r"`(\w+)\(?", section.split("- `suite.toolkit.training.retraining")[0]):
        assert name == "suite" or any(hasattr(module, name) for module in (blocks, effect, layers, mlps)), name
    assert callable(retraining.retrain)
    assert callable(libraries.load)
