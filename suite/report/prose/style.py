"""Colour, shape and words of each verdict and basis: the same in tables, charts and legend."""

from __future__ import annotations

from typing import NamedTuple

from suite.analysis.point.energy import Basis
from suite.analysis.verdict import Verdict
from suite.text.i18n import N_


class Look(NamedTuple):
    """``shape`` is a Vega symbol; ``path`` draws the same in a box from -1 to 1."""

    words: str
    meaning: str
    colour: str
    shape: str
    path: str


_CIRCLE = "M-.8,0A.8,.8,0,1,1,.8,0A.8,.8,0,1,1,-.8,0Z"
_SQUARE = "M-.7,-.7h1.4v1.4h-1.4Z"
_DIAMOND = "M0,-1L.8,0L0,1L-.8,0Z"
_UP = "M0,-.85L.95,.8H-.95Z"
_DOWN = "M0,.85L.95,-.8H-.95Z"
_CROSS = "M-.9,-.3H-.3V-.9H.3V-.3H.9V.3H.3V.9H-.3V.3H-.9Z"
_STROKE = "M-.9,-.18H.9V.18H-.9Z"
_TIMES = "M-.85,-.5L-.5,-.85L0,-.35L.5,-.85L.85,-.5L.35,0L.85,.5L.5,.85L0,.35L-.5,.85L-.85,.5L-.35,0Z"

LOOKS: dict[Verdict, Look] = {
    "saves": Look(
        N_("saves"),
        N_(
            "Energy fell by more than the instrument's floor, and a loss of score beyond the task's margin is ruled "
            "out."
        ),
        "#138a5e",
        "circle",
        _CIRCLE,
    ),
    "saves-but-loses-accuracy": Look(
        N_("saves, loses accuracy"),
        N_("Energy fell, and so did the score: by more than chance, and perhaps by more than the margin."),
        "#c77700",
        "diamond",
        _DIAMOND,
    ),
    "saves-accuracy-not-measured": Look(
        N_("saves, not scored"),
        N_("Energy fell. The point was not scored, so nothing is said about accuracy."),
        "#2f7fd1",
        "triangle-down",
        _DOWN,
    ),
    "no-detectable-change": Look(
        N_("no detectable change"),
        N_("The whole interval of the energy ratio lies within 5 % of 1, and not beyond the instrument's floor."),
        "#7b8494",
        "square",
        _SQUARE,
    ),
    "costs-energy": Look(
        N_("costs energy"),
        N_("Energy rose by more than the instrument's floor: even the low end of the interval lies above it."),
        "#d0405a",
        "triangle-up",
        _UP,
    ),
    "inconclusive": Look(
        N_("inconclusive"),
        N_("The interval is too wide to say: of the energy, or of the score of a technique that saves."),
        "#8b6fc0",
        "cross",
        _CROSS,
    ),
    "skipped": Look(
        N_("skipped"), N_("The technique cannot run here; the reason is given."), "#7b8494", _STROKE, _STROKE
    ),
    "failed": Look(N_("failed"), N_("The point ended with an error; the reason is given."), "#d0405a", _TIMES, _TIMES),
}

_RING = "M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0ZM-.6,0A.6,.6,0,1,1,.6,0A.6,.6,0,1,1,-.6,0Z"
_HALF = "M-.9,0A.9,.9,0,1,1,.9,0A.9,.9,0,1,1,-.9,0ZM0,-.6A.6,.6,0,0,1,0,.6Z"
_FRAME = "M-.85,-.85H.85V.85H-.85ZM-.55,-.55V.55H.55V-.55Z"

BASES: dict[Basis, str] = {"measured": _CIRCLE, "estimated": _HALF, "simulated": _RING, "replayed": _FRAME}
"""Shape of each basis (filled by the even-odd rule): the fuller, the closer to a measurement. Colours: style.css."""
