"""Rows of a table to examples of speech: a sound file, or its bytes, and the words that are said in it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from suite.data import columns
from suite.data.columns import Columns
from suite.data.readers import Row
from suite.data.structured import filled
from suite.errors import InputError, NotApplicable
from suite.text.suggest import beside

Example = Mapping[str, Any]


def spoken(rows: Sequence[Row], wanted: Columns, folder: Path) -> list[Example]:
    """Examples with ``sound`` (a file or its bytes), ``target`` (the words), ``name``, and ``text``, the sound's hash.

    Args:
        rows: at least one.
        wanted: columns that the user names.
        folder: what file names are relative to.

    Raises:
        InputError: no fitting column, or a row whose file is missing, is no sound, has no samples or no words.
        NotApplicable: the library that reads sounds is missing.
    """
    of_sound = columns.chosen(rows, "sound", wanted.input)
    of_words = columns.chosen(rows, "transcript", wanted.label)
    return [_example(row, of_sound, of_words, folder) for row in rows]


def _example(row: Row, of_sound: str, of_words: str, folder: Path) -> Example:
    words = filled(row, of_words)
    if not any(sign.isalnum() for sign in words):
        raise InputError(f"{of_words} has no words ({row.place})", got=words, remedy="correct or remove the row")
    sound = _sound(row, of_sound, folder)
    _check(sound, row)
    content = sound if isinstance(sound, bytes) else sound.read_bytes()
    return {"text": hashlib.sha256(content).hexdigest(), "sound": sound, "name": row.place, "target": words}


def _sound(row: Row, column: str, folder: Path) -> Path | bytes:
    value = row.values.get(column)
    if isinstance(value, dict):  # how tables of the datasets library hold a sound
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str) or not value:
        raise InputError(f"the sound is missing ({row.place})", got=value, remedy="give a file name")
    file = folder / value
    if not file.is_file():
        remedy = beside(file, otherwise="file names are relative to the table's folder")
        raise InputError(f"the sound does not exist ({row.place})", got=value, remedy=remedy)
    return file


def _check(sound: Path | bytes, row: Row) -> None:
    """Reads the header only, which is quick."""
    library = _library()
    shown = "bytes" if isinstance(sound, bytes) else str(sound)
    try:
        found = library.info(io.BytesIO(sound) if isinstance(sound, bytes) else str(sound))
    except library.LibsndfileError as error:
        remedy = "give a .wav or .flac file"
        raise InputError(f"the sound cannot be read ({row.place}: {error})", got=shown, remedy=remedy) from error
    if found.frames == 0:
        raise InputError(f"the sound has no samples ({row.place})", got=shown, remedy="remove the row")


def samples(example: Example, rate: int) -> np.ndarray:
    """The sound of an example: (samples,) at ``rate`` a second in float32, the mean of its channels.

    Raises:
        InputError: the file is damaged.
    """
    library, sound = _library(), example["sound"]
    try:
        found, own = library.read(
            io.BytesIO(sound) if isinstance(sound, bytes) else str(sound), dtype="float32", always_2d=True
        )
    except library.LibsndfileError as error:
        what = f"the sound cannot be read ({example['name']}: {error})"
        raise InputError(what, got=str(error), remedy="replace the file") from error
    return resampled(found.mean(axis=1), own, rate)


def resampled(sound: np.ndarray, own: int, rate: int) -> np.ndarray:
    """``sound`` of ``own`` samples a second at ``rate``, by a polyphase filter that keeps what both can hold."""
    if own == rate:
        return sound
    from scipy.signal import resample_poly  # half a second of imports that other data need not pay

    ratio = Fraction(rate, own)
    made: np.ndarray = resample_poly(sound, ratio.numerator, ratio.denominator).astype(np.float32)
    return made


def _library() -> Any:
    try:
        import soundfile
    except ImportError as error:
        raise NotApplicable("soundfile is missing: pip install -e '.[speech]'") from error
    return soundfile
