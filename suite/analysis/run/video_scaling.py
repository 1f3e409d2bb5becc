"""Energy of made videos over their tokens and steps, held against the published cost model (``video_cost``).

Videos of one family differ in one number: frames, height, width or steps. Frames and sides are turned into tokens, over
which energy is fitted as a + b l + c l²; steps are fitted by a line. What stands beside the model are the exponents
between neighbouring lengths.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from suite.analysis.run.power_law import Family, Reading, families
from suite.analysis.summary import PointSummary
from suite.analysis.video_cost import VideoTransformer
from suite.stats.interval import Interval, around
from suite.stats.polynomial import polynomial, r_squared

MODEL_TYPE = "video_denoiser"
LENGTHS = ("frames", "height", "width")
LONG = 4000
"""Tokens from which on a measured exponent should be the model's; below, what is not arithmetic has its part."""
EXPECTED_WITHIN = 0.15
FEWEST = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """From one length to the next.

    Attributes:
        fewer: tokens.
        more: tokens.
        measured: exponent of energy over tokens between the two.
        modelled: by the cost model.
    """

    fewer: float
    more: float
    measured: Interval
    modelled: float

    @property
    def is_long(self) -> bool:
        """Whether it ends where attention is expected to rule."""
        return self.more > LONG

    @property
    def is_as_modelled(self) -> bool:
        """Whether both exponents are within ``EXPECTED_WITHIN``."""
        return abs(self.measured.estimate - self.modelled) <= EXPECTED_WITHIN


@dataclasses.dataclass(frozen=True, kw_only=True)
class OverTokens:
    """How energy grows with the length of a video.

    Attributes:
        family: over ``frames``, ``height`` or ``width``.
        tokens: of each reading of the baseline.
        quadratic: joules a query and squared token, the c of a + b l + c l²; None for fewer than four lengths.
        steps: between neighbouring lengths.
    """

    family: Family
    tokens: tuple[float, ...]
    quadratic: Interval | None
    steps: tuple[Step, ...]

    @property
    def is_quadratic(self) -> bool:
        """Whether the interval of the quadratic coefficient lies above 0."""
        return self.quadratic is not None and self.quadratic.low is not None and self.quadratic.low > 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class OverSteps:
    """How energy grows with the steps of denoising.

    Attributes:
        family: over ``steps``.
        joules_per_step: slope of the line; None for fewer than three values.
        r_squared: of the line.
    """

    family: Family
    joules_per_step: Interval | None
    r_squared: float | None


def over_tokens(points: Iterable[PointSummary]) -> list[OverTokens]:
    """Each family of videos that differ in length or size alone."""
    return [_over_tokens(family) for family in _videos(points) if family.knob in LENGTHS]


def over_steps(points: Iterable[PointSummary]) -> list[OverSteps]:
    """Each family of videos that differ in their steps alone."""
    return [_over_steps(family) for family in _videos(points) if family.knob == "steps"]


def _videos(points: Iterable[PointSummary]) -> list[Family]:
    return families(point for point in points if _transformer(point) is not None)


def _transformer(point: PointSummary) -> VideoTransformer | None:
    """Its sizes, where the point is a video of a known architecture."""
    task, model = (point.config.get(part) for part in ("task", "model"))
    if not isinstance(task, dict) or not isinstance(model, dict):
        return None
    architecture = model.get("architecture") or {}
    if architecture.get("model_type") != MODEL_TYPE:
        return None
    sizes: dict[str, Any] = architecture["transformer"]
    width = sizes["num_attention_heads"] * sizes["attention_head_dim"]
    return VideoTransformer(
        width=width,
        layers=sizes["num_layers"],
        mlp_ratio=sizes["ffn_dim"] / width,
        text_tokens=task["prompt_tokens"],
        calls_per_step=task["calls_per_step"],
        frame_stride=architecture["frame_stride"],
        pixel_stride=architecture["pixel_stride"] * sizes["patch_size"][1],
    )


def _over_tokens(family: Family) -> OverTokens:
    transformer = _transformer(family.example)
    assert transformer is not None
    readings = family.curves[0].readings
    tokens = [_tokens(transformer, family, reading.value) for reading in readings]
    fitted = polynomial(tokens, [reading.energy_j.estimate for reading in readings], 2)
    pairs = zip(zip(tokens, readings, strict=True), zip(tokens[1:], readings[1:], strict=True), strict=False)
    steps = tuple(
        Step(
            fewer=fewer,
            more=more,
            measured=_exponent(before, after, math.log(more / fewer)),
            modelled=transformer.exponent_between(fewer, more),
        )
        for (fewer, before), (more, after) in pairs
    )
    return OverTokens(family=family, tokens=tuple(tokens), quadratic=fitted[2] if fitted else None, steps=steps)


def _tokens(transformer: VideoTransformer, family: Family, value: float) -> float:
    sizes = {name: int(family.example.config["task"][name]) for name in LENGTHS} | {family.knob: int(value)}
    return transformer.tokens_made(sizes["frames"], sizes["height"], sizes["width"])


def _exponent(before: Reading, after: Reading, log_ratio: float) -> Interval:
    """Log of the energies' ratio over that of the lengths'; the half-widths of both, independent, added in squares."""
    slope = math.log(after.energy_j.estimate / before.energy_j.estimate) / log_ratio
    reaches = [reading.energy_j.through(math.log).half_width for reading in (before, after)]
    if any(reach is None for reach in reaches):
        return Interval(slope)
    return around(slope, math.hypot(*(reach for reach in reaches if reach is not None)) / log_ratio)


def _over_steps(family: Family) -> OverSteps:
    readings = family.curves[0].readings
    steps, energies = [each.value for each in readings], [each.energy_j.estimate for each in readings]
    fitted = polynomial(steps, energies, 1)
    straight = r_squared(steps, energies) if len(readings) >= FEWEST else None
    return OverSteps(family=family, joules_per_step=fitted[1] if fitted else None, r_squared=straight)
