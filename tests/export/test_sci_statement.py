import pytest
import yaml

from suite.export.sci_statement import sci_statement
from tests.footprint.points import cpu_point, gpu_point, site


def statements(*points, **options):
    return yaml.safe_load(sci_statement(points, site(), **options))["software_carbon_intensity"]["statements"]


def test_every_point_states_energy_intensity_and_embodied_carbon():
    gpu, cpu = statements(gpu_point(), cpu_point())
    assert "ISO/IEC 21031:2024" in gpu["specification"]
    assert gpu["score"]["value"] == pytest.approx(gpu["operational"]["value"] + gpu["embodied"]["value"])
    assert gpu["carbon_intensity"]["source"] == "Example land, location-based; Example statistics"
    assert (gpu["energy"]["tag"], cpu["energy"]["tag"]) == ("measured", "estimated")


def test_unknown_embodied_carbon_is_said_to_be_and_there_is_no_score():
    (cpu,) = statements(cpu_point())
    assert "score" not in cpu
    assert cpu["embodied"].startswith("not stated")


def test_ones_own_embodied_carbon_completes_the_score():
    (cpu,) = statements(cpu_point(), embodied_kg=1000, lifetime_years=4)
    assert cpu["score"]["value"] > cpu["operational"]["value"] > 0
