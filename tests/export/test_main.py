import csv

import pytest

from suite.export.__main__ import FORMS, STATE_EMBODIED, main
from suite.export.formats import TEXTS, WITH_EMBODIED
from suite.io.paths import CHECKOUT
from tests.footprint.points import gpu_record
from tests.synthetic import record, windows, write_run

PUBLISHED = CHECKOUT / "reports" / "gpu-h100"


@pytest.fixture
def run(tmp_path):
    simulated = windows((0.5, 0.5), method="simulated:power_model")
    records = [
        gpu_record(),
        record(run_windows=windows((1.0, 1.0)), minute=1),
        record(run_windows=simulated, model="made_up", minute=2),
    ]
    return write_run(tmp_path / "runs" / "example", records)


def test_every_text_form_has_a_name_on_the_command_line():
    assert {form.replace("-", "_") for form in FORMS} == {*TEXTS, "mlflow"}
    assert {form.replace("-", "_") for form in STATE_EMBODIED} == {*WITH_EMBODIED}


@pytest.mark.parametrize("form", sorted(TEXTS))
def test_a_published_run_in_every_form(form, tmp_path, capsys):
    one = ["--point", "83960ec617d0"] if form == "hub_card" else []
    assert main([str(PUBLISHED), f"--to={form}", "--out", str(tmp_path / "made"), *one]) == 0
    text = (tmp_path / "made").read_text()
    assert "measured" in text
    assert capsys.readouterr().out.strip() == str(tmp_path / "made")


def test_what_was_simulated_is_not_exported(run, capsys):
    assert main([str(run), "--to=codecarbon"]) == 0
    found = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(found) == 4
    assert not any("made_up" in row["experiment_id"] for row in found)


def test_choices_leave_points(run, capsys):
    assert main([str(run), "--to=ai-energy-score", "--mitigation", "distillation"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to=poster"], "unknown form, got 'poster', give --to=ai-energy-score"),
        (["--to=hub-card"], "2 points fit, one is needed"),
        (["--to=sci", "--mitigation", "nf4"], "no point with measured or estimated energy fits"),
        (["--to=codecarbon", "--embodied-kg", "3"], "only --to=sci and --to=sci-for-ai state embodied carbon"),
        (["--to=sci", "--embodied-kg", "3"], "embodied carbon needs both"),
        (["--to=sci", "--grid", "atlantis"], "unknown place"),
        (["--to=sci", "--out", "/proc/nothing/here"], "the export cannot be written"),
    ],
)
def test_bad_input_is_one_line(run, capsys, words, said):
    assert main([str(run), *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
