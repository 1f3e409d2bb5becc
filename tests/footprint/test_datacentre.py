import pytest

from suite.carbon.place import find
from suite.errors import InputError
from suite.footprint.datacentre import all_datacentres, load_datacentre, site_of


def test_every_data_centre_says_year_and_source_of_what_it_knows():
    for datacentre in all_datacentres():
        for factor in (datacentre.pue, datacentre.wue_l_per_kwh):
            assert factor is None or (factor.source and 2015 < factor.year <= 2026)


def test_none_adds_nothing():
    site = site_of(find("lombardy"), load_datacentre("none"), year=2026)
    assert site.pue is None
    assert site.onsite_l_per_kwh is None
    assert site.overhead == 1.0


def test_an_operator_s_water_that_is_not_published_is_absent():
    assert site_of(find("world"), load_datacentre("oracle"), year=2026).onsite_l_per_kwh is None


def test_the_user_s_own_numbers_win():
    site = site_of(
        find("world"), load_datacentre("google"), year=2026, pue=1.3, wue_l_per_kwh=0.0, offsite_l_per_kwh=2.0
    )
    assert site.pue is not None
    assert site.onsite_l_per_kwh is not None
    assert site.offsite_l_per_kwh is not None
    assert [each.value for each in (site.pue, site.onsite_l_per_kwh, site.offsite_l_per_kwh)] == [1.3, 0.0, 2.0]
    assert {each.tag for each in (site.pue, site.onsite_l_per_kwh, site.offsite_l_per_kwh)} == {"estimated"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("pue", 0.99), ("pue", float("nan")), ("wue_l_per_kwh", -0.1), ("offsite_l_per_kwh", float("inf"))],
)
def test_a_number_that_cannot_be_is_refused(name, value):
    with pytest.raises(InputError, match="must be a finite number"):
        site_of(find("world"), load_datacentre("none"), year=2026, **{name: value})


def test_a_data_centre_file_below_1_is_refused(tmp_path):
    (tmp_path / "x.yaml").write_text(
        "operator: X\npue: {value: 0.8, year: 2024, source: s}\nwue_l_per_kwh: null\ndoubt: d\n"
    )
    with pytest.raises(InputError, match="PUE must be"):
        load_datacentre("x", tmp_path)


def test_an_unknown_data_centre_gets_the_nearest_name():
    with pytest.raises(InputError, match=r"did you mean google\?"):
        load_datacentre("gogle")
