from __future__ import annotations

from typing import Any

import pytest
import torch

from suite.checkpoints.model_spec import ModelSpec
from suite.errors import InputError, NotApplicable
from suite.mitigations.distillation import sequence_distillation as module
from suite.mitigations.distillation.sequence_distillation import IGNORED, SequenceDistillation
from tests.fakes import admit, answers, fake_setup, tiny_llama

RECIPE = {
    "steps": 2, "batch_size": 4, "learning_rate": 1e-2, "weight_decay": 0.0, "warmup_share": 0.1, "clip_norm": 1.0,
}  # fmt: skip
USUAL = {
    "student": None, "keep_layers_share": 0.5, "samples": 6, "prompt_tokens": 3, "new_tokens": 4, "temperature": 1.0,
}  # fmt: skip


def technique(*, steps: int = 2, **changes: Any) -> SequenceDistillation:
    return SequenceDistillation(training=RECIPE | {"steps": steps}, **(USUAL | changes))


@pytest.fixture
def learnt(monkeypatch: Any) -> list[Any]:
    """The texts that the student is given."""
    given: list[Any] = []
    original = module.batch_of
    monkeypatch.setattr(module, "batch_of", lambda setup, texts: given.extend(texts) or original(setup, texts))
    return given


def test_the_student_learns_what_the_teacher_wrote_and_nothing_else(learnt: list[Any]) -> None:
    setup = fake_setup("generation", locked=True)
    technique(temperature=0.0).apply(setup)
    assert len(learnt) == 2 * 4
    for text in learnt:
        prompt = text["input_ids"][None, :3]
        with torch.no_grad():
            asked = {"attention_mask": torch.ones_like(prompt), "max_new_tokens": 4, "do_sample": False}
            wanted = setup.model.generate(prompt, **asked)[0]
        assert torch.equal(text["input_ids"], wanted)
        assert text["labels"].tolist() == [IGNORED] * 3 + wanted[3:].tolist()


def test_prompts_are_beginnings_of_training_texts(learnt: list[Any]) -> None:
    setup = fake_setup("generation", locked=True)
    technique().apply(setup)
    beginnings = {tuple(example["ids"][:3].tolist()) for example in setup.task.train()}
    assert {tuple(text["input_ids"][:3].tolist()) for text in learnt} <= beginnings


def test_no_loss_is_taken_on_prompts() -> None:
    setup = fake_setup("generation")
    text = {"input_ids": torch.tensor([9, 8, 7, 6]), "labels": torch.tensor([IGNORED, IGNORED, 7, 6])}
    batch = module.batch_of(setup, [text])
    with torch.no_grad():
        chances = setup.model(input_ids=batch["input_ids"]).logits[0].log_softmax(-1)
        loss = setup.task.loss(setup.model, batch)
    assert float(loss) == pytest.approx(-float(chances[1, 7] + chances[2, 6]) / 2, rel=1e-5)


def test_proof_counts_what_was_written_and_whose_time_it_took() -> None:
    setup = fake_setup("generation", locked=True)
    made = technique().apply(setup)
    seen = technique().proof(setup, made)
    assert (seen["generated_texts"], seen["generated_tokens"], seen["teacher_passes"]) == (6, 6 * 4, 1)
    assert 0 < seen["teacher_share_of_time"] < 1
    assert seen["blocks"] == {"before": 4, "after": 2}


def test_more_texts_than_the_train_split_has_are_written_to_the_same_prompts() -> None:
    setup = fake_setup("generation", locked=True)
    seen = technique(samples=60).proof(setup, technique(samples=60).apply(setup))
    assert (len(setup.task.train()), seen["generated_texts"]) == (48, 60)


def test_a_student_of_another_architecture_is_taught_as_well() -> None:
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    gpt = ModelSpec(
        name="small", path=None, revision=None, weights="random",
        architecture={"model_type": "gpt_neox", "vocab_size": 9, **sizes},
    )  # fmt: skip
    setup = fake_setup("generation", locked=True)
    made = technique(student=gpt).apply(setup)
    assert type(made.model).__name__ == "GPTNeoXForCausalLM"
    assert answers(made).shape == answers(setup).shape


def test_training_makes_other_texts_of_the_teacher_likelier(learnt: list[Any]) -> None:
    setup = fake_setup("generation", model=tiny_llama(initializer_range=0.5))
    technique(samples=40, new_tokens=8, steps=10).apply(setup.replace(seed=9))
    other = module.batch_of(setup, learnt)
    taught = [technique(samples=400, new_tokens=8, steps=steps).apply(setup).model for steps in (1, 60)]
    with torch.no_grad():
        first, last = (float(setup.task.loss(model, other)) for model in taught)
    assert last < first - 0.3  # nats a token


def test_one_seed_gives_one_student_and_another_seed_another() -> None:
    setup = fake_setup("generation")
    first, again, other = (technique().apply(setup.replace(seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(answers(first), answers(again))
    assert not torch.equal(answers(first), answers(other))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"samples": 0}, "samples"),
        ({"prompt_tokens": 0}, "prompt_tokens"),
        ({"new_tokens": 0}, "new_tokens"),
        ({"temperature": -1.0}, "temperature"),
        ({"keep_layers_share": 1.0}, "keep_layers_share"),
        ({"steps": 0}, "training.steps"),
    ],
)
def test_settings_out_of_range_are_refused(changes: Any, field: str) -> None:
    with pytest.raises(InputError, match=rf"sequence_distillation\.{field}"):
        technique(**changes)


@pytest.mark.parametrize(
    ("changes", "setup", "reason"),
    [
        ({}, fake_setup("text"), "generates nothing"),
        ({}, fake_setup("generation", random_weights=True), "nothing to teach"),
        ({"prompt_tokens": 60}, fake_setup("generation", model=tiny_llama(max_position_embeddings=128)), "no text of"),
        ({"new_tokens": 64}, fake_setup("generation"), "takes 64 tokens"),
    ],
    ids=["classifier", "random", "long prompts", "positions"],
)
def test_is_not_applicable(changes: Any, setup: Any, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        technique(**changes).apply(setup)


def test_is_refused_before_a_classifier_is_loaded() -> None:
    setup = fake_setup("text")
    with pytest.raises(NotApplicable, match="the teacher has no text to write"):
        admit(technique(), setup)
