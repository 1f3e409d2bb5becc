"""What all of them measure: a small BERT with random weights, and texts of 64 tokens."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import NamedTuple

TOKENS = 64
BATCH_SIZES = tuple(range(1, 13))
LETTERS = string.ascii_lowercase
PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS)


class Subject(NamedTuple):
    """Where the model and the texts lie."""

    model: Path
    texts: Path


def write_subject(folder: Path) -> Subject:
    """A BERT of 4 layers of 256 (3.6 M parameters), and 64 labelled texts."""
    model = folder / "model"
    model.mkdir(parents=True, exist_ok=True)
    _write_model(model)
    texts = folder / "texts.jsonl"
    letters = [" ".join(LETTERS[(start + place) % 26] for place in range(TOKENS - 2)) for start in range(TOKENS)]
    rows = [{"text": text, "label": number % 2} for number, text in enumerate(letters)]
    texts.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return Subject(model, texts)


def _write_model(folder: Path) -> None:
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=1000, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES), "utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "model_max_length": 512, "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
