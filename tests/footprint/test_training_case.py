import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.errors import InputError
from suite.footprint.training_case import (
    implied_intensity,
    training_case,
    training_cases,
    training_energy_j,
    whole_training,
)
from suite.record.schema import TrainingCheck
from tests.footprint.points import cpu_point


@pytest.mark.parametrize(
    ("model", "energy_mwh", "t_co2e", "g_per_kwh"),
    [("GPT-3", 1287, 552, 429), ("Llama 2 70B", 688, 291.4, 423.5), ("PaLM", 3436, 271.4, 79.0)],
)
def test_published_cases_imply_their_grid(model, energy_mwh, t_co2e, g_per_kwh):
    case = training_case(model)
    assert (case.energy_kwh, case.t_co2e) == (energy_mwh * 1000, t_co2e)
    assert case.implied_g_co2e_per_kwh == pytest.approx(g_per_kwh, abs=0.1)


def test_a_case_without_carbon_implies_no_grid():
    assert training_case("BLOOMz-7B").implied_g_co2e_per_kwh is None


@pytest.mark.parametrize("case", training_cases(), ids=lambda case: case.model)
def test_every_case_names_its_source_year_and_doubt(case):
    assert case.source
    assert case.doubt
    assert 2020 <= case.year <= 2026


def test_a_case_is_found_whatever_its_capitals():
    assert training_case("palm").model == "PaLM"


def test_an_unknown_case_names_the_nearest():
    with pytest.raises(InputError, match=r"GPT-4.*did you mean GPT-3\?"):
        training_case("GPT-4")


@pytest.mark.parametrize("figures", [(-1.0, 10.0), (1.0, 0.0), (float("nan"), 1.0)])
def test_an_intensity_needs_real_figures(figures):
    with pytest.raises(InputError):
        implied_intensity(*figures)


@given(st.floats(1e-6, 1e3), st.integers(1, 10**9), st.integers(1, 100))
def test_training_energy_is_linear_in_samples_and_epochs(j_per_sample, samples, epochs):
    once = training_energy_j(j_per_sample, samples, 1)
    assert training_energy_j(j_per_sample, samples, epochs) == pytest.approx(once * epochs)
    assert training_energy_j(j_per_sample, samples * 2, epochs) == pytest.approx(once * epochs * 2)


def test_a_training_point_carries_to_a_whole_training_as_modelled():
    point = cpu_point(phase="training", workload="training_steps")  # 1.8 J a sample with the technique
    whole = whole_training(point, samples=1_000_000, epochs=4)
    assert whole.value == pytest.approx(2.0)  # 1.8 J x 4e6 / 3.6e6
    assert (whole.unit, whole.tag, whole.year) == ("kWh", "modelled", 2026)
    assert "estimated 1.8 J a training sample" in whole.source


def test_an_inference_point_says_nothing_of_training():
    with pytest.raises(InputError, match="did not train"):
        whole_training(cpu_point(), samples=10, epochs=1)


def test_a_whole_training_is_not_carried_to_a_larger_one():
    curves = {arm: [TrainingCheck(steps=10, samples=320, score=0.9)] for arm in ("baseline", "candidate")}
    point = cpu_point(phase="training", workload="train_to_score", training_curves=curves)
    with pytest.raises(InputError, match="a whole training already"):
        whole_training(point, samples=10, epochs=1)


@pytest.mark.parametrize("numbers", [(0, 1), (10, 0), (-5, 1), (True, 1), ("many", 1)])
def test_a_training_without_samples_or_epochs_is_refused(numbers):
    with pytest.raises(InputError):
        training_energy_j(1.0, *numbers)
