"""How well an answer agrees with the right ones, as SQuAD scores it (Rajpurkar et al. 2016, arXiv:1606.05250)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def best_f1(answer: str, right: Sequence[str]) -> float:
    """F1 of the words of ``answer`` and of the right answer that it agrees with most, in [0, 1]."""
    return _squad(answer, right)["f1"]


def exact_match(answer: str, right: Sequence[str]) -> float:
    """1.0 where ``answer`` is a right one but for capitals, punctuation and articles, else 0.0."""
    return _squad(answer, right)["exact_match"]


def _squad(answer: str, right: Sequence[str]) -> dict[str, float]:
    from torchmetrics.functional.text import squad  # a second that other tasks need not pay

    places: list[Any] = [0] * len(right)
    found = squad(
        {"prediction_text": answer, "id": "0"},
        {"answers": {"text": list(right), "answer_start": places}, "id": "0"},
    )
    return {name: float(value) / 100 for name, value in found.items()}
