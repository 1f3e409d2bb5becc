"""A setting of the wrong kind, said in the user's words: its key, what it must be, the value got."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from suite.errors import InputError

KINDS = {"float": "a number", "int": "a whole number", "str": "a name", "object": "{name: value}", "array": "a list"}
EXPECTED = re.compile(r"Expected `(?P<kinds>[^`]+)`, got `[^`]+` - at `\$\.(?P<key>\w+)(?P<inside>[^`]*)`")


def wrong_kind(error: msgspec.ValidationError, content: Mapping[str, Any], what: str, prefix: str = "") -> InputError:
    """The error to raise for what msgspec refused.

    Args:
        error: of msgspec.
        content: what was converted.
        what: was wrong, where msgspec speaks of no single value.
        prefix: of the keys, as the user writes them.
    """
    found = EXPECTED.match(str(error))
    if found is None:
        return InputError(what, got=str(error), remedy="correct it")
    kinds = " or ".join(KINDS.get(kind, kind) for kind in found["kinds"].split(" | ") if kind != "null")
    each = "each value of " if found["inside"] else ""
    remedy = "without its unit; see conf/footprint.yaml" if "number" in kinds else "see conf/footprint.yaml"
    return InputError(f"{each}{prefix}{found['key']} must be {kinds}", got=content[found["key"]], remedy=remedy)
