import re

import pytest

from suite.config.expand import composed, expand, experiment_points, labels, resolved
from suite.errors import InputError
from suite.io.paths import CONF

EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


def test_a_sweep_is_every_combination_in_order():
    assert expand(["mitigation=a,b", "batch_size=1,2"], multirun=True) == [
        ["mitigation=a", "batch_size=1"],
        ["mitigation=a", "batch_size=2"],
        ["mitigation=b", "batch_size=1"],
        ["mitigation=b", "batch_size=2"],
    ]


def test_a_stack_is_one_value_of_a_sweep():
    assert expand(["mitigation=[a,b],c"], multirun=True) == [["mitigation=[a,b]"], ["mitigation=c"]]


def test_several_values_without_m_are_an_error():
    with pytest.raises(InputError, match="add -m"):
        expand(["mitigation=a,b"], multirun=False)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes(name):
    points = experiment_points(name, [])
    assert points
    for point in points:
        assert resolved(composed(point))["name"] == name


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_no_experiment_has_a_point_twice(name):
    points = experiment_points(name, [])
    assert len({tuple(sorted(point)) for point in points}) == len(points)


@pytest.mark.parametrize("name", ["smoke", "embedded", "gpu"])
def test_every_experiment_measures_the_baseline_against_itself_on_each_task(name):
    compositions = [resolved(composed(point)) for point in experiment_points(name, [])]
    of_all = {config["task"]["name"] for config in compositions}
    of_none = {config["task"]["name"] for config in compositions if not config["mitigation"]}
    assert of_none == of_all == {"image_classification", "text_classification", "text_generation"}


def test_an_override_replaces_the_experiments_own_value():
    points = experiment_points("smoke", ["task=text_generation", "mitigation=none,nf4"])
    assert {tuple(text for text in point if text.startswith(("task=", "mitigation="))) for point in points} == {
        ("task=text_generation", "mitigation=none"),
        ("task=text_generation", "mitigation=nf4"),
    }


def test_the_stack_keeps_its_order():
    config = resolved(composed(["mitigation=[structured_pruning,int8_dynamic]"]))
    assert list(config["mitigation"]) == ["structured_pruning", "int8_dynamic"]
    config = resolved(composed(["mitigation=[int8_dynamic,structured_pruning]"]))
    assert list(config["mitigation"]) == ["int8_dynamic", "structured_pruning"]


def test_each_task_brings_its_embedded_model_and_the_command_line_wins():
    assert resolved(composed(["task=text_generation"]))["model"]["name"] == "llama_stdlib"
    assert resolved(composed(["task=text_generation", "model=llama_1b_random"]))["model"]["name"] == "llama_1b_random"


def test_the_batch_size_is_the_workloads_unless_given():
    assert resolved(composed(["workload=single_stream"]))["batch_size"] == 1
    assert resolved(composed(["batch_size=5"]))["batch_size"] == 5


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


@pytest.mark.parametrize(
    ("override", "what", "hint"),
    [
        ("task=text_clasification", "unknown task", "did you mean text_classification?"),
        ("model=vit_digit", "unknown model", "did you mean vit_digits?"),
        ("mitigation=int8_dynamics", "unknown mitigation", "did you mean int8_dynamic?"),
        ("mitigation=[none,structured_prunning]", "unknown mitigation", "did you mean structured_pruning?"),
        ("tsak=x", "unknown key", "did you mean task?"),
        ("task.margn=1", "unknown key", "did you mean task.margin?"),
        ("protocol.max_block=3", "unknown key", "did you mean protocol.max_blocks?"),
    ],
)
def test_a_mistyped_name_or_key_gets_the_nearest_one(override, what, hint):
    with pytest.raises(InputError) as caught:
        composed([override])
    assert what in str(caught.value)
    assert hint in str(caught.value)


def test_a_mistyped_parameter_gets_the_nearest_one():
    with pytest.raises(InputError, match=r"did you mean mitigation\.structured_pruning\.share\?"):
        composed(["mitigation=structured_pruning", "mitigation.structured_pruning.shar=0.3"])


def test_a_parameter_of_a_technique_that_is_not_chosen_says_so():
    with pytest.raises(InputError, match="add mitigation=structured_pruning"):
        composed(["mitigation.structured_pruning.share=0.3"])


@pytest.mark.parametrize("override", ["batch_size", "=3", "a=["])
def test_what_is_no_override_is_named(override):
    with pytest.raises(InputError):
        expand([override], multirun=False)


def test_an_unknown_experiment_gets_the_nearest_one():
    with pytest.raises(InputError, match=r"did you mean embedded\?"):
        experiment_points("embeded", [])


def test_two_models_of_one_name_are_two_models(tmp_path):
    names = set()
    for folder, content in (("a", "1"), ("b", "2")):
        (tmp_path / folder / "best").mkdir(parents=True)
        (tmp_path / folder / "best" / "config.json").write_text(content)
        overrides = [f"model.path={tmp_path}/{folder}/best"]
        names.add(labels(resolved(composed(overrides)), overrides)["model"])
    assert len(names) == 2


def test_no_technique_at_all_is_the_baseline_against_itself():
    assert resolved(composed(["mitigation=[]"]))["mitigation"] == {}


@pytest.mark.parametrize("override", ["task=null", "mitigation=null", "workload=null"])
def test_a_group_of_nothing_is_bad_input(override):
    with pytest.raises(InputError):
        composed([override])
