import importlib.util
import subprocess
import sys

import pytest

from suite.carbon.codecarbon_places import read_places
from suite.carbon.place import find
from suite.errors import InputError


def test_a_state_s_pounds_a_megawatt_hour_are_grams_a_kilowatt_hour():
    # 394.769 lb/MWh (EPA eGRID2023, California) x 453.59237 g/lb / 1000
    assert find("us/california").g_co2e_per_kwh == pytest.approx(179.064, abs=0.001)


def test_a_province_s_mix_counts_what_codecarbon_counts():
    # Alberta: (73.5 gas x 743.8415916 + 0.02 oil x 816.6885263 + 8.0 coal x 995.725971) / 99.82
    alberta = find("canada/alberta")
    assert alberta.g_co2e_per_kwh == pytest.approx(627.675, abs=0.001)
    assert alberta.tag == "modelled"


def test_countries_regions_and_clouds_are_all_there():
    prefixes = [grid.name.partition("/")[0] if "/" in grid.name else "" for grid, _ in read_places()]
    counts = {prefix: prefixes.count(prefix) for prefix in ("", "us", "canada", "china", "norway", "sweden", "gcp")}
    assert counts == {"": 213, "us": 51, "canada": 13, "china": 30, "norway": 5, "sweden": 4, "gcp": 40}


def test_a_missing_codecarbon_is_said(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="grid data of the installed CodeCarbon"):
        read_places()


def test_looking_up_a_place_imports_neither_codecarbon_nor_torch():
    code = (
        "import sys; from suite.carbon.place import find; find('ITA'); find('us/texas');"
        "print([name for name in ('codecarbon', 'torch', 'pandas') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
