import json
import subprocess
import sys

import pytest

from suite.footprint.__main__ import main
from tests.footprint.points import gpu_record
from tests.synthetic import record, windows, write_run


@pytest.fixture
def footprint(capsys):
    def call(*arguments):
        code = main(list(arguments))
        return code, capsys.readouterr()

    return call


def test_the_published_use_case_from_the_command_line(footprint):
    code, printed = footprint("scenario=reports_1000", "grid=lombardy", "--json")
    found = json.loads(printed.out)
    assert code == 0
    assert found["energy_kwh"] == pytest.approx(197, abs=0.5)
    assert found["co2e_kg"] == pytest.approx(55, abs=0.5)
    assert {name: round(share * 100, 1) for name, share in found["shares"].items()} == pytest.approx(
        {"image_generation": 82.6, "text_generation": 15.1, "other": 2.3}, abs=0.1
    )


def test_the_page_is_the_default(footprint):
    code, printed = footprint("grid=lombardy")
    assert code == 0
    assert "197 kWh" in printed.out
    assert "55 kg CO2e" in printed.out
    assert "82.6 %" in printed.out


@pytest.mark.parametrize(
    ("override", "kwh"),
    [
        ("scenario.units=500", 98.54),
        ("scenario.queries_per_unit.image_generation=0", 34.28),
        ("scenario.queries_per_unit={image_generation: 0}", 34.28),
        ("scenario.queries_per_unit.object_detection=10", 197.45),  # and 10,000 x 0.038 Wh
        ("wh_per_query={image_generation: 1.0}", 90.28),
        ("wh_per_query.image_generation=1.0", 90.28),
        ("variant=median", 106.72),  # 75.6 + 633 x 0.042 + 4.53
        ("pue=2", 394.15),
    ],
)
def test_every_setting_can_be_changed(footprint, override, kwh):
    _, printed = footprint(override, "--json")
    assert json.loads(printed.out)["energy_kwh"] == pytest.approx(kwh, abs=0.01)


def test_an_own_grid_replaces_the_named_one(footprint):
    _, printed = footprint("grid_g_per_kwh=100", "--json")
    assert json.loads(printed.out)["co2e_kg"] == pytest.approx(19.71, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grid=lombardia"], "'lombardy'"),
        (["scenario=report"], "'reports_1000'"),
        (["scenaro=reports_1000"], "'scenario'"),
        (["scenario.unts=3"], "unknown key"),
        (["pue=0.9"], "PUE must be"),
        (["pue=much"], "wrong kind"),
        (["scenario.units=nan"], "scenario.units must be"),
        (["wh_per_query={image_generation: -1}"], "wh_per_query of image_generation must be"),
        (["grid=italy,france"], "one value for each key"),
        (["nonsense"], "no override"),
        (["export=sci"], "run=runs/NAME"),
        (["training=GPT-9"], "GPT-3"),
        (["training=BLOOMz-7B", "use_from=soon", "queries_per_day=5"], "use_from is no date"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(footprint, arguments, said):
    code, printed = footprint(*arguments)
    assert code == 2
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert said in printed.err


def test_a_training_stands_against_its_use(footprint):
    _, printed = footprint("training=BLOOMz-7B", "queries_per_day=1e6", "use_from=2026-01-01", "--json")
    found = json.loads(printed.out)
    assert found["parity"]["value"] == pytest.approx(592_570_000, rel=1e-3)
    assert found["parity_date"] == "2027-08-16"


def test_a_training_without_a_published_query_shows_what_there_is(footprint):
    code, printed = footprint("training=GPT-3")
    assert code == 0
    assert "429 g CO2e/kWh" in printed.out


@pytest.mark.parametrize(
    ("kind", "said"),
    [("sci", "software_carbon_intensity:"), ("disclosure", "# Energy disclosure"), ("model_card", "co2_eq_emissions:")],
)
def test_a_point_of_a_run_is_disclosed(footprint, tmp_path, kind, said):
    folder = write_run(tmp_path / "run", [gpu_record()])
    code, printed = footprint(f"export={kind}", f"run={folder}", "mitigation=distillation", "grid=italy")
    assert code == 0, printed.err
    assert printed.out.startswith(said)
    assert "Italy" in printed.out


def test_an_export_names_its_point_by_id_alone(footprint, tmp_path):
    made = record(mitigations=[("nf4", {})], run_windows=windows((0.5, 0.5)))
    folder = write_run(tmp_path / "run", [made])
    code, printed = footprint("export=sci", f"run={folder}", f"point_id='{made.point_id}'")
    assert code == 0, printed.err


def test_places_are_listed(footprint):
    code, printed = footprint("--places")
    assert code == 0
    assert "us/california" in printed.out
    assert "2018" in printed.out


def test_help_names_the_choices_and_imports_no_torch():
    command = [sys.executable, "-X", "importtime", "-m", "suite.footprint", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "lombardy" in done.stdout
    assert "reports_1000" in done.stdout
    assert "torch" not in done.stderr
