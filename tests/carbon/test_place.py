import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.carbon.grid import own_grid, slug
from suite.carbon.place import all_places, find
from suite.errors import InputError


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("italy", "italy"),
        ("ITA", "italy"),
        ("United States", "united_states"),
        ("us/California", "us/california"),
        ("US/CA", "us/california"),
        ("norway/NO1", "norway/no1"),
        ("no1", "norway/no1"),
        ("gcp/europe-west8", "gcp/europe_west8"),
        ("Côte d'Ivoire", "cote_d_ivoire"),
        ("lombardy", "lombardy"),
    ],
)
def test_a_place_is_found_in_any_spelling(spelling, name):
    assert find(spelling).name == name


def test_the_use_case_implies_279_g_for_lombardy():
    lombardy = find("lombardy")
    assert lombardy.g_co2e_per_kwh == 279.0
    assert lombardy.tag == "modelled"


@pytest.mark.parametrize(
    ("wrong", "near"), [("itly", "italy"), ("california", "us/california"), ("lombardi", "lombardy")]
)
def test_an_unknown_place_lists_near_names_and_is_never_the_world(wrong, near):
    with pytest.raises(InputError, match=f"did you mean {near}[,?]"):
        find(wrong)


@pytest.mark.parametrize("name", ["", "/", "../config", "/etc/passwd"])
def test_what_is_no_name_is_an_unknown_place(name):
    with pytest.raises(InputError, match="unknown place"):
        find(name)


def test_all_places_are_found_by_their_own_names_and_say_value_year_and_source():
    places = all_places()
    assert len(places) > 350
    assert [place.name for place in places] == sorted({place.name for place in places})
    for place in places:
        assert 0 <= place.g_co2e_per_kwh < 1400, place
        assert 2000 <= place.year <= 2026, place
        assert place.source


def test_a_name_found_is_the_place_listed():
    listed = {place.name: place for place in all_places()}
    for name in ("italy", "china/beijing", "canada/alberta", "world"):
        assert find(name) == listed[name]


def test_the_user_s_own_value_says_that_nobody_checked_it():
    grid = own_grid(250, 2026)
    assert (grid.g_co2e_per_kwh, grid.year, grid.tag) == (250, 2026, "estimated")
    assert "given by the user" in grid.source


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "250"])
def test_a_value_that_cannot_be_is_refused(value):
    with pytest.raises(InputError, match="carbon intensity"):
        own_grid(value, 2026)


@given(st.text())
def test_a_slug_is_a_slug_already(text):
    assert slug(slug(text)) == slug(text)
