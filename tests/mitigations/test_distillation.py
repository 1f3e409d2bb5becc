from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from suite.errors import InputError, NotApplicable
from suite.mitigations.distillation.distillation import Distillation
from suite.toolkit import blocks, layers
from suite.toolkit.training.students import distillation_loss
from tests.fakes import (
    admit,
    answers,
    fake_setup,
    tiny_bert,
    tiny_distilbert,
    tiny_gpt2,
    tiny_llama,
    tiny_modernbert,
    tiny_vit,
)

FAMILIES = [
    ("image", tiny_vit),
    ("text", tiny_bert),
    ("text", tiny_distilbert),
    ("text", tiny_modernbert),
    ("generation", tiny_llama),
    ("generation", tiny_gpt2),
]
NAMES = [make.__name__ for _, make in FAMILIES]


def distillation(share: float = 0.5, *, steps: int = 0, temperature: float = 1.0, alpha: float = 0.5) -> Distillation:
    training = {
        "steps": steps,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "warmup_share": 0.1,
        "clip_norm": 1.0,
    }
    return Distillation(keep_layers_share=share, temperature=temperature, alpha=alpha, training=training)


@pytest.mark.parametrize(("kind", "make"), FAMILIES, ids=NAMES)
def test_student_has_half_the_blocks_and_says_so_in_its_config(kind: Any, make: Any) -> None:
    student = distillation().apply(fake_setup(kind, model=make())).model
    assert len(blocks.stack_of(student).modules) == 2
    assert student.config.num_hidden_layers == 2


@pytest.mark.parametrize(("kind", "make"), FAMILIES, ids=NAMES)
def test_student_starts_from_the_teachers_blocks(kind: Any, make: Any) -> None:
    setup = fake_setup(kind, model=make())
    first, last = blocks.stack_of(distillation().apply(setup).model).modules
    teacher = blocks.stack_of(layers.editable_copy(setup)).modules
    for student_block, teacher_block in ((first, teacher[0]), (last, teacher[3])):
        for name, weight in teacher_block.state_dict().items():
            assert torch.equal(student_block.state_dict()[name], weight)


def test_student_generates_with_a_cache_as_without() -> None:
    setup = distillation().apply(fake_setup("generation"))
    ids = setup.task.batch(setup, list(setup.task.train()[:2]))["input_ids"]
    arguments = {"max_new_tokens": 5, "min_new_tokens": 5, "do_sample": False}
    with torch.no_grad():
        cached, plain = (setup.model.generate(ids, use_cache=cache, **arguments) for cache in (True, False))
    assert torch.equal(cached, plain)


def test_a_saved_student_loads_again(tmp_path: Any) -> None:
    student = distillation().apply(fake_setup("generation"))
    student.model.save_pretrained(tmp_path)
    loaded = student.replace(model=type(student.model).from_pretrained(tmp_path).eval())
    assert torch.equal(answers(loaded), answers(student))


def test_training_brings_the_student_nearer_to_the_teacher() -> None:
    setup = fake_setup(locked=True)
    wanted = answers(setup).softmax(-1)
    cut, taught = (distillation(steps=steps, alpha=0.0).apply(setup) for steps in (0, 40))
    assert (answers(taught).softmax(-1) - wanted).norm() < (answers(cut).softmax(-1) - wanted).norm()


def test_loss_worked_by_hand() -> None:
    class Task:
        def logits(self, model: Any, batch: Any) -> Any:
            return model, batch["labels"]

    student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[2 * math.log(3.0), 0.0]])
    # At temperature 2 the teacher says (3/4, 1/4) and the student (1/2, 1/2).
    divergence = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    loss = distillation_loss(Task(), teacher, temperature=2.0, alpha=0.25)  # type: ignore[arg-type]
    wanted = 0.25 * math.log(2) + 0.75 * 4 * divergence
    assert float(loss(student, {"labels": torch.tensor([0])})) == pytest.approx(wanted)


def test_one_seed_gives_one_student() -> None:
    setup = fake_setup("text")  # with dropout
    first, second = (distillation(steps=3).apply(setup) for _ in range(2))
    assert torch.equal(answers(first), answers(second))


def test_effect_names_the_blocks() -> None:
    setup = fake_setup()
    technique = distillation(0.25)
    assert technique.proof(setup, technique.apply(setup))["blocks"] == {"before": 4, "after": 1}


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (fake_setup(phase="training"), "one-off cost"),
        (fake_setup(random_weights=True), "nothing to teach"),
        (fake_setup(model=tiny_vit(num_hidden_layers=1)), "keeps all 1 blocks"),
    ],
    ids=["training", "random", "one block"],
)
def test_is_not_applicable(setup: Any, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        distillation().apply(admit(distillation(), setup))


@pytest.mark.parametrize(
    ("settings", "field"),
    [({"share": 0}, "keep_layers_share"), ({"temperature": 0}, "temperature"), ({"alpha": 1.1}, "alpha")],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], field: str) -> None:
    with pytest.raises(InputError, match=rf"distillation\.{field}"):
        distillation(**settings)  # type: ignore[arg-type]
