import json
import re
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
    code, printed = footprint()
    assert code == 0
    assert "Lombardy" in printed.out
    assert "the scenario's own, as no grid= was given" in printed.out
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
        (["grid=lombardia"], "did you mean lombardy"),
        (["scenario=report"], "did you mean reports_1000?"),
        (["scenaro=reports_1000"], "did you mean scenario?"),
        (["scenario.unts=3"], "unknown key"),
        (["pue=0.9"], "1.2 means 20 % overhead; null counts none"),
        (["pue=much"], "pue must be a number, got 'much'"),
        (["grid_g_per_kwh=250g"], "grid_g_per_kwh must be a number, got '250g'"),
        (["scenario.units=many"], "scenario.units must be a number, got 'many'"),
        (["wh_per_query={image_generation: much}"], "each value of wh_per_query must be a number"),
        (["scenario=daily_classifier"], "name grid= or grid_g_per_kwh="),
        (["scenario.units=0"], "scenario.units must be"),
        (["export=disclosure", "--json"], "it is Markdown; drop --json"),
        (["export=sci", "run=runs/example"], "name grid= or grid_g_per_kwh="),
        (
            ["grid=zzzzqqq"],
            "'zzzzqqq', list all with --places, or give your own value in g CO2e a kWh, grid_g_per_kwh=",
        ),
        (["training=GPT-3", "queries_per_day=5"], "kwh_per_query="),
        (["training=GPT-3", "training_kwh=5"], "give training= or training_kwh="),
        (["training_kwh=5"], "give kwh_per_query="),
        (["training_kwh=5", "kwh_per_query=0"], "kwh_per_query must be"),
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
    assert "428.9 g CO2e/kWh" in printed.out
    assert "neither time nor energy was metered" in printed.out


def test_the_user_s_own_query_stands_for_one_that_is_not_published(footprint):
    _, printed = footprint("training=GPT-3", "kwh_per_query=0.001", "--json")
    found = json.loads(printed.out)
    assert found["parity"]["value"] == pytest.approx(1_287_000_000)  # 1,287,000 kWh over 0.001 kWh
    assert found["energy_per_query"]["tag"] == "estimated"
    assert "not checked" in found["energy_per_query"]["source"]


def test_the_user_s_own_training_stands_against_its_use(footprint):
    _, printed = footprint("training_kwh=10", "kwh_per_query=0.001", "--json")
    found = json.loads(printed.out)
    assert found["parity"]["value"] == pytest.approx(10_000)
    assert found["training"]["tag"] == "estimated"


def test_a_training_with_fine_tuning_says_so_and_cites_its_source_once(footprint):
    _, printed = footprint("training=BLOOMz-3B")
    lines = printed.out.splitlines()
    assert lines[0].split("  ")[1] == "training and fine-tuning"
    assert "fine-tuning is TDP at full use" in printed.out
    assert lines[-1].count("Luccioni") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["queries_per_day=5"], "queries_per_day is read only with mitigation="),
        (["use_from=2026-01-01"], "a scenario does not read use_from"),
        (["training=PaLM", "use_from=2026-01-01"], "use_from is read only with queries_per_day="),
        (["run=runs/example"], "run is read only with mitigation= or export="),
        (["training=GPT-3", "grid=italy"], "training= does not read grid"),
        (["training=GPT-3", "scenario.units=5"], "training= does not read scenario.units"),
        (["training=GPT-3", "scenario=reports_1000"], "training= does not read scenario,"),
        (["export=sci", "price_per_kwh=0.3"], "export= does not read price_per_kwh"),
        (["kwh_per_query=1"], "it belongs to training="),
        (["point_ids=[ab]"], "point_ids is read only with"),
        (["currency=USD"], "currency is read only with price_per_kwh="),
    ],
)
def test_a_setting_that_would_be_ignored_is_refused(footprint, arguments, said):
    code, printed = footprint(*arguments)
    assert code == 2
    assert said in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("energy", "said"),
    [
        ("nothing-there", "no such run"),
        ("empty", "no readable record in the run"),
        ("simulated", "no energy of a query"),
    ],
)
def test_energies_of_what_is_no_measured_run_are_refused(footprint, tmp_path, energy, said):
    (tmp_path / "empty").mkdir()
    write_run(tmp_path / "simulated", [record(run_windows=windows((0.5, 0.5), method="simulated:board"))])
    code, printed = footprint(f"energy={tmp_path / energy}")
    assert code == 2
    assert printed.out == ""
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_a_scenario_s_task_that_no_run_can_have_is_one_line(footprint, tmp_path):
    folder = write_run(tmp_path / "run", [record(task="text_generation", run_windows=windows((0.5, 0.5)))])
    code, printed = footprint(f"energy={folder}", "scenario.queries_per_unit.cooking=1")
    assert code == 2
    assert "a task that no run can have, got 'cooking'" in printed.err
    assert printed.err.count("\n") == 1


def test_a_setting_of_null_is_not_given(footprint):
    assert footprint("training=GPT-3", "grid=null")[0] == 0


@pytest.mark.parametrize(("kind", "title"), [("sci", "software_carbon_intensity"), ("model_card", "co2_eq_emissions")])
def test_an_export_in_yaml_is_json_on_demand(footprint, tmp_path, kind, title):
    folder = write_run(tmp_path / "run", [gpu_record()])
    _, printed = footprint(f"export={kind}", f"run={folder}", "mitigation=distillation", "grid=italy", "--json")
    assert list(json.loads(printed.out)) == [title]


def test_what_a_training_repaid_is_stated_in_queries_and_days(footprint, tmp_path):
    made = gpu_record(ratios=(0.48, 0.52, 0.49, 0.51), task="text_generation")
    folder = write_run(tmp_path / "run", [made])
    code, printed = footprint(f"run={folder}", "mitigation=distillation", "queries_per_day=5")
    assert code == 0, printed.err
    assert re.search(r"text generation +after 10 \[.*\] queries, 2 \[.*\] days at 5 queries a day", printed.out)
    assert printed.out.count("which nobody has measured") == 1


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
    code, printed = footprint("export=sci", f"run={folder}", f"point_id='{made.point_id}'", "grid=italy")
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
