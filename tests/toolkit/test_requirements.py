"""One evaluation of requirements, on invented circumstances."""

import dataclasses
from typing import ClassVar

import pytest

from suite.errors import NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit.requirements import Circumstances, check, unmet
from tests.faults import Fault

CPU = Circumstances(device="cpu", compute_capability=None, phase="inference", model_class="AutoModelForCausalLM")

WRITES = dataclasses.replace(CPU, generates=True, reads="text", class_logits=True, trained=True)
SEES = dataclasses.replace(CPU, generates=False, reads="image", class_logits=False, logits_alone=False, trained=False)


def on_gpu(*capability):
    return Circumstances(device="cuda", compute_capability=capability, phase="inference", model_class=None)


@pytest.mark.parametrize(
    ("requires", "found", "phrases"),
    [
        (Requires(), CPU, []),
        (Requires(device="cpu"), CPU, []),
        (Requires(device="cuda"), CPU, ["needs device=cuda, here it is cpu"]),
        (Requires(device="cpu"), on_gpu(9, 0), ["needs device=cpu, here it is cuda"]),
        (Requires(compute_capability=(8, 0)), CPU, []),
        (Requires(compute_capability=(8, 9)), on_gpu(8, 6), ["needs compute capability 8.9, this GPU has 8.6"]),
        (Requires(compute_capability=(8, 9)), on_gpu(8, 9), []),
        (Requires(compute_capability=(8, 9)), on_gpu(10, 0), []),
        (Requires(one_device=True), on_gpu(9, 0), []),
        (
            Requires(one_device=True, reasons={"one_device": "the graph breaks"}),
            dataclasses.replace(on_gpu(9, 0), is_spread=True),
            ["needs a model on one device, here it is spread over several GPUs (device_map): the graph breaks"],
        ),
        (Requires(phase="inference"), CPU, []),
        (Requires(phase="training"), CPU, ["is for training only, this is inference"]),
        (
            Requires(excluded_models=("AutoModelForCausalLM",)),
            CPU,
            ["cannot take a model of AutoModelForCausalLM"],
        ),
        (Requires(excluded_models=("AutoModelForCausalLM",)), on_gpu(9, 0), []),
        (Requires(models=("AutoModelForCausalLM",)), CPU, []),
        (Requires(models=("AutoModel",)), CPU, ["takes models of AutoModel only"]),
        (Requires(models=("AutoModel",)), on_gpu(9, 0), []),
        (Requires(generates=True), WRITES, []),
        (Requires(generates=True), SEES, ["is for tasks that generate token by token, which this one does not"]),
        (Requires(generates=False), WRITES, ["is for tasks that generate no tokens, which this one does"]),
        (Requires(reads="text"), WRITES, []),
        (Requires(reads="text"), SEES, ["needs queries of text, not of image"]),
        (Requires(class_logits=True), SEES, ["needs logits of classes or tokens, which this task has not"]),
        (
            Requires(logits_alone=True),
            SEES,
            ["needs models that answer by logits alone, which this task's do not"],
        ),
        (Requires(trained=True), SEES, ["needs trained weights, the model's are random"]),
        (Requires(generates=True, reads="text", class_logits=True, trained=True), CPU, []),
        (Requires(suits="models of equal blocks"), SEES, []),
        (Requires(packages={"msgspec.json": "msgspec"}), CPU, []),
        (
            Requires(device="cuda", phase="training"),
            CPU,
            ["needs device=cuda, here it is cpu", "is for training only, this is inference"],
        ),
    ],
)
def test_what_is_not_met_is_said(requires, found, phrases):
    assert unmet(requires, found) == phrases


def test_what_is_not_decided_fails_no_requirement():
    undecided = dataclasses.replace(CPU, phase=None, model_class=None)
    assert unmet(Requires(phase="training", excluded_models=("AutoModelForCausalLM",)), undecided) == []


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    (phrase,) = unmet(Requires(packages={"no_such_library": "no-such-dist"}), CPU)
    assert phrase.startswith("no_such_library cannot be imported here: ")
    assert phrase.endswith("; pip install no-such-dist")


def test_packages_are_not_imported_where_something_else_is_missing():
    requires = Requires(packages={"no_such_library": "no-such-dist"}, device="cuda")
    assert unmet(requires, CPU) == ["needs device=cuda, here it is cpu"]


def test_the_technique_says_why():
    requires = Requires(phase="training", reasons={"phase": "add workload=training_steps"})
    assert unmet(requires, CPU) == ["is for training only, this is inference: add workload=training_steps"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gpu(Fault):
    requires: ClassVar[Requires] = Requires(device="cuda", phase="training")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Named(Fault):
    requires: ClassVar[Requires] = Requires(parameters=("path",))
    path: str | None


def test_every_reason_is_in_the_refusal():
    with pytest.raises(NotApplicable, match=r"^needs device=cuda, here it is cpu; is for training only"):
        check({"gpu": Gpu(how="nothing")}, CPU)


def test_of_a_stack_the_technique_is_named():
    with pytest.raises(NotApplicable, match=r"^gpu: needs device=cuda"):
        check({"fault": Fault(how="nothing"), "gpu": Gpu(how="nothing")}, CPU)


def test_a_parameter_that_must_be_given_is_asked_for_by_its_key():
    with pytest.raises(NotApplicable, match=r"needs a value, give mitigation\.named\.path=…"):
        check({"named": Named(how="nothing", path=None)}, CPU)


def test_requirements_that_are_met_pass():
    check({"named": Named(how="nothing", path="a"), "fault": Fault(how="nothing")}, CPU)
