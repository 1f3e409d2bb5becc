import functools

import pytest

from suite.config.compose import composed, resolved
from suite.config.expand import expand, experiment_points, spelt_as_here
from suite.errors import InputError
from suite.io.paths import CONF

LARGE = {"gpu", "study", "embedded", "latency"}
FILES = sorted((CONF / "experiment").glob("*.yaml"))


def marked(name):
    return pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])


EXPERIMENTS = [marked(path.stem) for path in FILES]


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
    assert of_none == of_all == {"image_classification", "text_classification", "text_generation"}


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


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("task=text-classification", "task=text_classification"),
        ("task=text-classification,image_classification", "task=text_classification,image_classification"),
        ("mitigation=[structured-pruning,int8-dynamic]", "mitigation=[structured_pruning,int8_dynamic]"),
        ("task=text-clasification", "task=text-clasification"),  # unknown either way: the error names what was typed
        ("name=my-run", "name=my-run"),
        ("model.path=some-org/my-model", "model.path=some-org/my-model"),
        ("--help", "--help"),
    ],
)
def test_names_with_dashes_are_those_with_underscores(given, meant):
    assert spelt_as_here([given]) == [meant]


@pytest.mark.parametrize("override", ["batch_size", "=3", "a=["])
def test_what_is_no_override_is_named(override):
    with pytest.raises(InputError):
        expand([override], multirun=False)


def test_an_unknown_experiment_gets_the_nearest_one():
    with pytest.raises(InputError, match=r"did you mean embedded\?"):
        experiment_points("embeded", [])
