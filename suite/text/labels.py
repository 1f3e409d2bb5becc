"""Labels of tasks, models and workloads as people read them: without the fingerprints that records tell contents by."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from suite.text import numbers as text

_FINGERPRINT = re.compile(r"@[0-9a-f]{8}(?=[],]|$)")
_NOT_IN_A_FILE_NAME = re.compile(r"[^A-Za-z0-9.]+")


def plain(label: str) -> str:
    """``label`` without the fingerprints of files: ``my_bert@0a1b2c3d`` is ``my_bert``."""
    return _FINGERPRINT.sub("", label)


def told_apart(labels: Iterable[str]) -> dict[str, str]:
    """Each of ``labels`` without fingerprints, or whole where another one differs from it in these alone."""
    alike: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        alike[plain(label)].add(label)
    return {label: name if len(same) == 1 else label for name, same in alike.items() for label in same}


def key_of(label: str) -> str:
    """The conf key that a task's or workload's ``label`` begins with, without what its user changed of it."""
    return label.partition("[")[0]


def words(name: str) -> str:
    """A task or workload as words, what its user changed of it in brackets and as it was typed.

    ``text_classification[data=my_reviews.jsonl]`` is ``text classification (data=my_reviews.jsonl)``.
    """
    key, bracket, changed = name.partition("[")
    return f"{text.words(key)} ({changed.removesuffix(']').replace(',', ', ')})" if bracket else text.words(key)


def file_stem(*parts: str) -> str:
    """``parts`` as the name of a file without its suffix: letters, digits and points, hyphens between."""
    return "-".join(filter(None, (_NOT_IN_A_FILE_NAME.sub("-", plain(part)).strip("-.") for part in parts)))
