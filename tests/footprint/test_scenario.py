import msgspec
import pytest
import yaml

from suite.carbon.quantity import Figure
from suite.errors import InputError
from suite.footprint.scenario import SCENARIO_FOLDER, parts_of, scenario_file, scenario_from, shares, total

CONTENT = {
    "title": "an example",
    "unit": "report",
    "units": 10,
    "queries_per_unit": {"text_generation": 100},
    "other_wh_per_unit": 5.0,
    "run_tasks": {},
    "sensitivity": None,
    "year": 2026,
    "source": "made up",
}
ENERGY = Figure(value=0.05, low=0.04, high=0.07, unit="Wh per query", tag="published", source="table", year=2024)


def example(**changes):
    return scenario_from("example", CONTENT | changes)


@pytest.mark.parametrize("path", sorted(SCENARIO_FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_scenario_can_be_used(path):
    scenario = scenario_from(path.stem, yaml.safe_load(path.read_text()))
    assert scenario.source
    assert scenario.units > 0


def test_energy_is_units_times_queries_times_wh():
    # 10 reports x 100 queries x 0.05 Wh = 50 Wh; and 10 x 5 Wh of the rest
    text, other = parts_of(example(), {"text_generation": ENERGY})
    assert text.energy.value == pytest.approx(0.050)
    assert (text.energy.low, text.energy.high) == pytest.approx((0.040, 0.070))
    assert other.energy.value == pytest.approx(0.050)
    assert {text.energy.tag, other.energy.tag} == {"modelled"}
    assert text.wh_per_query.tag == "published"


def test_shares_add_up_to_1():
    parts = parts_of(example(), {"text_generation": ENERGY})
    assert shares(parts) == pytest.approx({"text_generation": 0.5, "other": 0.5})
    assert total(parts).value == pytest.approx(0.1)


def test_a_use_of_no_energy_has_no_shares():
    idle = example(queries_per_unit={"text_generation": 0}, other_wh_per_unit=0)
    assert shares(parts_of(idle, {"text_generation": ENERGY})) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"units": -1}, "scenario.units must be"),
        ({"units": float("nan")}, "scenario.units must be"),
        ({"units": 0}, "scenario.units must be a finite number above 0"),
        ({"units": "many"}, "scenario.units must be a number, got 'many'"),
        ({"queries_per_unit": {"text_generation": -5}}, "queries_per_unit.text_generation must be"),
        ({"other_wh_per_unit": float("inf")}, "other_wh_per_unit must be"),
        ({"queries_per_unit": {"other": 1}}, "cannot be called other"),
        ({"run_tasks": {"txt_generation": None}}, "txt_generation"),
        ({"sensitivity": "image_generation"}, "image_generation"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(changes, said):
    with pytest.raises(InputError, match=said):
        example(**changes)


def test_a_scenario_that_does_nothing_is_refused():
    with pytest.raises(InputError, match="no task"):
        total(parts_of(example(queries_per_unit={}, other_wh_per_unit=0), {}))


def test_an_unknown_scenario_gets_the_nearest_name():
    with pytest.raises(InputError, match=r"did you mean reports_1000\?"):
        scenario_file("report_1000")


def test_a_scenario_survives_json():
    assert msgspec.convert(msgspec.to_builtins(example()), type(example())) == example()
