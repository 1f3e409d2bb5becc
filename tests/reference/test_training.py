import dataclasses
import hashlib
import json

import pytest
import torch
from transformers import AutoModelForImageClassification

from suite.checkpoints.card_scores import scores_of
from suite.reference.__main__ import load_task
from suite.reference.training import train
from suite.reference.vit_digits import REFERENCE


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two steps of the digits' recipe on 64 images."""
    folder = tmp_path_factory.mktemp("models") / "vit_digits"
    lines: list[str] = []
    reference = dataclasses.replace(
        REFERENCE,
        recipe=dataclasses.replace(REFERENCE.recipe, steps=2, batch_size=8),
        pool=lambda task: task.train()[:64],
        baselines=lambda task: [("always the digit 1", 0.125)],
        ceilings=lambda task: [("a careful reader", 0.99)],
    )
    result = train(reference, load_task("image_classification"), folder, seed=0, say=lines.append)
    return folder, result, lines


def test_weights_are_stored_in_half_precision(trained):
    folder, result, _ = trained
    assert json.loads((folder / "config.json").read_text())["dtype"] == "float16"
    assert (folder / "model.safetensors").stat().st_size == pytest.approx(2 * result.parameters, rel=0.02)


def test_the_card_names_the_weights_hash_and_the_scores(trained):
    folder, result, _ = trained
    text = (folder / "README.md").read_text()
    sha256 = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert f"model_sha256: {sha256}\n" in text
    assert f"| **this model** | {result.test:.3f} |" in text
    assert "| always the digit 1 | 0.125 |" in text
    assert "450 items" in text


def test_the_card_states_the_scores_for_programs_too(trained):
    folder, result, _ = trained
    found = scores_of(folder, "accuracy")
    assert found.model == round(result.test, 3)
    assert found.baselines == (("always the digit 1", 0.125),)  # what none can beat is no baseline
    assert "| a careful reader | 0.990 |" in (folder / "README.md").read_text()


def test_the_score_is_that_of_the_stored_weights(trained):
    folder, result, _ = trained
    task = load_task("image_classification")
    model = AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()
    processor = REFERENCE.build(task)[1]
    pixels = processor(images=[example["image"] for example in task.test()], return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        answers = model(pixel_values=pixels).logits.argmax(-1).tolist()
    right = [answer == example["label"] for answer, example in zip(answers, task.test(), strict=True)]
    assert result.test == pytest.approx(sum(right) / 450)


def test_progress_says_step_and_loss(trained):
    _, _, lines = trained
    assert len(lines) == 1
    assert "step 2 of 2, loss" in lines[0]
