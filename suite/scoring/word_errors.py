"""Word error rate: words to be changed, added and left out for each word that was said."""

from __future__ import annotations

import functools
from typing import Any

from suite.errors import NotApplicable


def word_error_rate(target: str, answer: str) -> float:
    """Errors a word of ``target``, capitals and punctuation left out; 1 for an empty answer, above 1 for a long one.

    Args:
        target: what was said, at least one word.
        answer: what was written.

    Raises:
        NotApplicable: the library that counts them is missing.
    """
    library = _library()
    plain = _plain()
    return float(library.wer(target, answer, reference_transform=plain, hypothesis_transform=plain))


@functools.cache
def _plain() -> Any:
    library = _library()
    return library.Compose(
        [
            library.ToLowerCase(),
            library.RemovePunctuation(),
            library.RemoveMultipleSpaces(),
            library.Strip(),
            library.ReduceToListOfListOfWords(),
        ]
    )


def _library() -> Any:
    try:
        import jiwer
    except ImportError as error:
        raise NotApplicable("jiwer is missing: pip install -e '.[speech]'") from error
    return jiwer
