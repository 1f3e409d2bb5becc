from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar

import pytest
import torch

from suite.checkpoints.model_spec import ModelSpec
from suite.errors import InputError, NotApplicable
from suite.mitigations.distillation.distillation import Distillation
from suite.toolkit import blocks, layers
from suite.toolkit.training.teaching import answer_loss, hidden_loss, teaching_of
from tests.architectures import architecture_setup
from tests.embedded import embedded_setup
from tests.fakes import (
    FakeTask,
    admit,
    answers,
    fake_setup,
    fake_task,
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


def distillation(share: float = 0.5, *, steps: int = 0, **changes: Any) -> Distillation:
    training = {
        "steps": steps,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "warmup_share": 0.1,
        "clip_norm": 1.0,
    }
    usual = {"student": None, "temperature": 1.0, "alpha": 0.5, "hidden_weight": 0.0}
    return Distillation(keep_layers_share=share, training=training, **(usual | changes))


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
    student, teacher = torch.tensor([[0.0, 0.0]]), torch.tensor([[2 * math.log(3.0), 0.0]])
    # At temperature 2 the teacher says (3/4, 1/4) and the student (1/2, 1/2).
    divergence = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    loss = answer_loss(student, teacher, torch.tensor([0]), temperature=2.0, alpha=0.25)
    assert float(loss) == pytest.approx(0.25 * math.log(2) + 0.75 * 4 * divergence)


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
    [
        ({"share": 0}, "keep_layers_share"),
        ({"temperature": 0}, "temperature"),
        ({"alpha": 1.1}, "alpha"),
        ({"hidden_weight": -0.1}, "hidden_weight"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], field: str) -> None:
    with pytest.raises(InputError, match=rf"distillation\.{field}"):
        distillation(**settings)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Images(FakeTask):
    """The fake images, for models that transformers counts among image classifiers."""

    auto_class: ClassVar[str] = "AutoModelForImageClassification"


def images() -> Any:
    plain = fake_task("image", locked=True)
    return Images(**{field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)})


def spec(**architecture: Any) -> ModelSpec:
    """Random weights of an architecture, whose classes, inputs and vocabulary are others than the fake model's."""
    return ModelSpec(name="small", path=None, revision=None, weights="random", architecture=architecture)


RESNET = spec(model_type="resnet", embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=3)
NARROW = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SMALL_BERT = spec(model_type="bert", vocab_size=7, num_labels=3, **NARROW)
SMALL_LLAMA = spec(model_type="llama", vocab_size=7, **NARROW)
SMALL_VIT = spec(model_type="vit", num_channels=3, image_size=8, patch_size=4, **NARROW)

OTHERS = [
    pytest.param("image", RESNET, "ResNetForImageClassification", id="resnet"),
    pytest.param("text", SMALL_BERT, "BertForSequenceClassification", id="bert"),
    pytest.param("generation", SMALL_LLAMA, "LlamaForCausalLM", id="llama"),
]


def setup_of(kind: Any) -> Any:
    return fake_setup(kind, task=images()) if kind == "image" else fake_setup(kind, locked=True)


@pytest.mark.parametrize(("kind", "student", "architecture"), OTHERS)
def test_a_student_of_another_architecture_answers_the_same_questions(kind, student, architecture) -> None:
    setup = setup_of(kind)
    technique = distillation(student=student, steps=2)
    made = technique.apply(setup)
    assert answers(made).shape == answers(setup).shape
    seen = technique.proof(setup, made)
    assert seen["architecture"]["after"] == architecture
    assert seen["after"]["parameters"] < seen["before"]["parameters"]


@pytest.mark.parametrize(("kind", "student", "architecture"), OTHERS)
def test_a_student_of_another_architecture_saves_and_loads_again(kind, student, architecture, tmp_path) -> None:
    made = distillation(student=student, steps=1).apply(setup_of(kind))
    made.model.save_pretrained(tmp_path)
    loaded = made.replace(model=type(made.model).from_pretrained(tmp_path).eval())
    assert torch.equal(answers(loaded), answers(made))


def test_training_brings_a_student_of_another_architecture_nearer() -> None:
    setup = setup_of("image")
    wanted = answers(setup).softmax(-1)
    drawn, taught = (distillation(student=RESNET, steps=steps, alpha=0.0).apply(setup) for steps in (0, 40))
    assert (answers(taught).softmax(-1) - wanted).norm() < (answers(drawn).softmax(-1) - wanted).norm()


def test_its_weights_are_drawn_by_the_setups_seed() -> None:
    setup = setup_of("text")
    first, again, other = (
        distillation(student=SMALL_BERT).apply(setup.replace(seed=seed)).model.state_dict() for seed in (1, 1, 2)
    )
    name = "bert.encoder.layer.0.output.dense.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.equal(first[name], other[name])


def test_a_student_as_large_as_the_model_is_refused() -> None:
    same = spec(model_type="bert", **(NARROW | {"hidden_size": 64}))
    with pytest.raises(NotApplicable, match="none to save"):
        distillation(student=same).apply(setup_of("text"))


def test_a_saved_student_is_loaded_and_taught(tmp_path) -> None:
    setup = setup_of("generation")
    tiny_llama(num_hidden_layers=1).save_pretrained(tmp_path)
    ready = ModelSpec(name="ready", path=str(tmp_path), revision=None, weights="random", architecture=None)
    assert len(blocks.stack_of(distillation(student=ready, steps=1).apply(setup).model).modules) == 1


class TestStudentWithWeights:
    @pytest.fixture
    def saved(self, tmp_path: Any) -> Any:
        """A setup of the embedded BERT, and the specification of a smaller model with its tokenizer and classes."""
        setup = embedded_setup("text_classification", "bert_languages")
        made = distillation(student=SMALL_BERT).apply(setup)
        made.model.save_pretrained(tmp_path)
        setup.processor.save_pretrained(tmp_path)
        ready = ModelSpec(name="ready", path=str(tmp_path), revision=None, weights="pretrained", architecture=None)
        return setup, ready, made

    def test_is_loaded_as_it_was_saved(self, saved: Any) -> None:
        setup, ready, made = saved
        assert torch.equal(answers(distillation(student=ready).apply(setup)), answers(made))

    def test_of_other_classes_is_refused(self, saved: Any) -> None:
        setup, ready, made = saved
        last = made.model.config.num_labels - 1
        made.model.config.id2label = {last - number: name for number, name in made.model.config.id2label.items()}
        made.model.config.label2id = {name: number for number, name in made.model.config.id2label.items()}
        made.model.save_pretrained(ready.path)
        with pytest.raises(NotApplicable, match="other classes than the model, or in another order"):
            distillation(student=ready).apply(setup)


@pytest.mark.parametrize("student", [None, SMALL_BERT], ids=["own blocks", "another"])
def test_the_teacher_is_asked_once_a_step(student: Any) -> None:
    setup, asked = setup_of("text"), []

    def note(model: Any, given: Any, output: Any) -> None:
        if not torch.is_grad_enabled() and not model.training:
            asked.append(model)

    setup.model.register_forward_hook(note)  # its copy that teaches has the hook too
    technique = distillation(student=student, steps=5, alpha=0.0)
    made = technique.apply(setup)
    assert sum(model is not setup.model for model in asked) == 5  # itself it is probed for its answers
    seen = technique.proof(setup, made)
    assert seen["teacher_passes"] == 5
    assert 0 < seen["teacher_share_of_time"] < 1


def test_an_untaught_student_has_no_share_of_a_teachers_time() -> None:
    setup = setup_of("text")
    assert teaching_of(distillation(steps=0).apply(setup)) == {}


class TestHiddenStates:
    def test_loss_worked_by_hand(self) -> None:
        ours = [torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]), torch.tensor([[[2.0, 0.0], [0.0, 1.0]]])]
        theirs = [torch.tensor([[[3.0, 0.0], [0.0, 1.0]]]), torch.tensor([[[-1.0, 0.0], [0.0, 5.0]]])]
        # Cosines 1, 0 in the first block and -1, 1 in the second: distances 0, 1, 2, 0.
        assert float(hidden_loss(ours, theirs, None)) == pytest.approx(3 / 4)
        assert float(hidden_loss(ours, theirs, torch.tensor([[1, 0]]))) == pytest.approx(1.0)  # 0 and 2

    @pytest.mark.parametrize("kind", ["image", "text", "generation"])
    def test_training_on_them_alone_brings_them_nearer(self, kind: Any) -> None:
        """With answers and labels left out of it as far as they can be: a weight far above theirs."""
        setup = setup_of(kind)

        def distance(made: Any) -> float:
            batch = made.task.batch(made, list(made.task.train()[:8]))
            with torch.no_grad():
                ours = made.model(**batch, output_hidden_states=True).hidden_states[-1]
                theirs = setup.model(**batch, output_hidden_states=True).hidden_states[-1]
            return float(hidden_loss([ours], [theirs], None))

        cut, taught = (distillation(steps=steps, hidden_weight=100.0).apply(setup) for steps in (0, 40))
        assert distance(taught) < distance(cut)

    def test_the_projection_of_a_narrower_student_is_gone_after_training(self) -> None:
        made = distillation(student=SMALL_BERT, steps=2, hidden_weight=1.0).apply(setup_of("text"))
        fresh = distillation(student=SMALL_BERT, steps=0).apply(setup_of("text"))
        assert made.model.state_dict().keys() == fresh.model.state_dict().keys()

    def test_blocks_may_put_out_more_than_their_states(self) -> None:
        """The first GPT's are lists of them."""
        setup = architecture_setup("openai-gpt")
        made = distillation(steps=1, hidden_weight=1.0).apply(setup)
        assert answers(made).shape == answers(setup).shape

    def test_they_change_what_a_student_becomes(self) -> None:
        setup = setup_of("text")
        without, with_them = (
            distillation(student=SMALL_BERT, steps=2, hidden_weight=weight).apply(setup) for weight in (0.0, 1.0)
        )
        assert not torch.equal(answers(without), answers(with_them))

    @pytest.mark.parametrize(
        ("student", "reason"),
        [(RESNET, "other vectors"), (SMALL_VIT, r"other vectors \(\(5,\) and \(17,\)\)")],
        ids=["convolutions", "larger patches"],
    )
    def test_blocks_that_do_not_answer_to_the_teachers_are_refused(self, student: Any, reason: str) -> None:
        with pytest.raises(NotApplicable, match=reason):
            distillation(student=student, steps=1, hidden_weight=1.0).apply(setup_of("image"))
