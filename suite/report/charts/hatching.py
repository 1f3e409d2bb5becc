"""Patterns over the bars of figures that were not measured. Each drawing carries its own, so that it can stand alone.

The lines have the colour of the panel that the chart stands on; in a file of its own, where there is no panel, white.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from suite.analysis.point.energy import Basis

_LINES: dict[Basis, str] = {
    "estimated": '<path d="M-2,2L2,-2M0,8L8,0M6,10L10,6" style="stroke:var(--panel,#fff);stroke-width:2px"/>',
    "simulated": '<circle cx="4" cy="4" r="1.9" style="fill:var(--panel,#fff)"/>',
    "replayed": '<path d="M4,0V8M0,4H8" style="stroke:var(--panel,#fff);stroke-width:1.6px"/>',
}
_USE = re.compile(rf'="url\(#(texture-({"|".join(_LINES)})-[\w-]+)\)"')


def texture(basis: Basis, drawing: str) -> str | None:
    """The fill that marks ``basis``, for the drawing of that name alone; None for measured figures, which are plain."""
    return f"url(#texture-{basis}-{drawing})" if basis in _LINES else None


def with_textures(svg: str) -> str:
    """``svg`` with the patterns in it that it uses."""
    used: dict[str, Basis] = dict(_USE.findall(svg))
    if not used:
        return svg
    start = svg.index(">") + 1
    patterns = "".join(_pattern(name, basis) for name, basis in used.items())
    return f"{svg[:start]}<defs>{patterns}</defs>{svg[start:]}"


def swatch(basis: Basis, colour: str, drawing: str) -> Markup:
    """A small bar for a legend: how ``basis`` looks in ``colour``."""
    fill = texture(basis, drawing)
    over = f'<rect width="28" height="12" fill="{fill}"/>' if fill else ""
    bar = f'<rect width="28" height="12" fill="{colour}"/>{over}'
    svg = f'<svg viewBox="0 0 28 12" width="28" height="12" aria-hidden="true">{bar}</svg>'
    return Markup(with_textures(svg))  # noqa: S704 - made of constants of this package


def _pattern(name: str, basis: Basis) -> str:
    return f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">{_LINES[basis]}</pattern>'
