import functools

import pytest

from suite.config.compose import composed, resolved
from suite.config.expand import expand, experiment, experiment_points
from suite.errors import InputError
from suite.io.paths import CONF

LARGE = {"gpu", "techniques", "embedded", "latency", "interventions"}
FILES = [path for path in sorted((CONF / "experiment").glob("*.yaml")) if "grids" in experiment(path.stem)]


def marked(name):
    return pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])


EXPERIMENTS = [marked(path.stem) for path in FILES if path.stem != "techniques"]
"""The largest is planned whole, as the README has it, by tests/commands/test_documented_commands.py."""


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


@functools.cache
def configurations(name):
    """Those of all points of an experiment: composing one takes a tenth of a second, and the largest has hundreds."""
    return [resolved(composed(point)) for point in experiment_points(name, [])]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes(name):
    assert configurations(name)
    assert {config["name"] for config in configurations(name)} == {name}


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_no_experiment_has_a_point_twice(name):
    points = experiment_points(name, [])
    assert len({tuple(sorted(point)) for point in points}) == len(points)


@pytest.mark.parametrize("name", [marked(name) for name in ("smoke", "embedded", "gpu")])
def test_every_experiment_measures_the_baseline_against_itself_on_each_task(name):
    of_all = {config["task"]["name"] for config in configurations(name)}
    of_none = {config["task"]["name"] for config in configurations(name) if not config["mitigation"]}
    assert of_none == of_all >= {"image_classification", "text_classification", "text_generation"}


def test_an_override_replaces_the_experiments_own_value():
    points = experiment_points("smoke", ["task=text_generation", "mitigation=none,nf4"])
    assert {tuple(text for text in point if text.startswith(("task=", "mitigation="))) for point in points} == {
        ("task=text_generation", "mitigation=none"),
        ("task=text_generation", "mitigation=nf4"),
    }


def chosen(points, *keys):
    """The values of some keys, point by point."""
    return [
        tuple(text.partition("=")[2] for key in keys for text in point if text.startswith(f"{key}="))
        for point in points
    ]


def test_an_override_of_a_grids_axis_keeps_the_rows_that_match_it():
    points = experiment_points("embedded", ["task=text_generation", "protocol=strict"])
    techniques = ["none", "int8_onnxruntime", "nf4", "bf16", "batch_size", "structured_pruning"]
    assert chosen(points, "task", "protocol", "mitigation") == [
        ("text_generation", "strict", name) for name in techniques
    ]
    assert "mitigation.structured_pruning.recovery.batch_size=4" in points[-1]


def test_a_technique_is_measured_where_the_experiment_has_it():
    points = experiment_points("embedded", ["mitigation=nf4,gradient_checkpointing"])
    assert chosen(points, "task", "mitigation") == [
        ("image_classification", "nf4"), ("text_generation", "nf4"), ("text_classification", "gradient_checkpointing"),
    ]  # fmt: skip


def test_a_value_that_no_grid_has_takes_the_place_of_the_grids_own():
    points = experiment_points("embedded", ["task=text_generation", "mitigation=none,fp16"])
    assert chosen(points, "task", "mitigation") == [("text_generation", "none"), ("text_generation", "fp16")]
    assert not any(text.startswith("mitigation.structured_pruning") for point in points for text in point)
    (own,) = experiment_points("embedded", ["task=text_classification", "workload=offline", "mitigation=fp16"])
    assert {"task=text_classification", "workload=offline", "mitigation=fp16"} < set(own)


def test_a_key_that_no_grid_has_is_added_to_all():
    assert set(chosen(experiment_points("smoke", ["batch_size=3"]), "batch_size")) == {("3",)}


def test_a_stack_of_a_grid_can_be_chosen():
    points = experiment_points("embedded", ["mitigation=[structured_pruning,int8_onnxruntime]"])
    assert chosen(points, "task", "mitigation") == [("text_classification", "[structured_pruning,int8_onnxruntime]")]


@pytest.mark.parametrize("override", ["batch_size", "=3", "a=["])
def test_what_is_no_override_is_named(override):
    with pytest.raises(InputError):
        expand([override], multirun=False)


def test_a_glob_is_the_choices_that_it_names():
    points = expand(["mitigation=glob(int8*, exclude=[int8_static,int8_bits*])"], multirun=True)
    known = {path.stem for path in (CONF / "mitigation").glob("int8*.yaml")}
    assert {text for point in points for text in point} == {
        f"mitigation={name}" for name in known - {"int8_static", "int8_bitsandbytes"}
    }
    assert len(points) > 1


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("mitigation=glob(nothing*)", r"glob finds no choice of mitigation, .* known: .*autocast_bf16, "),
        ("batch_size=glob(1*)", r"glob finds no choice of batch_size, .* list the values"),
        ("batch_size=interval(1,8)", r"list some, batch_size=1,2,4, or give steps, batch_size=range\(1,9\)"),
    ],
)
def test_values_that_cannot_be_listed_say_what_to_write(override, words):
    with pytest.raises(InputError, match=words):
        expand([override], multirun=True)


def test_an_unknown_experiment_gets_the_nearest_one():
    with pytest.raises(InputError, match=r"did you mean embedded\?"):
        experiment_points("embeded", [])
