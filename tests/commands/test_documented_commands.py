"""Every command that README and docs/ show does what it says: sweeps as far as --dry-run, the others whole."""

from __future__ import annotations

import datetime
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from suite.__main__ import main as suite
from suite.compare import main as compare
from suite.doctor.__main__ import main as doctor
from suite.export.__main__ import main as export
from suite.footprint.__main__ import main as footprint
from suite.io.paths import CHECKOUT
from suite.publish import main as publish
from suite.report.__main__ import main as report
from tests.commands.test_own_model import WORDS, fine_tuned_bert
from tests.imported.written import EMISSIONS, ml_energy
from tests.synthetic import record, windows, write_run

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
RUNS = {
    **dict.fromkeys(("xeon", "before", "after", "NAME", "pull-request", "monday", "main"), "embedded-xeon-2cpu"),
    **dict.fromkeys(("h100", "today"), "gpu-h100"),
}
"""Runs that the pages speak of, and a published one that stands for each."""
ELSEWHERE = re.compile(
    r"layer_dropping|their_package|device=cuda|launcher=(submitit_slurm|ray|gpus)|^\S*pip |tools\.wheelhouse"
    "|--to=mlflow"
)
"""The example technique, boxes of several GPUs and clusters have tests of their own, with what stands for them; so has
MLflow, which the development environment lacks."""


class Command(NamedTuple):
    """A command, where it stands."""

    page: str
    line: int
    text: str


def commands() -> list[Command]:
    """Lines of fenced blocks and code in sentences that run this project."""
    found = []
    for page in PAGES:
        joined = re.sub(r"\\\n\s*", "", page.read_text())
        for number, line in enumerate(joined.splitlines(), start=1):
            inline = re.findall(r"`((?:python3? -m suite|make )[^`]*)`", line)
            for text in inline or [line.strip()]:
                if re.match(r"(\S*python3?) -m (suite|tools)|make [a-z]|\S*pip ", text) and (
                    inline or not line.startswith("|")
                ):
                    found.append(Command(page.name, number, re.split(r"\s+[#→]\s*", text)[0].strip()))
    return list({each.text: each for each in reversed(found)}.values())[::-1]


ALL = [each for each in commands() if not ELSEWHERE.search(each.text)]
OF_MAKE = [each for each in ALL if each.text.startswith("make ")]
OF_SUITE = [each for each in ALL if "-m suite " in each.text + " " and each not in OF_MAKE]
OTHERS = [each for each in ALL if each not in OF_MAKE and each not in OF_SUITE]
SLOW = re.compile("suite.report|suite.publish|experiment=")
"""Pages take seconds to draw, and every point of an experiment is composed."""


def marked(each: Command) -> object:
    marks = [pytest.mark.slow] if SLOW.search(each.text) else []
    return pytest.param(each, id=f"{each.page}:{each.line}", marks=marks)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the commands name: runs, reports, a model, data, a series of carbon intensities."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "reports").mkdir()
    for name, published in RUNS.items():
        (tmp_path / "runs" / name).symlink_to(CHECKOUT / "reports" / published)
    for name in ("monday", "main", "embedded-xeon-2cpu", "interventions-epyc-2cpu", "study-epyc-2cpu"):
        shutil.copytree(CHECKOUT / "reports" / RUNS.get(name, name), tmp_path / "reports" / name)
    for device in ("cpu", "cuda"):
        seen = windows([0.8] * 4, component={"cuda": "gpu"}.get(device, device))
        write_run(tmp_path / "runs" / {"cuda": "gpu"}.get(device, device), [record(device=device, run_windows=seen)])
    fine_tuned_bert(tmp_path / "my-bert")
    for name in ("reviews.jsonl", "more_reviews.jsonl"):
        texts = [f"the {name[0]} film {number} was {WORDS[number % 10]}" for number in range(40)]
        rows = [{"text": text, "label": ("negative", "positive")[n % 2]} for n, text in enumerate(texts)]
        (tmp_path / name).write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "results.json").write_text(json.dumps(ml_energy()))
    shutil.copy(EMISSIONS, tmp_path)
    (tmp_path / "my_tasks").mkdir()
    (tmp_path / "my_tasks" / "own_questions.yaml").write_text("task: own_questions\n")
    now = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)
    hours = [f"{now + datetime.timedelta(hours=hour):%Y-%m-%dT%H:%M:%S+00:00},{300 - hour}" for hour in range(-1, 96)]
    (tmp_path / "FILE").write_text("time,g_co2e_per_kwh\n" + "\n".join(hours))
    monkeypatch.chdir(tmp_path)
    return tmp_path


PARTS = {"gpu": "batch_size=8", "techniques": "task=image_classification"}
"""Of experiments of two hundred points, which take half a minute to plan; tests/config/test_expand.py composes all."""


def words_of(each: Command) -> list[str]:
    return shlex.split(re.sub(r"\s>\s*\S+$", "", each.text))


def test_the_pages_show_commands_of_every_kind() -> None:
    assert len(OF_MAKE) > 10
    assert len(OF_SUITE) > 10
    assert {words_of(each)[2] for each in OTHERS} == {
        "suite.report", "suite.compare", "suite.publish", "suite.footprint", "suite.doctor", "suite.export",
    }  # fmt: skip


@pytest.mark.parametrize("each", [marked(each) for each in OF_SUITE])
def test_a_sweep_can_be_planned(each: Command, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [word for word in words_of(each)[3:] if word != "--dry-run"]
    if not words:
        pytest.skip("a word in a sentence")
    device = [] if any(word.startswith("device=") for word in words) else ["device=cpu"]
    part = [narrow for name, narrow in PARTS.items() if f"experiment={name}" in words]
    assert suite([*words, *device, *part, "--dry-run", "runs_dir=measured"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("each", [marked(each) for each in OTHERS])
def test_what_reads_runs_ends_with_0(each: Command, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"report": report, "compare": compare, "publish": publish, "footprint": footprint, "doctor": doctor}
    entry["export"] = export
    words = words_of(each)
    assert entry[words[2].removeprefix("suite.")](words[3:]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("each", OF_MAKE, ids=lambda each: f"{each.page}:{each.line}")
def test_make_knows_what_to_do(each: Command, tmp_path: Path) -> None:
    """As far as ``make --dry-run`` tells: the target is there, and so are the files that it names."""
    setup = tmp_path / ".setup-done"
    setup.touch()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    words = words_of(each)[1:]
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", f"SETUP={setup}", *words],
        cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
