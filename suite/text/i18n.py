"""The page's words in the reader's language: English stands in the code, other languages in ``locale/LANGUAGE.po``.

Every word that a reader sees goes through ``_`` or ``ngettext`` here, or through ``_`` and ``{% trans %}`` in a
template; ``N_`` marks words that are written in one place and translated where they are shown. The catalogues are
gettext's, so that translators can use their own tools: ``make words`` brings them up to date with the code.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterator
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol, get_group_symbol

from suite.errors import InputError

ENGLISH = "en"
FOLDER = Path(__file__).resolve().parent / "locale"
_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def languages() -> list[str]:
    """The languages a page can be written in: English first, then those with a catalogue."""
    return [ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po"))]


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is written inside is written in ``language``.

    Raises:
        InputError: there is no catalogue of it.
    """
    if language not in languages():
        raise InputError("no such language", got=language, remedy=f"choose one of {', '.join(languages())}")
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """The language that is being written."""
    return _language.get()


def gettext(message: str) -> str:
    """``message`` in the language that is being written; as it is where the catalogue lacks it."""
    return _catalogue(_language.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of a message that fits ``number``."""
    return _catalogue(_language.get()).ngettext(singular, plural, number)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, which its tools look for
    """Marks ``message`` for the catalogue; it is translated where it is shown."""
    return message


_ = gettext


def localised(number: str) -> str:
    """``number``, written with a decimal point and commas between thousands, with the language's own signs."""
    if _language.get() == ENGLISH:
        return number
    return number.translate(_signs(_language.get()))


def number_format() -> dict[str, Any]:
    """How the language writes numbers, as d3 and with it Vega have it."""
    signs = {"decimal": get_decimal_symbol(_language.get()), "thousands": get_group_symbol(_language.get())}
    return {**signs, "grouping": [3], "currency": ["", ""]}


@functools.cache
def _catalogue(name: str) -> NullTranslations:
    if name == ENGLISH:
        return NullTranslations()
    compiled = io.BytesIO()
    with (FOLDER / f"{name}.po").open("rb") as stream:
        write_mo(compiled, read_po(stream, locale=name))
    compiled.seek(0)
    return GNUTranslations(compiled)


@functools.cache
def _signs(name: str) -> dict[int, str]:
    return str.maketrans({".": get_decimal_symbol(name), ",": get_group_symbol(name)})
