import re
from pathlib import Path

import msgspec
import pytest
import yaml

from suite.errors import InputError
from suite.footprint.assess import Request, assess
from suite.footprint.exports.json_document import document
from suite.footprint.exports.text_page import page
from suite.footprint.scenario import scenario_file, scenario_from
from suite.io.paths import CONF
from tests.synthetic import publish_table, record, windows, write_run

SETTINGS = yaml.safe_load((CONF / "footprint.yaml").read_text())
REPORTS = yaml.safe_load(scenario_file("reports_1000").read_text())


def footprint(scenario=REPORTS, **changes):
    chosen = {"grid": "lombardy"} | changes
    request = msgspec.convert({key: (SETTINGS | chosen)[key] for key in Request.__struct_fields__}, Request)
    return assess(request, scenario_from("example", scenario), 2026)


@pytest.fixture
def run(tmp_path):
    """Text generation takes 3.6 J (0.001 Wh) a query; nf4 takes about half of it."""
    made = [
        record(task="text_generation", run_windows=windows((1.0, 1.0), baseline_j=3.6)),
        record(
            task="text_generation",
            mitigations=[("nf4", {})],
            run_windows=windows((0.5, 0.5, 0.5), baseline_j=3.6),
            minute=1,
        ),
    ]
    return str(write_run(tmp_path / "run", made))


def test_the_published_use_case_is_reproduced():
    found = footprint().impact
    assert found.energy.value == pytest.approx(197, abs=0.5)
    assert found.carbon.value == pytest.approx(55, abs=0.5)
    assert found.shares == pytest.approx(
        {"image_generation": 0.826, "text_generation": 0.151, "other": 0.023}, abs=1e-3
    )


@pytest.mark.parametrize(
    ("variant", "kwh", "kilograms", "share"),
    [
        ("mean", 197.1, 55.0, 0.826),
        ("median", 109.9, 30.7, 0.688),
        ("sdxl_a100_node", 677.7, 189.1, 0.949),
        ("sdxl_h100", 126.1, 35.2, 0.728),
        ("flux1_dev_h100", 157.9, 44.1, 0.783),
        ("sd35_medium_h100", 58.9, 16.4, 0.418),
        ("sana_1_5_1_6b_h100", 40.8, 11.4, 0.159),
    ],
)
def test_the_image_model_sets_the_result(variant, kwh, kilograms, share):
    # 1,000 reports x (56 images + 633 texts x 0.047 Wh + 4.53 Wh), worked with each published energy of an image
    by_variant = {each.variant: each for each in footprint().sensitivity}
    found = by_variant[variant]
    assert found.energy.value == pytest.approx(kwh, abs=0.06)
    assert found.carbon.value == pytest.approx(kilograms, abs=0.06)
    assert found.share == pytest.approx(share, abs=6e-4)


def test_the_data_centre_and_its_water_worked_by_hand():
    # 197.073 kWh at PUE 1.17, WUE 0.27 and Italy's 4.8374 L/kWh: 53.2 L on site and 1,115.4 L off site
    found = footprint(datacentre="microsoft").impact
    assert found.energy.value == pytest.approx(230.58, abs=0.01)
    assert found.water_onsite is not None
    assert found.water_offsite is not None
    assert found.water_onsite.value == pytest.approx(53.21, abs=0.01)
    assert found.water_offsite.value == pytest.approx(1115.4, abs=0.1)


def test_a_technique_changes_the_task_that_it_was_measured_on_alone(run):
    found = footprint(run=run, mitigation="nf4")
    assert found.without is not None
    before, after = found.without.parts, found.impact.parts
    # text generation: 29.751 kWh published x 0.5 measured
    assert after[1].energy.value == pytest.approx(14.8755)
    assert (after[1].technique, after[1].wh_per_query.tag) == ("nf4", "modelled")
    assert after[0] == before[0]
    assert found.impact.energy.value == pytest.approx(197.073 - 14.8755)
    assert any(note.startswith("image_generation: not measured with nf4") for note in found.notes)


def test_the_ratio_s_interval_reaches_the_total(run, tmp_path):
    spread = record(task="text_generation", mitigations=[("nf4", {})], run_windows=windows((0.4, 0.5, 0.6)))
    folder = str(write_run(tmp_path / "spread", [spread]))
    energy = footprint(run=folder, mitigation="nf4").impact.energy
    assert energy.low is not None
    assert energy.high is not None
    assert energy.low < energy.value < energy.high


def test_a_run_s_energies_replace_the_published_ones_that_it_holds(run):
    found = footprint(energy=run)
    image, text, _ = found.impact.parts
    assert image.wh_per_query.tag == "published"
    assert text.wh_per_query.tag == "estimated"
    assert text.energy.value == pytest.approx(0.633)  # 633,000 x 0.001 Wh
    assert f"image_generation: not in {run}, its energy stays published" in found.notes


def test_one_s_own_use_stands_beside_the_published_one(run):
    found = footprint(energy=run)
    assert found.beside is not None
    assert found.beside.published.energy.value == pytest.approx(197.073)
    # 162.792 kWh of images stay published, 0.633 kWh of texts instead of 29.751, 4.53 kWh of the rest
    assert found.impact.energy.value == pytest.approx(167.955)
    assert found.beside.ratio.value == pytest.approx(167.955 / 197.073)
    assert found.beside.task_ratios == pytest.approx({"text_generation": 0.633 / 29.751})
    assert found.beside.stay_published == ["image_generation"]
    assert found.run_queries["text_generation"].model == "vit_digits"


def test_published_energies_alone_have_nothing_beside_them(run):
    assert footprint().beside is None
    assert footprint(run=run, mitigation="nf4").beside is None
    assert footprint(wh_per_query={"image_generation": 0.5}).beside is not None


def test_a_run_of_both_tasks_leaves_nothing_published(tmp_path):
    made = [
        record(task=task, run_windows=windows((1.0, 1.0), baseline_j=3.6), minute=minute)
        for minute, task in enumerate(("text_generation", "image_generation"))
    ]
    found = footprint(energy=str(write_run(tmp_path / "both", made)))
    assert found.beside.stay_published == []
    assert found.impact.parts[0].energy.value == pytest.approx(0.056)  # 56,000 x 0.001 Wh
    assert not any("stays published" in note for note in found.notes)


def test_any_scenario_stands_beside_its_published_one(tmp_path):
    folder = write_run(tmp_path / "run", [record(task="text_classification", run_windows=windows((1.0, 1.0)))])
    daily = yaml.safe_load(scenario_file("daily_classifier").read_text())
    found = footprint(daily, energy=str(folder))
    assert found.beside.published.energy.value == pytest.approx(73.0)  # 36.5 million x 0.002 Wh
    assert found.impact.energy.value == pytest.approx(36.5 / 3.6)  # 1 J each


def test_without_a_published_energy_of_a_task_there_is_no_published_use():
    scenario = REPORTS | {"queries_per_unit": {"speech_recognition": 1}, "sensitivity": None}
    found = footprint(scenario, wh_per_query={"speech_recognition": 1.0})
    assert found.beside is None
    assert any(note.startswith("nothing is published of speech_recognition") for note in found.notes)


def test_the_page_shows_both_columns_and_what_the_run_s_query_is(run):
    lines = page(footprint(energy=run)).splitlines()
    (energy,) = [line for line in lines if line.startswith("  energy ")]
    assert re.split(r"\s{2,}", energy.strip()) == ["energy", "168 kWh", "modelled", "2024", "[1]", "197 kWh", "0.852"]
    (image,) = [line for line in lines if line.startswith("  image generation ")]
    assert image.endswith("stays published")
    assert any(line.startswith("  other ") and line.endswith("same in both") for line in lines)
    at = next(number for number, line in enumerate(lines) if line.startswith("  text generation "))
    assert lines[at].endswith("0.0213")
    assert "by vit_digits of 1,200,000 parameters, batch 32, on Example CPU" in lines[at + 1]
    assert "says nothing of the models behind the published energy" in lines[at + 1]


def test_the_document_has_both_and_the_ratio(run):
    found = document(footprint(energy=run))
    assert found["energy_kwh"] == pytest.approx(167.955)
    assert found["published"]["energy_kwh"] == pytest.approx(197.073)
    assert found["published"]["co2e_kg"] == pytest.approx(55.0, abs=0.05)
    assert found["published"]["own_over_published"]["value"] == pytest.approx(167.955 / 197.073)
    assert found["published"]["own_over_published_by_task"] == pytest.approx({"text_generation": 0.633 / 29.751})
    assert found["run_queries"]["text_generation"]["batch_size"] == 32
    assert document(footprint())["published"] is None


def test_a_small_share_is_not_shown_as_none(run):
    assert "< 0.1 %" in page(footprint(energy=run, variant="sdxl_a100_node"))


def test_another_task_of_the_run_can_stand_for_one(run):
    found = footprint(REPORTS | {"run_tasks": {"image_generation": "text_generation"}}, energy=run)
    assert found.impact.parts[0].energy.value == pytest.approx(0.056)  # 56,000 x 0.001 Wh


def test_the_user_s_own_energy_wins():
    assert footprint(wh_per_query={"image_generation": 0.5}).impact.parts[0].energy.value == pytest.approx(28.0)


def test_a_stack_is_called_by_its_names(run):
    with pytest.raises(InputError, match=r"nf4\+batch_size"):
        footprint(run=run, mitigation=["nf4", "batch_size"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mitigation": "nf4"}, "run=runs/NAME"),
        ({"energy": "runs/nowhere"}, "no such run"),
        ({"wh_per_query": {"cooking": 1.0}}, "cooking"),
        ({"grid_g_per_kwh": -1.0}, "carbon intensity"),
        ({"pue": 0.5}, "PUE"),
        ({"variant": "meen"}, "unknown published variant"),
    ],
)
def test_bad_input_is_one_clear_error(changes, said):
    with pytest.raises(InputError, match=said):
        footprint(**changes)


def test_two_runs_at_once_are_refused(run):
    with pytest.raises(InputError, match="two runs"):
        footprint(energy=run, run="runs/other", mitigation="nf4")


def test_a_ratio_on_the_run_s_own_energies_is_not_carried(run):
    assert not any("nobody has measured" in note for note in footprint(energy=run, mitigation="nf4").notes)
    assert any("nobody has measured" in note for note in footprint(run=run, mitigation="nf4").notes)


def test_a_named_place_is_not_the_scenario_s():
    assert not footprint(grid="italy").grid_is_the_scenario_s
    assert not footprint(grid=None, grid_g_per_kwh=100.0).grid_is_the_scenario_s
    assert footprint(grid=None).grid_is_the_scenario_s


def test_a_stack_in_the_other_order_is_suggested(tmp_path):
    made = record(
        task="text_generation", mitigations=[("nf4", {}), ("batch_size", {})], run_windows=windows((0.5, 0.5))
    )
    folder = str(write_run(tmp_path / "stack", [made]))
    with pytest.raises(InputError, match=r"did you mean mitigation=\[nf4,batch_size\]\?"):
        footprint(run=folder, mitigation=["batch_size", "nf4"])


def test_a_run_without_the_technique_says_what_it_has(run):
    with pytest.raises(InputError, match="text_generation: none, nf4"):
        footprint(run=run, mitigation="fp16")


def test_the_document_says_of_every_figure_how_it_was_got(run):
    found = document(footprint(run=run, mitigation="nf4", datacentre="google", price_per_kwh=0.3))
    figures = [*found["figures"].values(), *found["equivalences"].values()]
    figures += [each[key] for each in found["tasks"] for key in ("wh_per_query", "energy")]
    figures += [each[key] for each in found["sensitivity"] for key in ("wh_per_query", "energy", "carbon")]
    assert all(
        figure["tag"] in ("measured", "estimated", "modelled", "published") and figure["year"] and figure["source"]
        for figure in figures
    )
    assert found["energy_kwh_low"] <= found["energy_kwh"] <= found["energy_kwh_high"]
    assert found["without_mitigation"]["energy_kwh"] > found["energy_kwh"]


def test_water_that_is_not_known_is_null_and_not_0():
    found = document(footprint())
    assert found["water_l"] is None
    assert found["water_onsite_l"] is None
    assert found["water_offsite_l"] == pytest.approx(953.3, abs=0.1)


def test_the_page_shows_age_sources_and_what_is_not_known():
    text = page(footprint(grid="world"))
    assert "2018, 8 years old" in text
    assert "water on site: not known here" in text
    assert "Luccioni, Jernite and Strubell 2024" in text


def test_the_page_compares_with_and_without_a_technique(run):
    text = page(footprint(run=run, mitigation="nf4"))
    assert "with nf4: 182" in text
    assert "instead of 197 kWh" in text
    assert "the run's verdict on nf4 is" in text


def test_a_table_of_another_analysis_is_named_in_the_notes(run, tmp_path):
    published = publish_table(Path(run), tmp_path / "report", analysis="another")
    found = footprint(run=str(published), mitigation="nf4")
    assert any("results.parquet was derived by another version of the analysis" in note for note in found.notes)
    assert not any("version of the analysis" in note for note in footprint(run=run, mitigation="nf4").notes)
