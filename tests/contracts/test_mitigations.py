"""What every technique under conf/mitigation promises, tested on tiny models. New ones are found by their yaml."""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib
import itertools
import json
import os
import re
from pathlib import Path
from typing import Any, Literal

import hydra
import pytest
import torch
import yaml

from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.training import Training
from suite.errors import InputError, NoEffect, NotApplicable
from suite.plugins.cards import TEXTS, read_card
from suite.plugins.requires import Requires
from suite.plugins.stacking import KINDS, StackRules, clashes
from tests.architectures import architecture_setup
from tests.fakes import Kind, admit, answers, fake_setup, unequal_texts

CONF = Path(__file__).parents[2] / "conf" / "mitigation"
NAMES = sorted(path.stem for path in CONF.glob("*.yaml") if path.stem != "none")
Case = tuple[Kind | Literal["convolutions", "unequal_texts", "one_prompt"], str, str]
CASES: list[Case] = [
    ("image", "float32", "inference"),
    ("text", "float32", "inference"),
    ("generation", "float32", "inference"),
    ("convolutions", "float32", "inference"),
    ("unequal_texts", "float32", "inference"),
    ("one_prompt", "float32", "inference"),  # at a time
    ("image", "bfloat16", "inference"),
    ("generation", "bfloat16", "inference"),
    ("text", "float32", "training"),
    ("generation", "bfloat16", "training"),
]
NEVER_ON_A_CPU = {"tf32", "gpu_power_limit", "int4_weight_only", "float8", "semi_structured_pruning"}
NEEDS_TWO_CORES = {"threads", "cores"}
IN_TESTS = {"threads": {"count": 2}}  # they run on one thread
NEEDS_A_PATH = {"checkpoint", "efficient_architecture", "task_specific_model"}
APART = {"federated": ["flwr"]}
"""Packages that have pins of their own, so that they are not there by default."""
TRACED = {"compile"}
FEW_STEPS = 2


def settings_of(name: str) -> dict[str, Any]:
    """The technique's block of its yaml, with training cut to two steps."""
    settings: dict[str, Any] = yaml.safe_load((CONF / f"{name}.yaml").read_text())[name]
    for value in settings.values():
        if isinstance(value, dict) and "steps" in value:
            value["steps"] = FEW_STEPS
    return settings | IN_TESTS.get(name, {})


def technique(name: str) -> Mitigation:
    made = hydra.utils.instantiate(settings_of(name), _convert_="all")
    assert isinstance(made, Mitigation)
    return made


def setup_for(name: str, case: Case) -> Setup:
    """A setup for the technique whose task fails on every split but train; a training is a whole one."""
    kind, dtype, phase = case
    layers = 1 if name in TRACED else 4
    if kind == "convolutions":
        setup = architecture_setup("resnet").replace(dtype=dtype, phase=phase)
    elif kind == "unequal_texts":
        setup = fake_setup("text", layers=layers, task=unequal_texts(locked=True), dtype=dtype, phase=phase)
    elif kind == "one_prompt":
        setup = fake_setup("generation", layers=layers, locked=True, batch_size=1, dtype=dtype, phase=phase)
    else:
        setup = fake_setup(kind, layers=layers, locked=True, dtype=dtype, phase=phase)
    setup.model.to(setup.torch_dtype)
    return setup.replace(training=Training(is_whole=phase == "training"))


def state_of(setup: Setup) -> dict[str, Any]:
    """Everything about a setup that a technique must leave as it is, as copies."""
    model = setup.model
    return {
        "weights": {name: value.clone() for name, value in model.state_dict().items()},
        "config": model.config.to_dict(),
        "training": [part.training for part in model.modules()],
        "trained": [weight.requires_grad for weight in model.parameters()],
        "layers": [type(part).__name__ for part in model.modules()],
        "random": torch.get_rng_state(),
    }


def same(before: Any, after: Any) -> bool:
    """Equality down to bits and dtypes."""
    if isinstance(before, torch.Tensor):
        return before.dtype == after.dtype and torch.equal(before, after)
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(same(before[key], after[key]) for key in before)
    return bool(before == after)


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers_in(part)]
    return [value] if isinstance(value, int | float) else []


def applied(name: str, setup: Setup) -> Setup | None:
    """The setup with the technique, or None where it is not applicable."""
    try:
        return technique(name).apply(admit(technique(name), setup))
    except NotApplicable:
        return None


def test_none_contributes_nothing() -> None:
    assert yaml.safe_load((CONF / "none.yaml").read_text()) == {}


@pytest.mark.parametrize("name", NAMES)
class TestYaml:
    def test_is_keyed_by_its_own_name(self, name: str) -> None:
        assert list(yaml.safe_load((CONF / f"{name}.yaml").read_text())) == [name]

    def test_names_the_class_that_its_own_name_says(self, name: str) -> None:
        camel = "".join(word.capitalize() for word in name.split("_"))
        folder = type(technique(name)).intervention or "others"
        assert settings_of(name)["_target_"] == f"suite.mitigations.{folder}.{name}.{camel}"
        assert read_card(settings_of(name)["_target_"]).intervention == type(technique(name)).intervention

    def test_gives_every_field_a_default_and_the_class_none(self, name: str) -> None:
        fields = dataclasses.fields(technique(name))
        assert {field.name for field in fields} == set(settings_of(name)) - {"_target_"}
        assert all(field.default is dataclasses.MISSING for field in fields)

    def test_comments_every_default(self, name: str) -> None:
        lines = (CONF / f"{name}.yaml").read_text().splitlines()
        assert [line for line in lines[2:] if line.strip() and "#" not in line] == []

    def test_refuses_an_unknown_key(self, name: str) -> None:
        with pytest.raises(hydra.errors.InstantiationException, match="unexpected keyword"):
            hydra.utils.instantiate(settings_of(name) | {"no_such_key": 1}, _convert_="all")


@pytest.mark.parametrize("name", NAMES)
class TestClass:
    def test_is_a_frozen_keyword_only_dataclass(self, name: str) -> None:
        made = technique(name)
        assert made.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert all(field.kw_only for field in dataclasses.fields(made))

    def test_cites_a_source_that_can_be_looked_up(self, name: str) -> None:
        assert re.search(r"arXiv:\d{4}\.\d{4,5}|doi:10\.|https://", type(technique(name)).source)

    @pytest.mark.parametrize("text", TEXTS)
    def test_describes_itself_in_whole_sentences(self, name: str, text: str) -> None:
        found = getattr(type(technique(name)), text)
        assert len(found.split()) > 1
        assert text == "source" or found.endswith(".")

    def test_states_its_requirements_itself(self, name: str) -> None:
        assert isinstance(vars(type(technique(name)))["requires"], Requires)

    def test_says_the_same_of_itself_when_it_is_read_without_import(self, name: str) -> None:
        made = type(technique(name))
        card = read_card(settings_of(name)["_target_"])
        assert {text: getattr(card, text) for text in TEXTS} == {text: getattr(made, text) for text in TEXTS}
        assert card.requires == made.requires
        assert card.stacking == StackRules.of(made)

    def test_names_in_its_rules_on_stacks_what_there_is(self, name: str) -> None:
        rules = StackRules.of(technique(name))
        assert set(rules.kinds) <= set(KINDS)
        assert {*rules.before, *rules.after, *rules.conflicts} <= {*KINDS, *NAMES} - {name}

    def test_has_a_title_in_its_modules_docstring(self, name: str) -> None:
        (line,) = (importlib.import_module(type(technique(name)).__module__).__doc__ or "").splitlines()
        assert line == f"{name}: {read_card(settings_of(name)['_target_']).title}."


def test_two_techniques_go_together_in_an_order_or_conflict_in_both() -> None:
    rules = {name: read_card(settings_of(name)["_target_"]).stacking for name in NAMES}
    for pair in itertools.combinations(NAMES, 2):
        found = [list(clashes({name: rules[name] for name in order})) for order in (pair, pair[::-1])]
        conflict = [any(clash.together for clash in each) for each in found]
        assert conflict[0] == conflict[1], pair
        assert conflict[0] or not all(found), pair


@pytest.fixture(autouse=True)
def _no_compiler(monkeypatch):
    """What inductor would generate is run by torch; what Dynamo traces is the same."""
    compile_module = torch.nn.Module.compile
    quick = {"backend": "aot_eager", "mode": None}
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **how: compile_module(self, **(how | quick)))


APPLIED = [
    pytest.param(
        name, case, id="-".join((name, *case)),
        marks=[pytest.mark.slow] if name in TRACED and case[0] == "text" else [],
    )
    for name in NAMES for case in CASES
]  # fmt: skip
"""Every technique in every case."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Once:
    """A setup and what the technique made of it, with what the setup and torch's generator were like around that."""

    setup: Setup
    changed: Setup | None
    before: dict[str, Any]
    plain: Setup
    random_after: torch.Tensor


@functools.cache
def once(name: str, case: Case) -> Once:
    """The technique applied once in the case, for all tests."""
    setup = setup_for(name, case)
    before, plain = state_of(setup), dataclasses.replace(setup)
    changed = applied(name, setup)
    return Once(setup=setup, changed=changed, before=before, plain=plain, random_after=torch.get_rng_state())


@pytest.mark.parametrize(("name", "case"), APPLIED)
def test_leaves_its_input_alone_and_touches_only_train(name: str, case: Case) -> None:
    tried = once(name, case)
    random = torch.get_rng_state()  # what ran since the technique was applied is none of its doing
    if tried.changed is not None:
        assert isinstance(tried.changed, Setup)
        technique(name).proof(tried.setup, tried.changed)
        answers(tried.changed)
    assert torch.equal(tried.before["random"], tried.random_after)
    assert same(tried.before | {"random": random}, state_of(tried.setup))
    assert tried.setup == tried.plain


@pytest.mark.parametrize(("name", "case"), APPLIED)
def test_proves_its_effect_in_plain_finite_figures(name: str, case: Case) -> None:
    setup, changed = once(name, case).setup, once(name, case).changed
    if changed is None:
        pytest.skip("not applicable in this case")
    seen = technique(name).proof(setup, changed)
    assert json.loads(json.dumps(seen, allow_nan=False)) == seen
    more_figures = len(numbers_in(seen)) > len(numbers_in(seen["before"])) * 2
    assert seen["before"] != seen["after"] or more_figures or setup.runtime != changed.runtime


@pytest.mark.parametrize(("name", "case"), APPLIED)
def test_answers_in_the_shape_of_the_model_and_finitely(name: str, case: Case) -> None:
    setup, changed = once(name, case).setup, once(name, case).changed
    if changed is None:
        pytest.skip("not applicable in this case")
    given = answers(changed)
    assert given.shape == answers(setup).shape
    assert torch.isfinite(given).all()


@pytest.mark.parametrize("name", sorted(set(NAMES) - NEVER_ON_A_CPU - NEEDS_A_PATH))
def test_applies_somewhere_on_a_cpu(name: str) -> None:
    if name in NEEDS_TWO_CORES and len(os.sched_getaffinity(0)) < 2:
        pytest.skip("the process may use one core")
    for package in APART.get(name, ()):
        pytest.importorskip(package)
    assert any(once(name, case).changed for case in CASES)


@pytest.mark.parametrize("name", NAMES)
def test_a_silent_no_op_is_caught(name: str) -> None:
    setup = setup_for(name, ("generation", "float32", "training"))
    copied = setup.replace(model=copy.deepcopy(setup.model))
    with pytest.raises(NoEffect):
        technique(name).proof(setup, copied)


@pytest.mark.parametrize("name", NAMES)
def test_is_refused_where_it_is_in_force(name: str) -> None:
    """Twice is once: the second time the value is in force, or there is another share of what is left to take."""
    changed = once(name, ("generation", "float32", "inference")).changed
    if changed is None:
        pytest.skip("not applicable to a model that generates, in inference")
    twice = applied(name, changed)
    assert twice is None or technique(name).proof(changed, twice)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_out_of_range_are_refused_in_one_sentence(name: str) -> None:
    settings = settings_of(name)
    numeric = [key for key, value in settings.items() if isinstance(value, int | float)]
    for key in numeric:
        with pytest.raises(hydra.errors.InstantiationException) as caught:
            hydra.utils.instantiate(settings | {key: -1}, _convert_="all")
        assert isinstance(caught.value.__cause__, InputError)
        assert f"{name}.{key}" in str(caught.value.__cause__)
        assert "\n" not in str(caught.value.__cause__)
