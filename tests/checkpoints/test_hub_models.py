"""Every model of the hub that conf/model names, small and served by a stand-in of the hub, answers its task's queries.

The library reads the hub's address at import, so all are loaded in one process of its own.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from suite.io.paths import CHECKOUT, CONF
from tests import hub_models
from tests.hub_stand_in import commit_of, hub_stand_in

SCORED = 3
LABELS = ["cat", "dog"]

TASKS = {
    "acme/denoiser": ("image_generation", "Denoiser", ["model=unet_digits", "task.steps=2"]),
    "acme/masked": ("masked_language_modelling", "BertForMaskedLM", ["model=bert_languages"]),
    "bert_base_ner": ("token_classification", "BertForTokenClassification", []),
    "distilbert_emotion": ("text_classification", "DistilBertForSequenceClassification", []),
    "distilbert_squad": ("question_answering", "DistilBertForQuestionAnswering", []),
    "distilbert_sst2": ("text_classification", "DistilBertForSequenceClassification", []),
    "git_base_coco": (
        "image_captioning",
        "GitForCausalLM",
        ["task.metric=f1", "task.new_tokens=4", "task.longest_answer=5"],
    ),
    "gpt2": ("text_generation", "GPT2LMHeadModel", ["task.prompt_tokens=8", "task.new_tokens=4"]),
    "llama_3_2_1b": ("text_generation", "LlamaForCausalLM", ["task.prompt_tokens=8", "task.new_tokens=4"]),
    "minilm_l6": ("sentence_similarity", "BertModel", []),
    "modernbert_base": ("masked_language_modelling", "ModernBertForMaskedLM", []),
    "qwen2_5_0_5b": ("text_generation", "Qwen2ForCausalLM", ["task.prompt_tokens=8", "task.new_tokens=4"]),
    "qwen3_0_6b": ("text_generation", "Qwen3ForCausalLM", ["task.prompt_tokens=8", "task.new_tokens=4"]),
    "resnet_18_imagenet": ("image_classification", "ResNetForImageClassification", []),
    "smollm2_135m": ("text_generation", "LlamaForCausalLM", ["task.prompt_tokens=8", "task.new_tokens=4"]),
    "smollm2_135m_instruct": ("text_generation", "LlamaForCausalLM", ["task.prompt_tokens=8", "task.new_tokens=4"]),
    "t5_small": ("summarisation", "T5ForConditionalGeneration", ["task.new_tokens=4", "task.scored_tokens=5"]),
    "vit_base_imagenet": ("image_classification", "ViTForImageClassification", []),
    "whisper_tiny_en": (
        "speech_recognition",
        "WhisperForConditionalGeneration",
        ["task.new_tokens=4", "task.scored_tokens=5"],
    ),
    "yolos_tiny": ("object_detection", "YolosForObjectDetection", []),
}
"""By model: its task, its class, and what else the command line says."""


def table(folder: Path, rows: Sequence[dict[str, Any]]) -> str:
    """A file of ``rows``, apart for each folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(file)


def picture(folder: Path, number: int, width: int = 80) -> str:
    """A picture of three channels, ``width`` by 60 pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (60, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / f"{number}.png")
    return f"{number}.png"


def sound(folder: Path, number: int) -> str:
    """Half a second of a tone."""
    soundfile = pytest.importorskip("soundfile")
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{number}.wav", np.sin(np.arange(8000) * number / 10).astype(np.float32), 16000)
    return f"{number}.wav"


def rows_of(name: str, folder: Path) -> list[dict[str, Any]] | None:
    """Data such as the model's yaml names; None for what the task has embedded."""
    task, numbers = TASKS[name][0], range(1, 5)
    if name in ("distilbert_sst2", "distilbert_emotion"):
        labels = ["POSITIVE", "NEGATIVE"] if name == "distilbert_sst2" else ["joy", "fear"]
        return [{"text": f"text number {number}", "label": labels[number % 2]} for number in numbers]
    if task == "token_classification":
        return [{"words": ["Ada", "sleeps", str(number)], "tags": ["B-PER", "O", "O"]} for number in numbers]
    if task == "image_classification":
        return [{"image": picture(folder, number), "label": LABELS[number % 2]} for number in numbers]
    if task == "image_captioning":
        return [{"image": picture(folder, number), "caption": f"picture number {number}"} for number in numbers]
    if task == "object_detection":
        box = {"boxes": [[10, 10, 30, 20]], "labels": ["cat"]}
        return [{"image": picture(folder, number, width=60 + 20 * number)} | box for number in numbers]
    if task == "speech_recognition":
        return [{"audio": sound(folder, number), "text": f"tone {number}"} for number in numbers]
    if task == "summarisation":
        return [{"document": f"Number {number} is a number.", "summary": f"Number {number}."} for number in numbers]
    if task == "sentence_similarity":
        return [{"anchor": f"number {number}", "positive": f"it is {number}"} for number in numbers]
    if task == "question_answering":
        return [
            {"context": f"Ada {number} lives in Rome.", "question": "Where?", "answers": ["Rome"]} for number in numbers
        ]
    if task in ("text_generation", "masked_language_modelling"):
        return [{"text": f"Number {number}: " + "some words of a text " * 20} for number in numbers]
    return None


SCRIPT = """
import json, sys, traceback
from suite.checkpoints.pretrained import load_pretrained
from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.core.setup import Setup

def answered(overrides):
    config = resolved(composed(overrides))
    task, spec = build(config["task"]), build(config["model"])
    model, processor = load_pretrained(spec, task, device="cpu", dtype="float32", seed=0)
    setup = Setup(
        task=task, model=model, processor=processor, batch_size=2, dtype="float32", device="cpu", phase="inference"
    )
    with setup.active():
        tokens = task.run(setup, task.batch(setup, task.queries()[:2]))
    answered = {"tokens": tokens, "answer_tokens": task.answer_tokens(), "scores": task.evaluate(setup)}
    return answered | {"model": type(model).__name__}

for name, overrides in json.loads(sys.argv[1]).items():
    try:
        print(json.dumps([name, answered(overrides)]), flush=True)
    except Exception:
        print(json.dumps([name, {"error": traceback.format_exc()}]), flush=True)
"""


def path_of(name: str) -> str:
    """The repository's name on the hub."""
    return name if "/" in name else yaml.safe_load((CONF / "model" / f"{name}.yaml").read_text("utf-8"))["path"]


def command(name: str, folder: Path, repository: Path) -> list[str]:
    """What the command line says of the model and its data; the revision is the stand-in's own commit."""
    task, _, more = TASKS[name]
    found = rows_of(name, folder)
    data = [] if found is None else [f"+task.data.test={table(folder, found)}"]
    which = [f"model.path={name}"] if "/" in name else [f"model={name}"]
    pinned = f"model.revision='{commit_of(repository)}'"
    return [f"task={task}", *more, *which, pinned, *data, f"protocol.max_scored={SCORED}", "task.query_count=2"]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each model answered, by name."""
    root, asked = tmp_path_factory.mktemp("hub"), {}
    for name in TASKS:
        repository = root / "models" / path_of(name)
        repository.mkdir(parents=True)
        hub_models.save(name, repository)
        asked[name] = command(name, tmp_path_factory.mktemp("data"), repository)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    with hub_stand_in(root) as server:
        environment |= {"HF_ENDPOINT": server.url, "HF_HOME": str(root / "home"), "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(asked)],
            env=environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_every_model_of_the_hub_has_a_stand_in() -> None:
    named = {file.stem for file in (CONF / "model").glob("*.yaml") if is_of_the_hub(file)}
    assert named == {name for name in TASKS if "/" not in name} == {n for n in hub_models.WRITERS if "/" not in n}


def is_of_the_hub(file: Path) -> bool:
    """Whether a model's yaml names a repository."""
    path = yaml.safe_load(file.read_text("utf-8"))["path"]
    return path is not None and not path.startswith(("models/", "package:"))


@pytest.mark.parametrize("name", [name for name in TASKS if "/" not in name])
def test_its_yaml_says_under_what_licence_it_is_and_which_commit(name: str) -> None:
    text = (CONF / "model" / f"{name}.yaml").read_text("utf-8")
    comment = "".join(line for line in text.splitlines() if line.startswith("#"))
    assert re.search(r"\b(MIT|Apache-2\.0|Llama 3\.2 Community License, gated)\b", comment)
    assert re.search(r"^revision: [0-9a-f]{40} # commit\b", text, re.M)


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_it_loads_answers_queries_and_is_scored(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    found = outcomes[name]
    assert "error" not in found, found["error"]
    assert found["model"] == TASKS[name][1]
    assert found["tokens"] == (None if found["answer_tokens"] is None else 2 * found["answer_tokens"])
    assert len(found["scores"]) == SCORED
    assert all(math.isfinite(score) for score in found["scores"])
