"""One result of another tool, as far as its file says."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from suite.text.i18n import N_

NO_ENERGY = N_("the file holds no energy")
Basis = Literal["measured", "estimated", "not stated"]


class ImportedRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says of one configuration. None is not said, never 0.

    Attributes:
        source: the tool.
        source_version: of the tool.
        label: what was run, in the tool's own words.
        hardware: what it ran on.
        queries: how many.
        energy_j: of all of them.
        energy_per_query_j: of one.
        energy_per_token_j: of a token that was written.
        covers: what the energies count, such as ``GPU``.
        basis: whether the energy was read from a counter; ``not stated`` where the file does not say.
        latency_ms_p50: of a query.
        latency_ms_p99: of a query.
        first_token_ms_p50: time to the first token.
        throughput_qps: queries a second.
        file: the name of the file.
        note: what is to know of the figures.
    """

    source: str
    label: str
    source_version: str | None = None
    hardware: str | None = None
    queries: float | None = None
    energy_j: float | None = None
    energy_per_query_j: float | None = None
    energy_per_token_j: float | None = None
    covers: str | None = None
    basis: Basis = "not stated"
    latency_ms_p50: float | None = None
    latency_ms_p99: float | None = None
    first_token_ms_p50: float | None = None
    throughput_qps: float | None = None
    file: str = ""
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuses what no measurement gives.

        Raises:
            ValueError: a number that is negative or not finite.
        """
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value}")

    @property
    def says_energy(self) -> bool:
        """Whether there is any figure of energy."""
        return any(each is not None for each in (self.energy_j, self.energy_per_query_j, self.energy_per_token_j))

    @property
    def says_anything(self) -> bool:
        """Whether there is any figure of energy or time."""
        times = (self.latency_ms_p50, self.latency_ms_p99, self.first_token_ms_p50, self.throughput_qps)
        return self.says_energy or any(each is not None for each in times)


def above_zero(value: float | None) -> float | None:
    """``value``; None for the 0 that tools write where nothing was read or nothing was answered."""
    return value if value else None


def over(total: float | None, count: float | None) -> float | None:
    """``total`` over ``count``; None where one of them is missing, or nothing was counted."""
    return None if total is None or not count else total / count
