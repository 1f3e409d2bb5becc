import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.footprint.exports.sci import sci_document, sci_score
from tests.footprint.points import cpu_point, gpu_point, site

POSITIVE = st.floats(0, 1e6)


def read(text):
    return yaml.safe_load(text)["software_carbon_intensity"]


def test_energy_times_intensity_plus_embodied_over_units():
    assert sci_score(2, 400, 200, 10) == pytest.approx(100)


@given(POSITIVE, POSITIVE, POSITIVE, st.floats(1, 1e6), st.floats(1e-3, 1e3))
def test_a_rate_does_not_change_with_the_size_of_the_system(energy, intensity, embodied, units, factor):
    once = sci_score(energy, intensity, embodied, units)
    assert sci_score(energy * factor, intensity, embodied * factor, units * factor) == pytest.approx(once)


@pytest.mark.parametrize("figures", [(-1, 1, 1, 1), (1, -1, 1, 1), (1, 1, -1, 1), (1, 1, 1, 0)])
def test_impossible_figures_are_refused(figures):
    with pytest.raises(InputError):
        sci_score(*figures)


def test_a_gpu_with_a_published_embodied_figure_has_a_score():
    found = read(sci_document(gpu_point(), site(pue=1.25)))
    # 1.8 J = 5e-7 kWh, x 1.25 x 400 g; and 273 kg over 3 years for 10 ms.
    assert found["operational"]["value"] == pytest.approx(2.5e-4)
    assert found["embodied"]["value"] == pytest.approx(273e3 * 0.01 / (3 * 365 * 86400))
    assert found["score"]["value"] == pytest.approx(2.5e-4 + 2.88559e-5, rel=1e-5)


def test_hardware_without_a_figure_has_an_operational_part_and_no_score():
    found = read(sci_document(cpu_point(), site()))
    assert "score" not in found
    assert found["operational"]["value"] == pytest.approx(2e-4)
    assert "no full SCI score" in found["embodied"]


def test_the_users_embodied_figure_completes_the_score():
    text = sci_document(cpu_point(), site(), embodied_kg=1000, lifetime_years=4, resource_share=0.5)
    found = read(text)
    assert found["embodied"]["value"] == pytest.approx(1e6 * 0.01 / (4 * 365 * 86400) * 0.5)
    assert "given by the user" in found["embodied"]["source"]
    assert found["score"]["value"] == pytest.approx(found["operational"]["value"] + found["embodied"]["value"])


@pytest.mark.parametrize("point", [gpu_point(), cpu_point()], ids=["gpu", "cpu"])
def test_every_figure_carries_tag_source_and_year(point):
    found = read(sci_document(point, site(pue=1.1)))
    figures = [value for value in found.values() if isinstance(value, dict)]
    assert len(figures) >= 4
    assert all(figure["tag"] and figure["source"] and figure["year"] for figure in figures)


def test_estimated_energy_is_not_shown_as_measured():
    assert read(sci_document(cpu_point(), site()))["energy"]["tag"] == "estimated"
    assert read(sci_document(gpu_point(), site()))["energy"]["tag"] == "measured"


def test_the_boundary_is_disclosed():
    counted, left_out = read(sci_document(gpu_point(), site()))["boundary"]
    assert counted.startswith("Counted: the gpu (board)")
    assert "cpu (read, not added)" in left_out
    assert "cooling" in left_out
