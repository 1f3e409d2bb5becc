import msgspec
import pytest
import yaml

from suite.export.sci_for_ai import sci_for_ai
from tests.footprint.points import cpu_point, gpu_point, site


def statement(point, **options):
    document = yaml.safe_load(sci_for_ai([point], site(), **options))["software_carbon_intensity_for_ai"]
    assert "not adopted" in document["specification"]
    return document["statements"][0]


def test_a_language_models_unit_is_a_token_read_or_written():
    point = msgspec.structs.replace(
        gpu_point(), task="text_generation", energy_per_total_token_j=0.02
    )  # of 1.8 J a query
    consumer, by_query = statement(point)["consumer"], statement(gpu_point())["consumer"]
    assert consumer["units_per_query"] == pytest.approx(90)
    assert consumer["score"]["unit"] == "g CO2e per token"
    for part in ("score", "operational", "embodied"):
        assert consumer[part]["value"] == pytest.approx(by_query[part]["value"] / 90)
    assert consumer["score"]["value"] == pytest.approx(consumer["operational"]["value"] + consumer["embodied"]["value"])
    assert consumer["embodied"]["source"].endswith("/ units_per_query")
    assert "orchestration" in consumer["boundary"][-1]


@pytest.mark.parametrize(
    ("task", "unit"),
    [("image_generation", "image"), ("text_classification", "inference"), ("image_captioning", "inference")],
)
def test_units_of_other_tasks(task, unit):
    point = msgspec.structs.replace(gpu_point(), task=task)
    assert statement(point)["consumer"]["operational"]["unit"] == f"g CO2e per {unit}"


def test_what_has_no_unit_says_why():
    video = msgspec.structs.replace(gpu_point(), task="video_generation")
    assert "a second" in statement(video)["consumer"]
    training = msgspec.structs.replace(gpu_point(), phase="training")
    stated = statement(training)
    assert "the provider's" in stated["consumer"]
    assert stated["provider"]["measured_training"]["value"] == 1.8


@pytest.mark.parametrize(("total_j", "denominator"), [(0.02, "query"), (None, "token")])
def test_tokens_that_a_server_does_not_count_are_no_unit(total_j, denominator):
    chunks = {"runtime": "served", "denominator": denominator, "energy_per_total_token_j": total_j}
    assert "does not count" in statement(msgspec.structs.replace(gpu_point(), **chunks))["consumer"]
    counted = chunks | {"denominator": "token", "energy_per_total_token_j": 0.02}
    assert statement(msgspec.structs.replace(gpu_point(), **counted))["consumer"]["units_per_query"] == pytest.approx(
        90
    )


def test_of_the_provider_the_techniques_cost_is_known_and_no_score():
    provider = statement(gpu_point())["provider"]
    assert provider["technique_once"]["value"] == 18.0
    assert provider["score"].startswith("not stated")
    assert "technique_once" not in statement(cpu_point())["provider"]


def test_embodied_carbon_is_known_or_given():
    assert "score" not in statement(cpu_point())["consumer"]
    given = statement(cpu_point(), embodied_kg=1000, lifetime_years=4)["consumer"]
    assert given["score"]["value"] > given["operational"]["value"]
