import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.footprint.embodied import embodied_of, embodied_share_g, published_embodied
from tests.footprint.points import cpu_point, gpu_point
from tests.synthetic import environment


def test_the_worked_example_of_the_specification():
    # SCI specification 1.1, "Embodied emissions": 1000 kg over four years, reserved for one hour, is around 28 g.
    assert embodied_share_g(1000, 4, 3600) == pytest.approx(28.5, abs=0.1)


def test_half_the_resources_take_half():
    assert embodied_share_g(1000, 4, 3600, 0.5) == pytest.approx(embodied_share_g(1000, 4, 3600) / 2)


@given(st.floats(0, 1e4), st.floats(0.1, 20), st.floats(0, 1e6), st.floats(1.0, 100.0))
def test_a_share_is_linear_in_time_and_shrinks_with_a_longer_life(kg, years, seconds, factor):
    once = embodied_share_g(kg, years, seconds)
    assert embodied_share_g(kg, years, seconds * factor) == pytest.approx(once * factor)
    assert embodied_share_g(kg, years * factor, seconds) == pytest.approx(once / factor)


@pytest.mark.parametrize("figures", [(-1, 4, 1), (1, 0, 1), (1, 4, -1), (1, 4, 1, 0), (1, 4, 1, 1.5), (1, "old", 1)])
def test_impossible_shares_are_refused(figures):
    with pytest.raises(InputError):
        embodied_share_g(*figures)


def test_the_gpu_that_did_the_work_is_looked_up_by_name():
    found = embodied_of(gpu_point(), None, None)
    assert (found.kg_co2e, found.lifetime_years, found.year) == (273, 3, 2026)
    assert "Lees-Perasso" in found.source


@pytest.mark.parametrize("device", ["NVIDIA H200", "NVIDIA H100 PCIe", "Example GPU"])
def test_another_device_borrows_no_figure(device):
    assert published_embodied(device) is None


def test_energy_of_the_processor_does_not_answer_for_the_gpu():
    assert embodied_of(cpu_point(where=environment(gpu="NVIDIA H100 80GB HBM3")), None, None) is None


def test_the_users_figure_comes_first():
    found = embodied_of(gpu_point(), 150.0, 5)
    assert (found.kg_co2e, found.lifetime_years, found.source) == (150.0, 5, "given by the user")


@pytest.mark.parametrize("half", [(150.0, None), (None, 4)])
def test_half_a_figure_is_refused(half):
    with pytest.raises(InputError, match="give both"):
        embodied_of(gpu_point(), *half)


def test_several_gpus_take_as_many_times_as_much():
    where = environment(gpu="NVIDIA H100 80GB HBM3")
    boards = {"0": {"name": "NVIDIA H100 80GB HBM3"}, "1": {"name": "NVIDIA H100 80GB HBM3"}}
    where["meter"]["boards"] = boards
    found = embodied_of(gpu_point(where=where), None, None)
    assert (found.kg_co2e, found.lifetime_years) == (2 * 273, 3)
    assert found.device.startswith("2 \N{MULTIPLICATION SIGN} ")
    boards["1"] = {"name": "NVIDIA A100"}
    assert embodied_of(gpu_point(where=where), None, None) is None
