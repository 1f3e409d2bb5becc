import pytest
import yaml

from suite.errors import InputError
from suite.footprint.exports.model_card import model_card
from suite.record.schema import ApplyCost, TrainingCheck
from tests.footprint.points import RECIPE, cpu_point, gpu_point, site
from tests.synthetic import ESTIMATED

TRAINING = {"phase": "training", "workload": "training_steps"}


def read(text):
    return yaml.safe_load(text)["co2_eq_emissions"]


def test_the_training_inside_a_technique():
    found = read(model_card(gpu_point(), site(pue=1.5)))
    assert list(found) == ["emissions", "source", "training_type", "geographical_location", "hardware_used"]
    assert found["emissions"] == pytest.approx(18 / 3.6e6 * 1.5 * 400)  # grams
    assert found["training_type"] == "fine-tuning"
    assert found["geographical_location"] == "Example land"
    assert found["hardware_used"] == "NVIDIA H100 80GB HBM3"
    assert "measured (2026), applying distillation once" in found["source"]


def test_an_estimated_training_is_not_called_measured():
    cost = ApplyCost(duration_s=1.0, energy_j={"cpu": 18.0}, method={"cpu": ESTIMATED})
    stack = (("distillation", RECIPE),)
    found = read(model_card(cpu_point(mitigations=stack, apply_cost=cost), site()))
    assert "estimated energy" in found["source"]
    assert "measured" not in found["source"]


def test_a_whole_training_needs_no_size():
    curves = {arm: [TrainingCheck(steps=10, samples=320, score=0.9)] for arm in ("baseline", "candidate")}
    found = read(model_card(cpu_point(phase="training", workload="train_to_score", training_curves=curves), site()))
    assert found["emissions"] == pytest.approx(1.8 / 3.6e6 * 400)  # 1.8 J a training with the technique
    assert "estimated (2026)" in found["source"]


def test_a_training_point_carried_to_a_whole_training():
    card = model_card(cpu_point(**TRAINING), site(), samples=1_000_000, epochs=4, training_type="pre-training")
    found = read(card)
    assert found["emissions"] == pytest.approx(2.0 * 400)
    assert found["training_type"] == "pre-training"
    assert found["source"].startswith("modelled (2023): modelled energy")


@pytest.mark.parametrize(
    ("point", "options", "message"),
    [
        (cpu_point(), {}, "trained nothing"),
        (cpu_point(**TRAINING), {}, "give both samples= and epochs="),
        (cpu_point(**TRAINING), {"samples": 10}, "give both samples= and epochs="),
        (gpu_point(), {"samples": 10, "epochs": 1}, "belong to a training point"),
        (gpu_point(), {"training_type": "magic"}, "pre-training or fine-tuning"),
        (gpu_point(apply_cost=None), {}, "trained nothing"),
    ],
)
def test_what_has_no_training_to_state_is_refused(point, options, message):
    with pytest.raises(InputError, match=message):
        model_card(point, site(), **options)
