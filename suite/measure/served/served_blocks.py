"""Blocks of windows of two servers: what ``measure_blocks`` goes on with until the ratio is known."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from suite.core.protocol import Protocol
from suite.core.task import cycle
from suite.endpoint.load import Load
from suite.endpoint.prompts import Prompt
from suite.measure.block_limits import Limits
from suite.measure.blocks import ORDERS, blocks_left_s, is_narrow
from suite.measure.draft import Measured
from suite.measure.idle import idle_power
from suite.measure.served.served_arm import ServedArm, is_metered
from suite.record.schema import Arm, Denominator, Idle, Window
from suite.stats.denominator import as_compared


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServedBlocks:
    """Blocks of windows of two servers.

    Attributes:
        arms: both.
        load: of a window.
        prompts: the whole list, which blocks go on in.
        requests: of a window.
        seconds_per_request: of both arms, as the warm-up found it.
        protocol: when to stop.
        limits: when to stop though the protocol would go on.
        device: ``cpu`` or ``cuda``.
        denominator: by what energies are compared.
    """

    arms: dict[Arm, ServedArm]
    load: Load
    prompts: tuple[Prompt, ...]
    requests: int
    seconds_per_request: dict[Arm, float]
    protocol: Protocol
    limits: Limits
    device: str
    denominator: Denominator

    @property
    def is_metered(self) -> bool:
        """Whether both arms' energy is read."""
        return all(is_metered(arm) for arm in self.arms.values())

    def worth_measuring(self) -> ServedBlocks:
        """These, or the fewest where energy is not read: more of them would make no ratio known."""
        if self.is_metered:
            return self
        fewest = min(self.protocol.min_blocks, self.limits.most_blocks or self.protocol.min_blocks)
        return dataclasses.replace(self, limits=dataclasses.replace(self.limits, most_blocks=fewest))

    def idle(self, notify: Callable[[str], None]) -> Idle | None:
        """See ``idle``."""
        return idle(self.arms, self.protocol, notify)

    def meter_facts(self) -> dict[str, Any]:
        """See ``meter_facts``."""
        return meter_facts(self.arms)

    def is_known(self, windows: list[Window]) -> bool:
        """Whether the ratio is known well enough; never where no energy is."""
        return self.is_metered and is_narrow(as_compared(windows, self.denominator), self.protocol, self.device)

    def left_s(self, done: int) -> tuple[float, float]:
        """Seconds until the fewest and the most blocks are measured, where ``done`` are."""
        each_s = 2 * self.requests * math.fsum(self.seconds_per_request.values())
        return blocks_left_s(self, done, each_s)

    def windows_of(self, block: int, draft: Measured) -> Iterator[tuple[list[Window], Window]]:
        """ABBA, or BAAB in every other block; all four windows put the same prompts.

        Raises:
            ServerFailed: a request failed.
            ImpossibleOutput: the readings or the work cannot be.
        """
        asked = self.asked(block)
        for name in ORDERS[block % 2]:
            yield draft.windows, self.arms[name].window(asked, self.load, block)

    def asked(self, block: int) -> list[str]:
        """The prompts of a block's windows: listed arrivals begin with the first, others where the last block ended."""
        first = 0 if self.load.arrivals == "listed" else block * self.requests
        return [each.text for each in cycle(self.prompts, first + self.requests)[first:]]


def idle(arms: Mapping[Arm, ServedArm], protocol: Protocol, notify: Callable[[str], None]) -> Idle | None:
    """Power with both servers there and neither asked, where it is measured; ``notify`` is told that it is."""
    meter = arms["baseline"].meter
    return None if meter is None else idle_power(protocol, meter, notify)


def meter_facts(arms: Mapping[Arm, ServedArm]) -> dict[str, Any]:
    """What the meters say of themselves, without components that they read of something else."""
    for arm in arms.values():
        if arm.meter is not None:
            facts = arm.meter.describe()
            components = {name: part for name, part in facts["components"].items() if name not in arm.unseen}
            return facts | {"components": components}
    return {"name": "none", "components": {}}


def interpolated(arms: dict[Arm, ServedArm], prompts: list[str], load: Load, shared: Path) -> dict[Arm, ServedArm]:
    """Both arms, with the energy between the steps of the board's counter where it has one without lag.

    The board is the same for both arms, so one watch of its steps, made under the baseline's load, is enough.
    """
    baseline = arms["baseline"]
    if baseline.meter is None:
        return arms
    ticker = baseline.meter.ticker(lambda: _asked_again(baseline, prompts, load), shared=shared)
    found = ticker.interpolation if ticker else None
    return {name: dataclasses.replace(arm, interpolation=found if arm.meter else None) for name, arm in arms.items()}


def _asked_again(arm: ServedArm, prompts: list[str], load: Load) -> None:
    arm.run(prompts, load, metered=False)
