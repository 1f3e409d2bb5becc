import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.carbon.quantity import Figure
from suite.footprint.impact import impact_of
from suite.footprint.scenario import parts_of, scenario_from
from tests.footprint.points import published, site
from tests.footprint.test_scenario import CONTENT, ENERGY

CHOICES = {"phone_charges": "epa_2024", "petrol_car_km": "eu_2023"}
NUMBERS = ("it_energy", "energy", "carbon", "water_onsite", "water_offsite", "water", "cost")


def impact(units=10.0, pue=1.2, energy=ENERGY):
    scenario = scenario_from("example", CONTENT | {"units": units})
    place = site(pue=pue, onsite_l_per_kwh=published(0.3), offsite_l_per_kwh=published(4.0))
    return impact_of(
        parts_of(scenario, {"text_generation": energy}), place, choices=CHOICES, price_per_kwh=0.25, currency="EUR"
    )


def test_every_figure_worked_by_hand():
    # 0.1 kWh of hardware; x 1.2 = 0.12 kWh; x 400 g = 48 g; on site 0.3 x 0.1 L; off site 4 x 0.12 L
    found = impact()
    values = {name: getattr(found, name).value for name in NUMBERS}
    assert values == pytest.approx(
        {
            "it_energy": 0.1,
            "energy": 0.12,
            "carbon": 0.048,
            "water_onsite": 0.03,
            "water_offsite": 0.48,
            "water": 0.51,
            "cost": 0.03,
        }
    )
    assert [getattr(found, name).unit for name in NUMBERS] == ["kWh", "kWh", "kg CO2e", "L", "L", "L", "EUR"]


def test_every_figure_is_tagged_dated_and_sourced():
    found = impact()
    for figure in [*found.named().values(), *found.equivalences.values()]:
        assert figure.tag == "modelled"
        assert figure.year > 2000
        assert figure.source


def test_half_of_the_water_is_not_all_of_it():
    scenario = scenario_from("example", CONTENT)
    dry = impact_of(parts_of(scenario, {"text_generation": ENERGY}), site(offsite_l_per_kwh=published(4.0)), choices={})
    assert dry.water is None
    assert dry.water_onsite is None
    assert dry.water_offsite is not None
    assert dry.cost is None


def values(found):
    figures = [*(getattr(found, name) for name in NUMBERS), *found.equivalences.values()]
    return [end for each in figures for end in (each.value, each.low, each.high)]


@given(units=st.floats(1e-6, 1e9), factor=st.floats(1e-3, 1e3))
def test_everything_is_linear_in_the_number_of_queries(units, factor):
    once = [end * factor for end in values(impact(units=units))]
    assert values(impact(units=units * factor)) == pytest.approx(once, rel=1e-9)


@given(pue=st.floats(1, 3), more=st.floats(1, 3))
def test_nothing_falls_as_pue_rises(pue, more):
    lean, fat = values(impact(pue=pue)), values(impact(pue=pue * more))
    assert all(high >= low * (1 - 1e-12) for low, high in zip(lean, fat, strict=True))


@given(wh=st.floats(1e-9, 1e6), low=st.floats(0, 1), high=st.floats(1, 10))
def test_every_interval_holds_its_value(wh, low, high):
    energy = Figure(value=wh, low=wh * low, high=wh * high, unit="", tag="measured", source="x", year=2026)
    found = values(impact(energy=energy))
    for value, below, above in zip(found[::3], found[1::3], found[2::3], strict=True):
        assert below <= value * (1 + 1e-9)
        assert above >= value * (1 - 1e-9)
