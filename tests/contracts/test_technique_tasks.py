"""What is said of a technique on a task is what happens if it is tried there, with the task's embedded model."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import hydra
import pytest
import torch
import yaml

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import with_split
from suite.core.training import Training
from suite.doctor.technique_tasks import Matrix, State, matrix
from suite.errors import NoEffect, NotApplicable
from suite.io.paths import CONF
from suite.reference.__main__ import NAMES as MODELS
from suite.reference.__main__ import reference_of
from suite.toolkit.requirements import unmet
from tests.contracts.test_mitigations import APART, NAMES, NEEDS_A_PATH, NEVER_ON_A_CPU, settings_of
from tests.embedded import embedded_setup
from tests.fakes import admit, circumstances_of

TASKS = {reference_of(name).task: name for name in MODELS}
SHORT = {"new_tokens": 3}
"""Settings of tasks that have them: the fewest tokens that leave time for a query to join."""
SMALL = {
    "calibration_samples": 4, "samples": 4, "held_out": 8, "trials": 1, "largest_loss": 1.0, "prompt_tokens": 8,
    "new_tokens": 4,
}  # fmt: skip
"""Parameters that make a technique quick; what it does is the same."""
TRAIN_SAMPLES = 32
BATCH_SIZES = (8, 1)
"""What answers one query at a time runs with the second alone."""
ELSEWHERE = NEVER_ON_A_CPU | NEEDS_A_PATH | set(APART)
"""Techniques that cannot be tried here: without a GPU, a checkpoint or a package of their own."""
OF_THE_MACHINE = {"threads", "cores", "edge", "carbon_aware", "batch_size"}
"""Techniques that do nothing to the model, and whose refusals are those of the machine or of values in force."""
TRIED = sorted(set(NAMES) - ELSEWHERE - OF_THE_MACHINE)


@functools.cache
def said() -> Matrix:
    return matrix()


def cells(state: State) -> list[tuple[str, str]]:
    """Techniques that can be tried here and tasks with an embedded model, where ``state`` is said."""
    return [(name, task) for name in TRIED for task in TASKS if said()[name][task]["state"] == state]


def quick(name: str) -> Mitigation:
    """The technique with its defaults, but for few samples and steps."""
    settings = settings_of(name)
    for recipe in (value for value in settings.values() if isinstance(value, dict) and "steps" in value):
        recipe["batch_size"] = 2
    made = hydra.utils.instantiate(settings | {key: SMALL[key] for key in SMALL.keys() & settings}, _convert_="all")
    assert isinstance(made, Mitigation)
    return made


@functools.cache
def setup_of(task: str) -> Setup:
    """The task with its embedded model and a few training samples."""
    settings = yaml.safe_load((CONF / "task" / f"{task}.yaml").read_text())
    setup = embedded_setup(task, TASKS[task], **{key: SHORT[key] for key in SHORT.keys() & settings})
    return setup.replace(task=with_split(setup.task, "train", setup.task.train()[:TRAIN_SAMPLES]))


def setups(technique: Mitigation, task: str) -> Iterator[Setup]:
    """In the technique's own phase, a whole training where it is that, in batches and with one query at a time."""
    phase = technique.requires.phase or "inference"
    for size in BATCH_SIZES:
        training = Training(is_whole=phase == "training")
        yield setup_of(task).replace(batch_size=size, phase=phase, training=training)


def refusal(technique: Mitigation, task: str) -> str | None:
    """None where it applies and proves its effect in one of the setups, else why not in the last of them."""
    found: str | None = None
    for setup in setups(technique, task):
        try:
            technique.proof(setup, technique.apply(setup))
        except (NotApplicable, NoEffect) as error:
            found = str(error)
        else:
            return None
    return found


@pytest.fixture(autouse=True)
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """What inductor would generate is run by torch."""
    compile_module = torch.nn.Module.compile
    plain = {"backend": "aot_eager", "mode": None}
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **how: compile_module(self, **(how | plain)))


def test_every_technique_says_of_every_task_whether_it_can_run_there() -> None:
    assert sorted(said()) == NAMES
    for statements in said().values():
        assert set(TASKS) < set(statements)
        assert all(bool(stated["reasons"]) == (stated["state"] != "can run") for stated in statements.values())


@pytest.mark.parametrize(("name", "task"), cells("cannot"))
def test_where_it_cannot_a_point_is_refused_before_it_is_measured_for_the_reason_given(name: str, task: str) -> None:
    technique, setup = quick(name), next(setups(quick(name), task))
    with pytest.raises(NotApplicable) as refused:
        admit(technique, setup)
    assert str(refused.value) == "; ".join(said()[name][task]["reasons"])


@pytest.mark.parametrize(("name", "task"), cells("cannot"))
def test_where_it_cannot_trying_it_without_being_asked_does_not_work_either(name: str, task: str) -> None:
    """But for models that a technique excludes by choice: what it would do there is another technique's."""
    technique = quick(name)
    found = circumstances_of(next(setups(technique, task)))
    if technique.requires.excluded_models and found.model_class in technique.requires.excluded_models:
        pytest.skip("excluded by choice")
    for setup in setups(technique, task):
        with pytest.raises((NotApplicable, AttributeError, KeyError)):  # where it does not look itself, it breaks
            technique.apply(setup)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), cells("can run"))
def test_where_it_can_it_does(name: str, task: str) -> None:
    technique = quick(name)
    admit(technique, next(setups(technique, task)))
    assert refusal(technique, task) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TRIED if quick(name).requires.suits])
def test_what_depends_on_the_model_runs_with_one_embedded_model_and_not_with_another(name: str) -> None:
    technique = quick(name)
    tasks = [task for task in TASKS if said()[name][task]["state"] == "depends on the model"]
    refused = {task: refusal(technique, task) for task in tasks}
    assert {reason is None for reason in refused.values()} == {True, False}, refused


@pytest.mark.parametrize("task", TASKS)
def test_a_task_says_of_itself_what_its_queries_show(task: str) -> None:
    setup = setup_of(task)
    given = setup.task.batch(setup, setup.task.samples(1))
    assert (setup.task.reads == "text") == ("input_ids" in given)
    try:
        setup.task.logits(setup.model, setup.task.training_batch(setup, setup.task.samples(1)))
    except NotApplicable:
        assert not setup.task.class_logits
    else:
        assert setup.task.class_logits


def test_unmet_by_the_machine_alone_is_no_statement_on_tasks() -> None:
    tf32 = quick("tf32")
    assert unmet(tf32.requires, circumstances_of(setup_of("image_classification")))
    assert said()["tf32"]["image_classification"]["state"] == "can run"
