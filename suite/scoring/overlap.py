"""ROUGE-L: how much of a reference text, in its order, another text has (Lin 2004, aclanthology.org/W04-1013)."""

from __future__ import annotations

import functools
import re
from typing import Any

_WORD = re.compile(r"[^\W_]+")


class WordsOfAnyScript:
    """Words in lower case: on ASCII what rouge-score itself takes (without stemming), which drops all other letters."""

    def tokenize(self, text: str) -> list[str]:
        """Runs of letters and digits."""
        return _WORD.findall(text.lower())


def rouge_l(target: str, answer: str) -> float:
    """F1 of the longest common subsequence of words, in [0, 1]."""
    return float(_scorer().score(target, answer)["rougeL"].fmeasure)


@functools.cache
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer  # a second of imports that other tasks need not pay

    return RougeScorer(["rougeL"], use_stemmer=False, tokenizer=WordsOfAnyScript())
