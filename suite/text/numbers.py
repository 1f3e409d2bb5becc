"""Numbers to text. Every figure that a reader sees is written here, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from suite.text.i18n import N_, _, localised

MINUS = "\N{MINUS SIGN}"
TIMES = "\u00d7"
GAP = "\N{NO-BREAK SPACE}"
NOTHING = "\N{EN DASH}"


class Scale(NamedTuple):
    """A unit and the size of one of it in SI."""

    size: float
    unit: str


ENERGY_SCALES = (Scale(3.6e6, "kWh"), Scale(3.6e3, "Wh"), Scale(1.0, "J"), Scale(1e-3, "mJ"), Scale(1e-6, "µJ"))
DURATION_SCALES = (Scale(3600.0, "h"), Scale(60.0, "min"), Scale(1.0, "s"), Scale(1e-3, "ms"), Scale(1e-6, "µs"))
MASS_SCALES = (Scale(1e3, "kg"), Scale(1.0, "g"), Scale(1e-3, "mg"), Scale(1e-6, "µg"))
SIZE_SCALES = (Scale(1e3, "GB"), Scale(1.0, "MB"), Scale(1e-3, "kB"))
COUNT_SCALES = (Scale(1e9, N_("billion")), Scale(1e6, N_("million")))
MOST_FINER = 5
"""Digits that an interval of scores may have beyond the usual ones."""
SHARE_METRICS = frozenset({"accuracy", "choice", "exact_match", "f1", "recall_at_k"})
"""Metrics between 0 and 1 that readers know as percentages."""
NAMES = (
    N_("image classification"),
    N_("text classification"),
    N_("text generation"),
    N_("masked language modelling"),
    N_("accuracy"),
    N_("exact match"),
    N_("bits per byte"),
    N_("inference"),
    N_("training"),
    N_("offline"),
    N_("single stream"),
    N_("server"),
    N_("training steps"),
    N_("measured"),
    N_("estimated"),
    N_("simulated"),
    N_("replayed"),
    N_("modelled"),
    N_("published"),
    N_("yours"),
    N_("image generation"),
    N_("object detection"),
    N_("image captioning"),
    N_("other"),
    N_("token classification"),
    N_("question answering"),
    N_("sentence similarity"),
    N_("f1"),
    N_("recall at k"),
    N_("summarisation"),
    N_("video generation"),
    N_("speech recognition"),
    N_("rouge l"),
    N_("word error rate"),
)
"""Conf keys and labels that have a translation; names of techniques are what one types, so they stay."""


def significant(value: float, digits: int = 3, signed: bool = False) -> str:
    """``value`` with ``digits`` significant digits, no exponent, thousands set apart: ``1,230``, ``0.0123``."""
    if not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    exponent = math.floor(math.log10(abs(rounded)))
    return _signed(rounded, f"{abs(rounded):,.{min(12, max(0, digits - 1 - exponent))}f}", signed)


def fixed(value: float, decimals: int, signed: bool = False) -> str:
    """``value`` with that many decimals and a real minus sign."""
    if not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{decimals}f}"
    return _signed(value if any(digit in text for digit in "123456789") else 0.0, text, signed)


def _signed(value: float, text: str, signed: bool) -> str:
    text = localised(text)
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed and value > 0 else text


def scale_for(values: Iterable[float | None], scales: tuple[Scale, ...]) -> Scale:
    """The largest unit that leaves the middle one of ``values`` at 1 or more, so that a column shares one unit."""
    sizes = sorted(abs(value) for value in values if value)
    if not sizes:
        return next(scale for scale in scales if scale.size == 1.0)
    middle = sizes[len(sizes) // 2]
    return next((scale for scale in scales if middle >= scale.size), scales[-1])


def scaled(value: float | None, scale: Scale) -> str:
    """``value`` (SI) in the given unit, three significant digits."""
    return NOTHING if value is None else f"{significant(value / scale.size)}{GAP}{_(scale.unit)}"


def energy(value_j: float | None, scale: Scale | None = None) -> str:
    """Joules as µJ, mJ, J, Wh or kWh, whichever suits."""
    return scaled(value_j, scale or scale_for([value_j], ENERGY_SCALES))


def duration(value_s: float | None) -> str:
    """Seconds as µs, ms, s, min or h."""
    return scaled(value_s, scale_for([value_s], DURATION_SCALES))


def milliseconds(value_ms: float | None) -> str:
    """Milliseconds as µs, ms or s."""
    return duration(None if value_ms is None else value_ms / 1e3)


def grams(value_g: float | None) -> str:
    """Grams as µg, mg, g or kg."""
    return scaled(value_g, scale_for([value_g], MASS_SCALES))


def megabytes(value_mb: float | None) -> str:
    """Megabytes as kB, MB or GB (powers of 1000)."""
    return scaled(value_mb, scale_for([value_mb], SIZE_SCALES))


def watts(value_w: float | None) -> str:
    """Watts."""
    return NOTHING if value_w is None else f"{significant(value_w)}{GAP}W"


def count(value: float | None) -> str:
    """How many queries: ``12,300``, ``1.23 million``, ``< 1``."""
    if value is None:
        return NOTHING
    scale = next((scale for scale in COUNT_SCALES if value >= scale.size), None)
    if scale:
        return scaled(value, scale)
    if 0 < value < 1:
        return "< 1"
    return significant(value) if value >= 1000 else f"{value:.0f}"


def whole(value: int | None) -> str:
    """An exact whole number."""
    return NOTHING if value is None else localised(f"{value:,}")


def counted(shown: str, singular: str, plural: str) -> str:
    """A number as it is ``shown`` and what it counts, in English, which commands speak: ``1 query``, ``12 queries``."""
    return f"{shown} {singular if shown == '1' else plural}"


def per_second(value: float | None) -> str:
    """A rate."""
    return NOTHING if value is None else _("{rate}/s").format(rate=significant(value))


def change(ratio: float | None) -> str:
    """A ratio as a signed change: 1.25 is ``+25.0 %``."""
    return NOTHING if ratio is None else f"{_percent(ratio)}{GAP}%"


def change_interval(low: float | None, high: float | None) -> str:
    """The interval of a ratio as changes, without unit: ``[+24.5, +31.0]``."""
    return "" if low is None or high is None else f"[{_percent(low)}, {_percent(high)}]"


def saving(ratio: float) -> str:
    """The size of a change in a sentence: 0.721 is ``28 %``; below 1 % it keeps a digit."""
    return f"{_saved(ratio)}{GAP}%"


def saving_interval(low: float | None, high: float | None) -> str:
    """The interval of a saving, smaller saving first: ``[25, 31]``; of a cost likewise."""
    if low is None or high is None:
        return ""
    ends = (high, low) if low < 1 else (low, high)
    return f"[{_saved(ends[0])}, {_saved(ends[1])}]"


def _percent(ratio: float) -> str:
    value = (ratio - 1) * 100
    return fixed(value, 1 if abs(value) < 100 else 0, signed=True)


def _saved(ratio: float) -> str:
    value = abs(1 - ratio) * 100
    return fixed(value, 0 if value >= 9.5 else 1)


def at_most(share: float) -> str:
    """The size of a share, rounded up to tenths of a percent, at least one: 0.0007 is ``0.1 %``."""
    return f"{fixed(max(1, math.ceil(abs(share) * 1000 - 1e-9)) / 10, 1)}{GAP}%"


def span(ends: Sequence[float], unit: str) -> str:
    """The lowest and the highest in whole units; one figure where both read the same: ``1,980 MHz``."""
    words = dict.fromkeys(fixed(end, 0) for end in ends)
    return f"{NOTHING.join(words)}{GAP}{unit}" if words else NOTHING


def score(value: float | None, metric: str | None) -> str:
    """A mean score: shares as ``95.3 %``, others with four digits."""
    if value is None:
        return NOTHING
    return f"{fixed(value * 100, 1)}{GAP}%" if metric in SHARE_METRICS else significant(value, 4)


def score_change(value: float | None, metric: str | None) -> str:
    """A difference of scores: shares in points, others as they are."""
    if value is None:
        return NOTHING
    return f"{_score_number(value, metric)}{GAP}{score_unit(metric)}".rstrip()


def score_interval(low: float | None, high: float | None, metric: str | None) -> str:
    """The interval of a difference of scores, without unit."""
    if low is None or high is None:
        return ""
    finer = 0  # digits, until two ends that differ read differently
    while (
        finer < MOST_FINER and low != high and _score_number(low, metric, finer) == _score_number(high, metric, finer)
    ):
        finer += 1
    return f"[{_score_number(low, metric, finer)}, {_score_number(high, metric, finer)}]"


def score_loss(low: float | None, metric: str | None) -> str:
    """The largest loss that the lower end of an interval of a difference leaves open, rounded up: ``1.3 pt``."""
    if low is None:
        return NOTHING
    scale, decimals = (100, 1) if metric in SHARE_METRICS else (1, 4)
    loss = math.ceil(max(0.0, -low) * scale * 10**decimals - 1e-9) / 10**decimals
    return f"{fixed(loss, decimals)}{GAP}{score_unit(metric)}".rstrip()


def score_unit(metric: str | None) -> str:
    """The unit of a difference of scores."""
    return _("pt") if metric in SHARE_METRICS else ""


def _score_number(value: float, metric: str | None, finer: int = 0) -> str:
    if metric in SHARE_METRICS:
        return fixed(value * 100, 1 + finer, signed=True)
    return fixed(value, 4 + finer, signed=True)


def p_value(value: float | None) -> str:
    """A p value, never written as 0."""
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else significant(value, 2)


def words(name: str) -> str:
    """A conf key as words: ``structured_pruning`` is ``structured pruning``; in translation for ``NAMES``."""
    return _(key_words(name))


def key_words(name: str) -> str:
    """A key as words, never translated: what one types (a technique), or what a record says."""
    return name.replace("_", " ").replace("-", " ").replace("+", " + ")


def seen(anything: object) -> str:
    """A figure seen on a model: shares with four digits, numbers of weights with thousands set apart."""
    if isinstance(anything, float) and math.isfinite(anything):
        return significant(anything, 4)
    is_count = isinstance(anything, int) and not isinstance(anything, bool)
    return localised(f"{anything:,}") if is_count else value(anything)


def value(anything: object) -> str:
    """A configuration or environment value as text, exact."""
    if anything is None:
        return NOTHING
    if isinstance(anything, bool):
        return _("yes") if anything else _("no")
    if isinstance(anything, int | float):
        return f"{anything:.12g}" if isinstance(anything, float) else str(anything)
    if isinstance(anything, list | tuple):
        return ", ".join(value(item) for item in anything)
    return str(anything)
