"""Names of territories, languages, scripts and currencies in 40 languages, in splits.

From the Unicode Common Locale Data Repository (Unicode License v3), as Babel ships it. Keys are split by a hash of
their English name, so that no key of the test split is seen in training in any language.
"""

from __future__ import annotations

import functools
import hashlib

from suite.data.splits import Split

# fmt: off
LANGUAGES = (
    "en", "it", "fr", "de", "es", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk",
    "sl", "hr", "ro", "hu", "et", "lv", "lt", "tr", "sq", "is", "eu", "ca", "gl", "af",
    "cy", "ga", "id", "ms", "vi", "sw", "fil", "az", "uz", "mt", "lb", "fy",
)
# fmt: on
KINDS = ("territories", "languages", "scripts", "currencies")
FEWEST_LANGUAGES = 32
"""Keys with names in fewer languages are not trained on, so that all languages have about as many items there."""
FEWEST_RARE = 12
"""Those that at least so many languages name besides English are test items: the margin needs many sources."""

Names = dict[str, str]
"""A key's name by language."""


def split_of(english: str) -> Split:
    """A fifth of the English names is test, a tenth validation, by SHA-256: the same for any Babel."""
    residue = int(hashlib.sha256(english.casefold().encode()).hexdigest(), 16) % 10
    return "test" if residue < 2 else "validation" if residue == 2 else "train"


@functools.cache
def cldr_names() -> list[Names]:
    """For each key its name by language; keys that are named in English and ``FEWEST_LANGUAGES`` others."""
    wide = [names for names in _named_keys() if len(names) > FEWEST_LANGUAGES]
    return list({names["en"].casefold(): names for names in wide}.values())  # Coptic is a language and a script


@functools.cache
def rare_names() -> list[Names]:
    """As ``cldr_names``, of keys named in fewer languages, at least ``FEWEST_RARE`` besides English; no name twice."""
    common = {names["en"].casefold() for names in cldr_names()}
    rare = [names for names in _named_keys() if FEWEST_RARE < len(names) <= FEWEST_LANGUAGES]
    by_name = {names["en"].casefold(): names for names in rare}
    return [names for english, names in by_name.items() if english not in common]


@functools.cache
def _named_keys() -> list[Names]:
    """All keys that have an English name, with their names by language."""
    from babel import Locale  # a quarter of a second with the locales that other tasks need not pay

    keys: dict[tuple[str, str], Names] = {}
    for language in LANGUAGES:
        locale = Locale.parse(language)
        for kind in KINDS:
            for key, name in getattr(locale, kind).items():
                if name != key:
                    keys.setdefault((kind, key), {})[language] = name
    return [names for _, names in sorted(keys.items()) if "en" in names]
