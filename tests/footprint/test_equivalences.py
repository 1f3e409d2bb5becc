import pytest

from suite.carbon.quantity import Figure
from suite.errors import InputError
from suite.footprint.equivalences import cost, equivalences

ENERGY = Figure(value=197.0, low=100.0, high=300.0, unit="kWh", tag="modelled", source="example", year=2024)
CARBON = Figure(value=55.0, unit="kg CO2e", tag="modelled", source="example", year=2023)


@pytest.mark.parametrize(
    ("name", "choice", "count"),
    [
        ("phone_charges", "epa_2024", 8954.5),  # 197 / 0.022
        ("phone_charges", "epa_2023", 16416.7),  # 197 / 0.012
        ("electric_car_km", "use_case", 1000.0),  # as the use case has it
        ("electric_car_km", "real_world", 938.1),  # 197 / 0.21
        ("petrol_car_km", "eu_2023", 413.5),  # 55 / 0.133
        ("household_years", "italy", 0.07296),  # 197 / 2700
        ("washing_cycles", "eu_reference_7kg", 228.54),  # 197 / 0.862
    ],
)
def test_a_count_is_the_amount_over_the_chosen_constant(name, choice, count):
    figure = equivalences(ENERGY, CARBON, {name: choice})[name]
    assert figure.value == pytest.approx(count, rel=1e-4)
    assert choice in figure.source
    assert figure.year >= 2019


def test_the_reference_washing_cycle_follows_from_the_regulation():
    # Regulation (EU) 2019/2014: -0.0025 c^2 + 0.0846 c + 0.3920 kWh for c = 7 kg
    cycles = equivalences(ENERGY, CARBON, {"washing_cycles": "eu_reference_7kg"})["washing_cycles"]
    assert 197 / cycles.value == pytest.approx(-0.0025 * 49 + 0.0846 * 7 + 0.392, abs=0.001)


def test_an_interval_is_carried():
    charges = equivalences(ENERGY, CARBON, {"phone_charges": "epa_2024"})["phone_charges"]
    assert charges.low == pytest.approx(100 / 0.022)
    assert charges.high == pytest.approx(300 / 0.022)


def test_null_leaves_a_thing_out():
    assert equivalences(ENERGY, CARBON, {"phone_charges": None}) == {}


@pytest.mark.parametrize(
    ("choices", "said"),
    [({"phone_chargs": "x"}, r"did you mean phone_charges\?"), ({"phone_charges": "x"}, "epa_2024, epa_2023")],
)
def test_an_unknown_name_or_choice_lists_the_known_ones(choices, said):
    with pytest.raises(InputError, match=said):
        equivalences(ENERGY, CARBON, choices)


def test_money_is_energy_times_the_user_s_price():
    assert cost(ENERGY, 0.3, "EUR").value == pytest.approx(59.1)


@pytest.mark.parametrize("price", [-0.1, float("nan")])
def test_a_price_that_cannot_be_is_refused(price):
    with pytest.raises(InputError, match="price_per_kwh"):
        cost(ENERGY, price, "EUR")
