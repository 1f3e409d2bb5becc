import importlib
import os
import subprocess
import sys

import pytest
import yaml

from suite import __version__, console
from suite.io.paths import CHECKOUT


def test_a_command_is_run_with_the_words_after_it(monkeypatch):
    seen = []
    compare = importlib.import_module("suite.compare")
    monkeypatch.setattr(compare, "main", lambda words: seen.append(words) or 1)
    assert console.main(["compare", "runs/a", "--html", "x"]) == 1
    assert seen == [["runs/a", "--html", "x"]]


@pytest.mark.parametrize("name", console.COMMANDS)
def test_every_command_has_help(name, capsys):
    with pytest.raises(SystemExit) as ended:
        console.main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")


def test_its_version_is_the_packages(capsys):
    with pytest.raises(SystemExit):
        console.main(["--version"])
    assert capsys.readouterr().out == f"{console.PROGRAM} {__version__}\n"


@pytest.mark.parametrize("words", [[], ["repor"]])
def test_no_command_or_an_unknown_one_is_one_line_with_those_there_are(words, capsys):
    assert console.main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("error: ")


def completions(line):
    """What a shell is told that has ``line`` typed, by the protocol of argcomplete."""
    pytest.importorskip("argcomplete")
    # the shell reads the answers from the descriptor that it gave as 8
    command = [sys.executable, "-c", "import os, sys; os.dup2(1, 8); from suite.console import main; main()"]
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    asked |= {"_ARGCOMPLETE_COMP_WORDBREAKS": " ", "_ARGCOMPLETE_SHELL": "bash"}
    found = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, timeout=60)
    return [word.strip() for word in found.stdout.splitlines()]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("m", ["measure", "models"]),
        ("measure mitig", ["mitigation="]),
        ("measure -m mitigation=int8_st", ["mitigation=int8_static"]),
        ("compare --ac", ["--across"]),
    ],
)
def test_a_shell_is_told_how_the_line_goes_on(typed, expected):
    assert completions(f"{console.PROGRAM} {typed}") == expected


def test_the_citation_names_this_version():
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__


@pytest.mark.parametrize(
    "form", sorted((CHECKOUT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda path: path.stem
)
def test_a_form_for_issues_asks_what_each_field_says(form):
    """As GitHub requires: a name, a description, and a label and an id of its own for each field."""
    content = yaml.safe_load(form.read_text("utf-8"))
    assert content["name"]
    assert content["description"]
    assert all(field["attributes"]["label"] for field in content["body"])
    ids = [field["id"] for field in content["body"]]
    assert len(ids) == len(set(ids))


def test_the_image_copies_what_the_package_is_built_from():
    """All that pyproject.toml names, and all of it let through by .dockerignore."""
    image = (CHECKOUT / "Dockerfile").read_text("utf-8")
    let_through = (CHECKOUT / ".dockerignore").read_text("utf-8").split()
    for needed in ("pyproject.toml", "README.md", "LICENSE", "constraints.txt", "suite", "conf", "models"):
        assert f"!{needed}" in let_through
        assert any(needed in line.split()[1:-1] for line in image.splitlines() if line.startswith("COPY "))
