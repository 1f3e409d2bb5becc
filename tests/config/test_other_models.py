"""Parameters of techniques that name another model."""

from pathlib import Path

import pytest

from suite.__main__ import main
from suite.checkpoints.model_spec import ModelSpec
from suite.config.build import plan_on
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.errors import InputError
from suite.io.paths import CHECKOUT
from suite.record.hashing import config_hash, fingerprint

STUDENT = "mitigation.distillation.student"


@pytest.fixture
def planned(tmp_path):
    def make(*overrides):
        every = [f"runs_dir={tmp_path}", "mitigation=distillation", *overrides]
        config = resolved(composed(every))
        return plan_on("cpu", config, labels(config, every))

    return make


def test_a_name_of_conf_model_becomes_its_specification(planned):
    plan = planned(f"{STUDENT}=bert_languages")
    student = plan.mitigations["distillation"].student
    assert isinstance(student, ModelSpec)
    assert Path(student.path).resolve() == CHECKOUT / "models" / "bert_languages"
    assert plan.point.mitigations[0].params["student"] == "bert_languages"


def test_what_lies_in_its_directory_is_part_of_the_identity(planned, tmp_path):
    folder, hashes = tmp_path / "mine", []
    folder.mkdir()
    for weights in (b"first", b"other"):
        (folder / "model.safetensors").write_bytes(weights)
        plan = planned(f"{STUDENT}={folder}")
        assert plan.config["contents"][STUDENT] == fingerprint(folder)
        hashes.append(config_hash(plan.config))
    assert hashes[0] != hashes[1]
    assert plan.mitigations["distillation"].student.weights == "pretrained"


def test_two_students_are_two_points(planned):
    ids = {planned(f"{STUDENT}={name}").point.point_id for name in ("null", "bert_tiny", "resnet_small")}
    assert len(ids) == 3


def test_without_a_student_a_point_is_the_one_that_it_was_before_there_were_any(planned):
    plan = planned()
    assert not {"student", "hidden_weight"} & plan.point.mitigations[0].params.keys()
    older = dict(plan.config["mitigation"]["distillation"])
    del older["student"], older["hidden_weight"]
    assert config_hash(plan.config | {"mitigation": {"distillation": older}}) == config_hash(plan.config)


def test_a_point_is_planned_again_from_its_own_configuration(planned):
    plan = planned(f"{STUDENT}=resnet_small")
    names = {"task": plan.point.task, "model": plan.point.model, "workload": plan.point.workload}
    again = plan_on("cpu", plan.config, names)
    assert again.point == plan.point
    assert again.mitigations == plan.mitigations
    assert config_hash(again.config) == config_hash(plan.config)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("resnet_smal", rf"{STUDENT} names no model, got 'resnet_smal', did you mean resnet_small\? known: "),
        ("[a,b]", rf"{STUDENT} must name a model"),
    ],
)
def test_what_names_no_model_is_refused_in_one_line(planned, given, message):
    with pytest.raises(InputError, match=message) as caught:
        planned(f"{STUDENT}={given}")
    assert "\n" not in str(caught.value)


def test_a_model_may_be_described_in_the_users_own_folder(planned, tmp_path):
    (tmp_path / "conf" / "model").mkdir(parents=True)
    described = (CHECKOUT / "conf" / "model" / "resnet_small.yaml").read_text()
    (tmp_path / "conf" / "model" / "their_resnet.yaml").write_text(described.replace("resnet_small", "their_resnet"))
    from suite.config.other_models import with_models

    techniques = {"distillation": {"student": "their_resnet"}}
    found = with_models(techniques, [f"file://{tmp_path}/conf"])["distillation"]["student"]
    assert found["name"] == "their_resnet"
    assert found["architecture"]["model_type"] == "resnet"


@pytest.mark.parametrize(
    ("task", "student", "message"),
    [
        ("text_classification", "bert_base_random", "bert_base_random has 8"),
        ("text_classification", "bert_languages", "and the model itself 2242600: nothing could be saved"),
        ("text_classification", "resnet_small", "the architecture does not fit the task text_classification"),
        ("image_classification", "bert_languages", "the model does not fit the task image_classification"),
    ],
    ids=["larger", "itself", "images", "texts"],
)
def test_a_student_that_saves_nothing_or_does_not_fit_ends_the_command_before_anything_is_measured(
    tmp_path, capsys, task, student, message
):
    words = [f"runs_dir={tmp_path}", f"task={task}", "mitigation=distillation", f"{STUDENT}={student}"]
    assert main([*words, "--dry-run"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("task", "student"),
    [
        ("image_classification", "resnet_small"),
        ("text_classification", "bert_tiny"),
        ("text_generation", "llama_tiny"),
    ],
)
def test_students_of_this_suite_fit_its_tasks(tmp_path, task, student):
    words = [f"runs_dir={tmp_path}", f"task={task}", "mitigation=distillation", f"{STUDENT}={student}"]
    assert main([*words, "--dry-run"]) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["task=text_classification", "mitigation=cascade", "mitigation.cascade.small=bert_languages"],
        ["task=text_generation", "mitigation=assisted_decoding", "mitigation.assisted_decoding.draft=llama_stdlib"],
    ],
    ids=["cascade", "assisted_decoding"],
)
def test_a_model_before_itself_ends_the_command_before_anything_is_measured(tmp_path, capsys, words):
    assert main([f"runs_dir={tmp_path}", *words, "device=cpu", "--dry-run"]) == 2
    assert "nothing could be saved" in capsys.readouterr().err
