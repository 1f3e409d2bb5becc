import pytest

from suite.config.compose import composed, resolved
from suite.errors import InputError


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


def test_no_technique_at_all_is_the_baseline_against_itself():
    assert resolved(composed(["mitigation=[]"]))["mitigation"] == {}


@pytest.mark.parametrize("override", ["task=null", "mitigation=null", "workload=null"])
def test_a_group_of_nothing_is_bad_input(override):
    with pytest.raises(InputError):
        composed([override])


@pytest.mark.parametrize("keys", [("task.data", "task.data.test"), ("task.data.train", "task.data")])
def test_data_is_named_whole_or_by_split(keys):
    with pytest.raises(InputError, match=r"the data is named twice, .* task\.data=FILE .* or task\.data\.test"):
        composed([f"{key}=a.csv" for key in keys])


def test_one_name_takes_the_place_of_both_splits():
    assert composed(["task.data=a.csv"]).task.data == "a.csv"
    assert dict(composed(["task.data.test=a.csv"]).task.data) == {"test": "a.csv", "train": None}
