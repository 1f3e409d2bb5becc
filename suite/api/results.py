"""Results: what was measured of one function or two, for a line, a notebook, a file or a chart."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from suite.analysis.point.energy import Basis, headline, idle_power
from suite.analysis.summary import PointSummary, summarise_record
from suite.analysis.verdict import FLOOR, Verdict
from suite.errors import ImpossibleOutput
from suite.record.schema import Arm, Record, RecordWarning
from suite.stats.interval import Interval
from suite.stats.paired import block_energies, ratio_interval
from suite.text import numbers as text

if TYPE_CHECKING:
    import altair

StoppedBy = Literal["interval", "blocks", "budget"]
"""What ended a measurement: its interval was narrow enough, the protocol has no more blocks, or the time was up."""
_STOPPED = {
    "interval": "the interval was narrow enough",
    "blocks": "the protocol's most blocks were measured",
    "budget": "the time was up",
}


class _Result:
    """What both kinds of result have.

    Attributes:
        record: raw windows with everything that was seen, as a point of a run has it.
        summary: the figures of the record, derived as a report's are.
        stopped_by: ``interval``, ``blocks`` or ``budget``.
    """

    def __init__(self, record: Record, names: tuple[str, str], stopped_by: StoppedBy) -> None:
        """Derives the figures.

        Raises:
            ImpossibleOutput: the windows hold no figure.
        """
        self.record, self._names, self.stopped_by = record, names, stopped_by
        self.summary: PointSummary = summarise_record("python", record, None)
        found = headline(record.windows)
        if found is None:
            raise ImpossibleOutput("no component's energy was read in every window in one way")
        self._headline = found

    @property
    def component(self) -> str:
        """Whose energy it is: ``gpu`` or ``cpu``."""
        return self._headline.component

    @property
    def basis(self) -> Basis:
        """``measured``, ``estimated``, ``simulated`` or ``replayed``."""
        return self._headline.basis

    @property
    def method(self) -> str:
        """How it was got."""
        return self._headline.method

    @property
    def warnings(self) -> list[RecordWarning]:
        """What weakens the figures, each with what to do about it."""
        return self.summary.warnings

    @property
    def blocks(self) -> int:
        """Blocks that the figures are made of."""
        return len(self.summary.block_energy_ratios)

    @property
    def _source(self) -> str:
        return f"{self.basis} {self.component.upper()} energy"

    def _course(self) -> dict[str, Any]:
        """What both kinds tell of how they were measured."""
        return {
            "component": self.component,
            "basis": self.basis,
            "method": self.method,
            "device": self.record.point.device,
            "hardware": self.summary.hardware,
            "protocol": self.record.config["protocol"]["name"],
            "blocks": self.blocks,
            "stopped_by": self.stopped_by,
            "warnings": [msgspec.to_builtins(warning) for warning in self.warnings],
            "started_at": self.record.started_at,
            "finished_at": self.record.finished_at,
        }

    def _html(self, rows: Sequence[tuple[str, str]]) -> str:
        """A table of ``rows``, and the warnings."""
        cells = "".join(
            f"<tr><th scope='row'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows
        )
        warned = "".join(
            f"<li>{html.escape(warning.message)}. {html.escape(warning.remedy)}</li>" for warning in self.warnings
        )
        return f"<table>{cells}</table>" + (f"<ul>{warned}</ul>" if warned else "")

    def _how_rows(self) -> list[tuple[str, str]]:
        return [
            ("energy", f"{self._source} ({self.method})"),
            ("blocks", f"{self.blocks}; {_STOPPED[self.stopped_by]}"),
        ]


class EnergyMeasurement(_Result):
    """Energy per query of one function."""

    def __init__(
        self, record: Record, names: tuple[str, str], stopped_by: StoppedBy, *, has_reference: bool = False
    ) -> None:
        """Derives the figures, of a function and itself or of a reference and the function.

        Raises:
            ImpossibleOutput: the windows hold no figure.
        """
        super().__init__(record, names, stopped_by)
        self._has_reference = has_reference
        energies_j = self._energies()
        energy = ratio_interval(energies_j)
        if energy is None:
            raise ImpossibleOutput("no block of windows holds energy above 0")
        self.block_energies_j, self.energy = energies_j, energy
        idle_w = idle_power(record.idle, self.component)
        net = None if idle_w is None else ratio_interval(self._energies(idle_w))
        self._net_j = None if net is None else net.estimate
        if not self.agrees_with_itself:
            self.summary = msgspec.structs.replace(self.summary, warnings=[*self.summary.warnings, self._differs()])

    def _energies(self, idle_power_w: float = 0.0) -> list[float]:
        """Joules a query, one figure a block: of both arms where both are the function."""
        arm: Arm | None = "candidate" if self._has_reference else None
        return block_energies(self.record.windows, self.component, idle_power_w, arm) or []

    @property
    def name(self) -> str:
        """Of the function."""
        return self._names[1]

    @property
    def reference(self) -> str | None:
        """Name of the work that the function was measured against; None where that is the function itself."""
        return self._names[0] if self._has_reference else None

    @property
    def block_reference_ratios(self) -> list[float] | None:
        """Energy per query over that of a call of the reference, one figure a block; None without a reference."""
        if not self._has_reference:
            return None
        queries = self._queries_a_call  # the windows count a call of the reference as so many
        return [ratio / queries for ratio in self.summary.block_energy_ratios]

    @property
    def reference_ratio(self) -> Interval | None:
        """Energy per query over that of a call of the reference, with its 95 % interval; None without a reference."""
        ratios = self.block_reference_ratios
        return None if ratios is None else ratio_interval(ratios)

    @property
    def _queries_a_call(self) -> int:
        queries: int = self.record.config["queries_a_call"]["candidate"]
        return queries

    @property
    def energy_per_query_j(self) -> float:
        """Joules: geometric mean over the blocks. ``energy`` has its 95 % interval."""
        return self.energy.estimate

    @property
    def net_energy_per_query_j(self) -> float | None:
        """The same less the idle power; None where that was not measured, as where energy is estimated."""
        return self._net_j

    @property
    def against_itself(self) -> Interval | None:
        """Ratio of the function to itself: 1, but for the instrument. None where a reference was given."""
        return None if self._has_reference else _ratio(self.summary)

    @property
    def agrees_with_itself(self) -> bool:
        """Whether that ratio, where there is one, is not told from 1 within the floor of the instruments."""
        ratio = self.against_itself
        if ratio is None or ratio.low is None or ratio.high is None:
            return True
        return ratio.low <= 1 + FLOOR and ratio.high >= 1 / (1 + FLOOR)

    @property
    def verdict(self) -> Verdict | None:
        """On the function against itself: anything but no change, or an open interval, is the instrument's doing.

        None where it was measured against a reference, of which it may be any multiple.
        """
        return None if self._has_reference else self.summary.verdict

    def _differs(self) -> RecordWarning:
        ratio = _ratio(self.summary)
        return RecordWarning(
            code="differs_from_itself",
            message=f"the function against itself shows {text.change(ratio.estimate)} "
            f"{text.change_interval(ratio.low, ratio.high)}, more than its interval holds",
            remedy="stop other work on this machine, or give more time (budget_s=…, protocol='strict')",
        )

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.name}: {text.energy(self.energy_per_query_j)} per query {_ends(self.energy)} "
            f"({self._source}, {self.blocks} blocks; {_STOPPED[self.stopped_by]})"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        energy = f"{text.energy(self.energy_per_query_j)} {_ends(self.energy)}"
        return self._html([("function", self.name), ("energy per query", energy), *self._how_rows()])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON; None where a figure is not known."""
        return {
            "name": self.name,
            "energy_per_query_j": self.energy_per_query_j,
            "energy_per_query_j_low": self.energy.low,
            "energy_per_query_j_high": self.energy.high,
            "net_energy_per_query_j": self.net_energy_per_query_j,
            "block_energies_j": self.block_energies_j,
            "queries_a_call": self._queries_a_call,
            "against_itself": msgspec.to_builtins(self.against_itself),
            "reference": self.reference,
            "reference_ratio": msgspec.to_builtins(self.reference_ratio),
            "block_reference_ratios": self.block_reference_ratios,
            **self._course(),
        }

    def plot(self) -> altair.LayerChart:
        """Joules per query, block by block, with the interval."""
        from suite.api.charts import energy_chart

        return energy_chart(self.block_energies_j, self.energy, f"{self.name}: {self._source}")


class EnergyComparison(_Result):
    """Two functions, paired: ``ratio`` is the energy per query of the second over that of the first."""

    @property
    def names(self) -> tuple[str, str]:
        """Of the baseline and the candidate."""
        return self._names

    @property
    def ratio(self) -> Interval:
        """``estimate``, ``low`` and ``high``; below 1 the second uses less."""
        return _ratio(self.summary)

    @property
    def net_ratio(self) -> Interval | None:
        """The same less the idle power; None where that was not measured, as where energy is estimated."""
        found = self.summary
        if found.net_energy_ratio is None:
            return None
        return Interval(found.net_energy_ratio, found.net_energy_ratio_low, found.net_energy_ratio_high)

    @property
    def verdict(self) -> Verdict:
        """In the words of results.csv. Whether both give the same answers is not looked at."""
        return self.summary.verdict

    @property
    def energy_per_query_j(self) -> float:
        """Joules of the candidate; ``baseline_energy_per_query_j`` has those of the baseline."""
        return _known(self.summary.energy_per_query_j)

    @property
    def baseline_energy_per_query_j(self) -> float:
        """Joules of the baseline."""
        return _known(self.summary.baseline_energy_per_query_j)

    def __str__(self) -> str:
        """One line."""
        a, b = self.names
        change = f"{text.change(self.ratio.estimate)} {text.change_interval(self.ratio.low, self.ratio.high)}".rstrip()
        return (
            f"{b} against {a}: {change} energy per query, {self.verdict} "
            f"({self._source}, {self.blocks} blocks; {_STOPPED[self.stopped_by]})"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        a, b = self.names
        change = f"{text.change(self.ratio.estimate)} {text.change_interval(self.ratio.low, self.ratio.high)}"
        rows = [
            (f"{b} against {a}", f"{change} energy per query"),
            (a, f"{text.energy(self.baseline_energy_per_query_j)} per query"),
            (b, f"{text.energy(self.energy_per_query_j)} per query"),
            ("verdict", self.verdict),
        ]
        return self._html([*rows, *self._how_rows()])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON; None where a figure is not known."""
        net = self.net_ratio
        return {
            "names": list(self.names),
            "ratio": msgspec.to_builtins(self.ratio),
            "net_ratio": None if net is None else msgspec.to_builtins(net),
            "verdict": self.verdict,
            "energy_per_query_j": self.energy_per_query_j,
            "baseline_energy_per_query_j": self.baseline_energy_per_query_j,
            "block_energy_ratios": self.summary.block_energy_ratios,
            "queries_a_call": list(self.record.config["queries_a_call"].values()),
            **self._course(),
        }

    def plot(self) -> altair.LayerChart:
        """Ratios, block by block, with the interval."""
        from suite.api.charts import ratio_chart

        a, b = self.names
        return ratio_chart(self.summary.block_energy_ratios, self.ratio, f"{b} over {a}: {self._source}")


def _ratio(summary: PointSummary) -> Interval:
    return Interval(_known(summary.energy_ratio), summary.energy_ratio_low, summary.energy_ratio_high)


def _known(value: float | None) -> float:
    """A figure that windows of both arms give.

    Raises:
        ImpossibleOutput: they do not, since a block holds no energy above 0.
    """
    if value is None or not math.isfinite(value):
        raise ImpossibleOutput("no block of windows holds energy above 0")
    return value


def _ends(energy: Interval) -> str:
    """Both ends of an interval of joules, in the unit of its estimate."""
    if energy.low is None or energy.high is None:
        return ""
    scale = text.scale_for([energy.estimate], text.ENERGY_SCALES)
    low, high = (text.significant(end / scale.size) for end in (energy.low, energy.high))
    return f"[{low}, {high}]"
