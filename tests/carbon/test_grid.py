import pytest

from suite.carbon.place import GRID_FOLDER, find
from suite.errors import InputError


@pytest.mark.parametrize("name", sorted(path.stem for path in GRID_FOLDER.glob("*.yaml")))
def test_every_grid_states_value_year_and_source(name):
    grid = find(name)
    assert 0 < grid.g_co2e_per_kwh < 1200
    assert 2000 < grid.year < 2100
    assert grid.source


def test_world_is_the_default_with_its_published_value():
    assert find("world").g_co2e_per_kwh == 475.0


def test_a_grid_without_a_year_is_refused(tmp_path):
    (tmp_path / "moon.yaml").write_text("place: Moon\ng_co2e_per_kwh: 0.0\nsource: none\n")
    with pytest.raises(InputError, match=r"moon\.yaml"):
        find("moon", tmp_path)


def test_an_empty_grid_file_is_refused(tmp_path):
    (tmp_path / "moon.yaml").write_text("")
    with pytest.raises(InputError, match=r"moon\.yaml"):
        find("moon", tmp_path)
