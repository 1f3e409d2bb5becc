import pytest

from suite.config.build import plan_of, plan_on
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.errors import InputError
from suite.record.hashing import config_hash, fingerprint


@pytest.fixture
def point(tmp_path):
    """The configuration and labels of a point whose pairing is asked for, as ``plan_on`` takes them."""

    def make(*overrides):
        every = ["protocol.pairing=swapped", f"runs_dir={tmp_path}", *overrides]
        config = resolved(composed(every))
        return config, labels(config, every)

    return make


def test_arms_may_be_swapped_between_a_gpu_and_the_host(point):
    assert plan_on("cuda", *point()).protocol.pairing == "swapped"


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_training_cannot_be_swapped(point, device):
    with pytest.raises(InputError, match=r"in training, .* got 'protocol.pairing=swapped', .* auto"):
        plan_on(device, *point("workload=training_steps"))


def test_on_a_cpu_there_is_nothing_to_swap_with(point):
    with pytest.raises(InputError, match="on a CPU, which has one memory"):
        plan_of(*point("device=cpu"))


@pytest.mark.parametrize("pairing", ["auto", "resident"])
def test_what_keeps_both_arms_in_place_is_taken_everywhere(point, pairing):
    overrides = [f"protocol.pairing={pairing}", "workload=training_steps"]
    assert plan_on("cpu", *point(*overrides)).protocol.pairing == pairing


@pytest.mark.parametrize(("device", "dtype"), [("cpu", "float32"), ("cuda", "bfloat16")])
def test_the_type_follows_the_device_that_the_point_is_for(point, device, dtype):
    plan = plan_on(device, *point("protocol.pairing=auto"))
    assert (plan.point.device, plan.point.dtype) == (device, dtype)
    assert (plan.config["device"], plan.config["dtype"]) == (device, dtype)


def test_a_checkpoint_that_is_saved_anew_is_another_configuration(point, tmp_path):
    (tmp_path / "candidate").mkdir()
    hashes = []
    for weights in (b"first", b"other"):
        (tmp_path / "candidate" / "model.safetensors").write_bytes(weights)
        overrides = ["mitigation=checkpoint", f"mitigation.checkpoint.path={tmp_path}/candidate"]
        plan = plan_of(*point("protocol.pairing=auto", *overrides))
        hashes.append(config_hash(plan.config))
    assert hashes[0] != hashes[1]
    assert "mitigation.checkpoint.path" in plan.config["contents"]


def named(tmp_path, name):
    (tmp_path / name).write_text('{"text": "a", "label": 0}\n{"text": "b", "label": 1}\n')
    return tmp_path / name


def test_the_embedded_data_is_null_in_the_record(point):
    assert plan_on("cpu", *point("protocol.pairing=auto")).config["task"]["data"] is None


def test_both_files_identify_a_point(point, tmp_path):
    test, train = named(tmp_path, "test.jsonl"), named(tmp_path, "train.jsonl")
    overrides = ["protocol.pairing=auto", "task=text_classification", f"task.data.test={test}"]
    alone = plan_on("cpu", *point(*overrides))
    assert alone.config["task"]["data"] == {"test": str(test), "train": None}
    assert alone.config["contents"]["data.test"] == fingerprint(test)
    assert alone.point.task == f"text_classification[data.test=test.jsonl@{fingerprint(test)}]"
    both = plan_on("cpu", *point(*overrides, f"task.data.train={train}"))
    assert both.config["contents"]["data.train"] == fingerprint(train)
    assert f"data.train=train.jsonl@{fingerprint(train)}" in both.point.task
    split = plan_on("cpu", *point(*overrides[:2], f"task.data={test}"))
    assert len({plan.point.point_id for plan in (alone, both, split)}) == 3


def test_a_file_that_is_not_there_is_named_by_its_key(point, tmp_path):
    with pytest.raises(InputError, match=r"the data\.test does not exist, got '.*/none\.csv'"):
        plan_on("cpu", *point("protocol.pairing=auto", f"task.data.test={tmp_path}/none.csv"))


def test_training_data_alone_is_refused(point, tmp_path):
    with pytest.raises(InputError, match=r"task\.data\.train names no data to score on"):
        plan_on("cpu", *point("protocol.pairing=auto", f"task.data.train={named(tmp_path, 'a.jsonl')}"))


def test_a_package_that_is_not_installed_is_left_to_its_point(point):
    plan = plan_on("cpu", *point("protocol.pairing=auto", "model.path=package:no_such_package/x.gguf"))
    assert "model" not in plan.config["contents"]
    assert plan.config["model"]["path"] == "package:no_such_package/x.gguf"


def test_what_a_package_holds_identifies_a_point_wherever_it_is_installed(point, tmp_path, monkeypatch):
    (tmp_path / "their_model").mkdir()
    (tmp_path / "their_model" / "x.gguf").write_bytes(b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    plan = plan_on("cpu", *point("protocol.pairing=auto", "model.path=package:their_model/x.gguf"))
    assert plan.config["contents"]["model"] == fingerprint(tmp_path / "their_model" / "x.gguf")
    with pytest.raises(InputError, match=r"the model does not exist, got 'package:their_model/y.gguf'"):
        plan_on("cpu", *point("protocol.pairing=auto", "model.path=package:their_model/y.gguf"))


@pytest.mark.parametrize("way", ["auto", "balanced", "balanced_low_0", "sequential"])
def test_a_model_may_be_spread_over_gpus(point, way):
    plan = plan_on("cuda", *point("protocol.pairing=auto", f"device_map={way}"))
    assert plan.point.device_map == plan.config["device_map"] == way


def test_what_is_not_spread_is_the_point_that_it_always_was(point):
    plan = plan_on("cuda", *point("protocol.pairing=auto"))
    spread = plan_on("cuda", *point("protocol.pairing=auto", "device_map=auto"))
    assert plan.point.device_map is None
    assert "device_map" not in plan.config
    assert spread.point.point_id != plan.point.point_id


def test_what_is_generated_is_not_compiled_where_it_is_spread(point):
    asked = ["protocol.pairing=auto", "task=text_generation"]
    assert plan_on("cuda", *point(*asked)).point.runtime == "compiled"
    assert plan_on("cuda", *point(*asked, "device_map=auto")).point.runtime == "eager"


@pytest.mark.parametrize(
    ("device", "overrides", "message"),
    [
        ("cuda", ["device_map=everywhere"], r"device_map is unknown, got 'everywhere'.*sequential"),
        ("cpu", ["device_map=auto"], r"spreads a model over GPUs, got 'device=cpu', .* device_map out"),
        ("cuda", ["device_map=auto", "runtime=compiled"], r"is not compiled, got 'runtime=compiled'"),
    ],
)
def test_what_cannot_be_spread_is_bad_input(point, device, overrides, message):
    with pytest.raises(InputError, match=message):
        plan_on(device, *point("protocol.pairing=auto", *overrides))
