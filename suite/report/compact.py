"""Drawings without what says nothing: a sixth of what Vega writes are defaults and empty paths."""

from __future__ import annotations

import re

_TAG = re.compile(r"<[^>]*>")
_DEFAULTS = re.compile(r' (?:opacity="1"|stroke-width="1"|[xy]2="0"|pointer-events="none"|font-weight="normal")')
_EMPTY = re.compile(r'<path class="(?:foreground|background)"[^>]* d="(?:|M0,0h0v0h0Z)"[^>]*/>')
_FRACTION = re.compile(r"(\.\d\d)\d+")
_VALUE = re.compile(r'="[^"]*"')


def compact(svg: str) -> str:
    """``svg`` looking the same: defaults and empty paths go, and a hundredth of a pixel is enough.

    Text between the tags stays as it is, whatever it says.
    """
    return _TAG.sub(lambda tag: _compact_tag(tag.group()), svg)


def _compact_tag(tag: str) -> str:
    if _EMPTY.fullmatch(tag):
        return ""
    return _VALUE.sub(lambda value: _FRACTION.sub(r"\1", value.group()), _DEFAULTS.sub("", tag))
