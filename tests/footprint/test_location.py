import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from tests.footprint.points import published, site

KWH_J = 3.6e6


def test_carbon_is_energy_times_pue_times_intensity():
    carbon = site(g_co2e_per_kwh=300, pue=1.2).carbon(2 * KWH_J, "measured")
    assert carbon.value == pytest.approx(720)
    assert (carbon.tag, carbon.year) == ("modelled", 2023)
    assert "measured energy x PUE 1.2 (Example operator) x 300 g CO2e/kWh (Example land, 2023" in carbon.source


def test_without_a_data_centre_carbon_says_that_nothing_was_added():
    carbon = site(g_co2e_per_kwh=300).carbon(KWH_J, "estimated")
    assert carbon.value == pytest.approx(300)
    assert "no data-centre overhead" in carbon.source


def test_water_off_site_counts_the_overhead_and_water_on_site_does_not():
    # 197 kWh at WUE 0.27, PUE 1.17 and 4.84 L/kWh off site: 53 L and 1,116 L.
    water = site(pue=1.17, onsite_l_per_kwh=published(0.27), offsite_l_per_kwh=published(4.84)).water(197 * KWH_J, "")
    assert water["on site"].value == pytest.approx(53.19)
    assert water["off site"].value == pytest.approx(1115.57, abs=0.01)


def test_unknown_water_is_absent():
    assert site().water(KWH_J, "measured") == {}
    assert list(site(onsite_l_per_kwh=published(0.2)).water(KWH_J, "measured")) == ["on site"]


@given(energy_j=st.floats(0, 1e12), factor=st.floats(0, 1e3), pue=st.floats(1, 3), more=st.floats(1, 3))
def test_carbon_and_water_are_linear_in_energy_and_monotone_in_pue(energy_j, factor, pue, more):
    lean, fat = (site(pue=value, offsite_l_per_kwh=published(3.0)) for value in (pue, pue * more))
    for grams in (lambda place, joules: place.carbon(joules, "").value, lambda p, j: p.water(j, "")["off site"].value):
        assert grams(lean, energy_j * factor) == pytest.approx(grams(lean, energy_j) * factor)
        assert grams(lean, energy_j) <= grams(fat, energy_j)


@pytest.mark.parametrize("pue", [0.9, 0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_pue_is_refused(pue):
    with pytest.raises(InputError, match="PUE must be a finite number of 1 or more"):
        site(pue=pue)


@pytest.mark.parametrize("g_co2e_per_kwh", [-1.0, float("nan"), "much"])
def test_an_impossible_intensity_is_refused(g_co2e_per_kwh):
    with pytest.raises(InputError, match="carbon intensity"):
        site(g_co2e_per_kwh=g_co2e_per_kwh)


def test_negative_water_and_energy_are_refused():
    with pytest.raises(InputError, match="on-site water"):
        site(onsite_l_per_kwh=published(-0.1))
    with pytest.raises(InputError, match="energy, in joules"):
        site().carbon(-1.0, "measured")
