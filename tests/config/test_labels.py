import re

from suite.config.compose import composed, resolved
from suite.config.labels import labels


def test_labels_name_what_the_user_changed():
    overrides = ["task=text_generation", "task.new_tokens=8", "model.weights=random"]
    assert labels(resolved(composed(overrides)), overrides) == {
        "task": "text_generation[new_tokens=8]",
        "model": "llama_stdlib[weights=random]",
        "workload": "offline",
    }


def test_an_own_model_and_data_are_called_by_their_last_part(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    (tmp_path / "reviews.jsonl").write_text("{}")
    overrides = ["task=text_classification", f"model.path={tmp_path}/mine", f"task.data={tmp_path}/reviews.jsonl"]
    found = labels(resolved(composed(overrides)), overrides)
    assert re.fullmatch(r"mine@[0-9a-f]{8}", found["model"])
    assert re.fullmatch(r"text_classification\[data=reviews\.jsonl@[0-9a-f]{8}\]", found["task"])


def test_two_models_of_one_name_are_two_models(tmp_path):
    names = set()
    for folder, content in (("a", "1"), ("b", "2")):
        (tmp_path / folder / "best").mkdir(parents=True)
        (tmp_path / folder / "best" / "config.json").write_text(content)
        overrides = [f"model.path={tmp_path}/{folder}/best"]
        names.add(labels(resolved(composed(overrides)), overrides)["model"])
    assert len(names) == 2
