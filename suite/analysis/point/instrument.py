"""How well the windows of a point were measured: their length, their edges, and what else the instrument saw."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from suite.record.schema import Edges, Window
from suite.stats import counter_checks


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """Two readings of the same windows, held against each other.

    Attributes:
        windows: how many had both; 1 where all windows of a point are held against each other at once.
        agreeing: in how many they lie as close as they should.
        worst: the largest difference, as a share, with its sign.
    """

    windows: int
    agreeing: int
    worst: float


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a point's windows. None, or empty: it was not read there.

    Attributes:
        windows: of both arms.
        window_s: their median length.
        window_s_total: all of them together.
        slices: pieces that each was run in, in turn with the other arm's; the fewest. 1 is one stretch.
        edges: how many windows lie in which way to the steps of the energy counter; empty where none steps.
        tick_s: that counter's step, as probed under load.
        uncertainty: median standard uncertainty of a window's energy that comes of its ends, as a share of it.
        counter: CodeCarbon's reading against the raw counter.
        integral: the counter against the integral of the polled power, over all windows at once.
        truth: the reading against the truth, which simulated instruments know.
        temperature_c: lowest and highest of the board.
        sm_clock_mhz: lowest and highest clock of a window, each taken where it was highest.
        mean_power_w: lowest and highest mean of a window, of the GPU.
        power_limit_w: the board's.
        throttle_reasons: why it held its clocks back.
        foreign_processes: others on the board, the most.
    """

    windows: int
    window_s: float
    window_s_total: float
    slices: int
    tick_s: float | None
    counter: Agreement | None
    integral: Agreement | None
    truth: Agreement | None
    temperature_c: list[float]
    sm_clock_mhz: list[float]
    mean_power_w: list[float]
    power_limit_w: float | None
    throttle_reasons: list[str]
    foreign_processes: int | None
    edges: dict[Edges, int] = {}
    uncertainty: float | None = None
    gated: int | msgspec.UnsetType | None = msgspec.UNSET

    def __post_init__(self) -> None:
        """Reads ``edges`` of results that were derived when they were called ``gated``."""
        if not self.edges and isinstance(self.gated, int):
            counts: dict[Edges, int] = {"tick_aligned": self.gated, "unaligned": self.windows - self.gated}
            found = {kind: count for kind, count in counts.items() if count}
            msgspec.structs.force_setattr(self, "edges", found)


def instrument(windows: Sequence[Window], environment: dict[str, Any]) -> Instrument | None:
    """Sums up ``windows``; ``environment`` is the record's. None where there are none."""
    if not windows:
        return None
    tick_s = _tick_s(environment)
    seen = [window.conditions for window in windows if window.conditions]
    lengths_s = [window.duration_s for window in windows]
    foreign = [each.foreign_processes for each in seen if each.foreign_processes is not None]
    return Instrument(
        windows=len(windows),
        window_s=statistics.median(lengths_s),
        window_s_total=sum(lengths_s),
        slices=min(window.slices for window in windows),
        edges={kind: count for kind in get_args(Edges) if (count := sum(w.edges == kind for w in windows))},
        tick_s=tick_s,
        counter=_agreement(
            [(counter_checks.counter_difference(w), counter_checks.counter_allowed(w, tick_s)) for w in windows]
        ),
        uncertainty=_uncertainty(windows),
        integral=_agreement([(counter_checks.integral_difference(windows), counter_checks.INTEGRAL_AGREEMENT)]),
        truth=_agreement(
            [(counter_checks.truth_difference(w), counter_checks.truth_allowed(w, tick_s)) for w in windows]
        ),
        temperature_c=_range([c for each in seen for c in each.temperature_c]),
        sm_clock_mhz=_range([max(each.sm_clock_mhz) for each in seen if each.sm_clock_mhz]),
        mean_power_w=_range([w.energy_j["gpu"] / w.duration_s for w in windows if "gpu" in w.energy_j]),
        power_limit_w=next((each.power_limit_w for each in seen if each.power_limit_w is not None), None),
        throttle_reasons=sorted({reason for each in seen for reason in each.throttle_reasons}),
        foreign_processes=max(foreign, default=None),
    )


def _tick_s(environment: dict[str, Any]) -> float | None:
    """As the meter described it; older records lack it."""
    found: Any = environment
    for name in ("meter", "components", "gpu"):
        found = found.get(name) if isinstance(found, dict) else None
    return counter_checks.counter_period_s(found) if isinstance(found, dict) else None


def _uncertainty(windows: Sequence[Window]) -> float | None:
    shares = [w.energy_uncertainty_j["gpu"] / w.energy_j["gpu"] for w in windows if "gpu" in w.energy_uncertainty_j]
    return statistics.median(shares) if shares else None


def _agreement(pairs: Sequence[tuple[float | None, float]]) -> Agreement | None:
    """Of (difference, what is allowed) pairs."""
    known = [(share, allowed) for share, allowed in pairs if share is not None]
    if not known:
        return None
    return Agreement(
        windows=len(known),
        agreeing=sum(abs(share) <= allowed for share, allowed in known),
        worst=max((share for share, _ in known), key=abs),
    )


def _range(values: Sequence[float]) -> list[float]:
    return [min(values), max(values)] if values else []
