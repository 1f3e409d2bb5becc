"""Charts by Altair: a specification for Vega-Lite and, from the same one, an SVG that shows without JavaScript."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import altair as alt
import vl_convert

from suite.io.atomic import kept_text
from suite.io.paths import user_cache
from suite.report.charts.hatching import with_textures
from suite.report.charts.svg_minify import compact
from suite.report.prose.style import LOOKS
from suite.text import i18n

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "sans-serif",  # the page's own style sheet chooses the face
    "view": {"stroke": None},
    "aria": False,  # one description a chart stands on the figure; one a mark would double the SVG
    "axis": {
        "labelFontSize": 11,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "gridColor": "#8888884d",
        "domainColor": "#88888899",
        "tickColor": "#88888899",
        "labelPadding": 5,
    },
}
MOST_GROUPS = 24
"""So many groups have charts on a page; a reader looks at no more, and each takes a fifth of a second to draw."""
SPAN_FOR_LOG = 6.0
"""An axis whose ends are so far apart (ratio) is drawn on a logarithmic scale."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart in two widths; the page shows the one that fits.

    ``left_out`` points are not drawn since there are too many to tell apart; the table has them.
    """

    identifier: str
    description: str
    wide: dict[str, Any]
    narrow: dict[str, Any]
    left_out: int = 0

    @property
    def svg_wide(self) -> str:
        """The wide chart as SVG."""
        return to_svg(self.wide)

    @property
    def svg_narrow(self) -> str:
        """The narrow chart as SVG."""
        return to_svg(self.narrow)


@dataclasses.dataclass(frozen=True)
class Axis:
    """A continuous axis with fixed ends, so that pixels can be computed here as the browser will."""

    low: float
    high: float
    is_log: bool
    ticks: tuple[float, ...]
    flipped: bool = False

    def share(self, value: float) -> float:
        """Where ``value`` lies between the ends, from 0 to 1, left to right or bottom to top."""
        if self.is_log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return 1 - share if self.flipped else share

    def at(self, share: float) -> float:
        """The inverse of ``share``."""
        share = 1 - share if self.flipped else share
        if self.is_log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)

    def scale(self) -> alt.Scale:
        """As Vega-Lite has it."""
        domain = [self.low, self.high]
        kind: Any = "log" if self.is_log else "linear"
        headroom: dict[str, Any] = {} if self.is_log else {"zero": False}
        return alt.Scale(domain=domain, type=kind, nice=False, reverse=self.flipped, **headroom)


def axis_over(values: Sequence[float], pixels: int, *, flipped: bool = False, allow_log: bool = True) -> Axis:
    """An axis over ``values``, ``pixels`` long, with headroom at both ends; logarithmic where they span far."""
    low, high = min(values), max(values)
    if allow_log and low > 0 and high / low > SPAN_FOR_LOG:
        headroom = (high / low) ** 0.08
        low, high = low / headroom, high * headroom
        return Axis(low, high, True, tuple(_log_ticks(low, high, pixels)), flipped)
    headroom = 0.1 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - headroom, high + headroom
    return Axis(low, high, False, tuple(_linear_ticks(low, high, max(3, pixels // 60))), flipped)


def _log_ticks(low: float, high: float, pixels: int) -> list[float]:
    """Round values, the roundest first, as many as stand at least 38 pixels apart."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    kept: list[float] = []
    for step in (1, 3, 2, 5, 1.5, 7, 4, 1.2):
        for value in (step * 10.0**power for power in powers):
            apart = all(abs(math.log(value / other)) / math.log(high / low) * pixels >= 38 for other in kept)
            if low <= value <= high and apart:
                kept.append(value)
    return sorted(kept)


def _linear_ticks(low: float, high: float, count: int) -> list[float]:
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def verdict_colour() -> alt.Color:
    """Colour by verdict; the legend is HTML, below the chart."""
    scale = alt.Scale(domain=list(LOOKS), range=[look.colour for look in LOOKS.values()])
    return alt.Color("verdict:N", scale=scale, legend=None)


def verdict_shape() -> alt.Shape:
    """Shape by verdict, so that colour is not needed to read the chart."""
    scale = alt.Scale(domain=list(LOOKS), range=[look.shape for look in LOOKS.values()])
    return alt.Shape("verdict:N", scale=scale, legend=None)


def data(rows: Sequence[dict[str, Any]]) -> alt.Data:
    """Rows as inline data."""
    make: Any = alt.Data
    return cast(alt.Data, make(values=tuple(rows)))


def specification(layers: Sequence[Any], width: int, height: int, **more: Any) -> dict[str, Any]:
    """The Vega-Lite specification of a chart of ``layers`` in that size."""
    return whole(view(layers, width, height) | more)


def view(layers: Sequence[Any], width: int, height: int) -> dict[str, Any]:
    """Charts over each other, as a part of a specification. Altair's own way to join them copies each several times."""
    return {"layer": [_plain(layer) for layer in layers], "width": width, "height": height}


def _plain(layer: Any) -> dict[str, Any]:
    found: dict[str, Any] = layer.to_dict(validate=False)  # half of the time; vl-convert refuses what is wrong
    return {name: part for name, part in found.items() if name not in ("$schema", "config")}


def whole(parts: Mapping[str, Any]) -> dict[str, Any]:
    """A specification of one view, or of several in ``hconcat`` or ``vconcat``, with the same rows written once."""
    datasets: dict[str, Any] = {}
    for part in (parts, *parts.get("hconcat", ()), *parts.get("vconcat", ())):
        for layer in part.get("layer", ()):
            rows = layer["data"]["values"]
            name = next((known for known, other in datasets.items() if other == rows), f"rows{len(datasets)}")
            datasets[name] = rows
            layer["data"] = {"name": name}
    return {"$schema": alt.SCHEMA_URL, "config": CONFIG, **parts, "datasets": datasets}


def to_svg(spec: dict[str, Any]) -> str:
    """Draws ``spec``; nothing is loaded from anywhere."""
    return _draw(json.dumps(spec), json.dumps(i18n.number_format()))


@functools.lru_cache(maxsize=256)
def _draw(spec: str, number_format: str) -> str:
    svg = str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[], format_locale=json.loads(number_format)))
    return with_textures(compact(svg))


READY = "charts-ready"
"""The event that tells the page's script that the library has run."""


@functools.cache
def javascript() -> str:
    """Vega, Vega-Lite and vegaEmbed as one script without dependencies; it ends by sending ``READY``.

    Kept in the user's cache: it takes two seconds to make and is the same for each version of vl-convert.
    """
    bundle: Any = vl_convert.javascript_bundle  # its own type hints forget that the argument is optional
    kept = user_cache() / f"vega-{importlib.metadata.version('vl-convert-python')}.js"
    return f"{kept_text(kept, bundle)}\n;dispatchEvent(new Event({READY!r}));\n"
