import pytest

from suite.carbon.grid import own_grid
from suite.carbon.place import find
from suite.footprint.water import offsite_water


@pytest.mark.parametrize(
    ("place", "litres"),
    [("italy", 4.8374), ("lombardy", 4.8374), ("world", 3.908), ("us/washington", 9.501), ("us/california", 3.1321)],
)
def test_a_region_has_its_own_water_or_its_country_s(place, litres):
    water = offsite_water(find(place))
    assert water is not None
    assert water.value == litres
    assert water.tag == "published"


def test_water_of_a_place_that_is_not_known_is_absent():
    assert offsite_water(find("kenya")) is None
    assert offsite_water(own_grid(250, 2026)) is None
