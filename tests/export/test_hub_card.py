"""The hub's own validation needs the hub: here the library's parser and a stand-in with the documented rules answer."""

import pytest
from huggingface_hub import ModelCard, constants, metadata_load
from huggingface_hub.repocard_data import model_index_to_eval_results

from suite.export.hub_card import HUB_TASKS, hub_card
from suite.io.paths import CONF
from suite.record.schema import Scores
from tests.footprint.points import cpu_point, gpu_point, site
from tests.hub_stand_in import hub_stand_in

SCORES = Scores(metric="accuracy", higher_is_better=True, baseline=[1.0] * 40, candidate=[1.0] * 30 + [0.0] * 10)


def results(card):
    return {each.metric_type: each for each in ModelCard(card).data.eval_results}


def test_the_library_reads_back_what_was_written(tmp_path):
    (tmp_path / "README.md").write_text(hub_card(gpu_point(scores=SCORES), site()))
    metadata = metadata_load(tmp_path / "README.md")
    name, found = model_index_to_eval_results(metadata["model-index"])
    assert name == "vit_digits with distillation"
    values = {each.metric_type: each.metric_value for each in found}
    assert values == {"accuracy": 0.75, "energy_per_query_j": pytest.approx(1.8), "energy_ratio": pytest.approx(0.5)}
    assert {each.task_type for each in found} == {metadata["pipeline_tag"]} == {"image-classification"}
    assert metadata["metrics"] == ["accuracy"]


def test_the_training_inside_a_technique_is_what_emitted():
    emitted = ModelCard(hub_card(gpu_point(), site())).data["co2_eq_emissions"]
    assert emitted["emissions"] == pytest.approx(18 / 3.6e6 * 400)  # grams
    assert emitted["hardware_used"] == "NVIDIA H100 80GB HBM3"


def test_without_a_training_there_are_no_emissions_rather_than_0():
    card = hub_card(cpu_point(), site())
    assert "co2_eq_emissions" not in ModelCard(card).data
    assert "`co2_eq_emissions` is absent" in card


def test_an_estimate_is_called_one():
    found = results(hub_card(cpu_point(), site()))
    assert "(estimated, cpu: estimated:cpu_time_x_tdp)" in found["energy_per_query_j"].metric_name
    assert not any("(measured" in each.metric_name for each in found.values())
    assert "(measured, gpu" in results(hub_card(gpu_point(), site()))["energy_per_query_j"].metric_name


def test_a_baseline_has_no_ratio_and_an_unscored_point_no_score():
    assert set(results(hub_card(cpu_point(mitigations=()), site()))) == {"energy_per_query_j"}


def test_a_path_of_the_users_machine_stays_there():
    point = cpu_point()
    point.config["task"]["data"] = {"test": "/home/someone/reviews.jsonl", "train": None}
    assert "someone" not in hub_card(point, site())
    assert results(hub_card(point, site()))["energy_ratio"].dataset_type == "reviews.jsonl"


def test_the_table_of_hub_tasks_names_tasks_that_there_are():
    assert set(HUB_TASKS) <= {path.stem for path in (CONF / "task").glob("*.yaml")}


def test_a_hub_that_knows_the_documented_rules_takes_the_card(tmp_path, monkeypatch):
    with hub_stand_in(tmp_path) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        ModelCard(hub_card(gpu_point(scores=SCORES), site())).validate()
        broken = hub_card(gpu_point(), site()).replace("emissions: ", "emissions: about ", 1)
        with pytest.raises(ValueError, match="must be a number"):
            ModelCard(broken).validate()
        assert hub.requests == ["POST /api/validate-yaml"] * 2
