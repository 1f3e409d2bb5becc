"""gpu_power_limit: the board may draw less power than it could."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from typing import Any, ClassVar

from suite.core import checks
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.machine import which_gpu
from suite.machine.nvml import power_limit
from suite.machine.nvml.board import Board, PowerLimits
from suite.plugins.requires import Requires
from suite.toolkit import effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class GpuPowerLimit(Mitigation):
    """Lowers the power limit of the board, or boards, that compute.

    Attributes:
        allow: whether the limit may be changed: it is the machine's, and concerns whoever else works on the board.
        limit_w: the limit in watts; None for ``limit_share``.
        limit_share: the limit as a share of the board's default, in (0, 1).
    """

    intervention: ClassVar[str] = "optimised_hardware"
    source: ClassVar[str] = (
        "You et al. 2023, Zeus: Understanding and Optimizing GPU Energy Consumption of DNN Training, arXiv:2208.06102"
    )
    idea: ClassVar[str] = (
        "The last watts of a board buy little speed, since power grows faster than the clock. Under a lower limit the "
        "board lowers its clock, and each operation takes less energy and more time."
    )
    effect: ClassVar[str] = (
        "Saves on a GPU that works at its limit, above all in training and large batches; answers take longer. Too low "
        "a limit costs, since idle power is drawn for longer. Does nothing to work that draws less than the limit, as "
        "small batches do."
    )
    accuracy: ClassVar[str] = "Unchanged: the same operations, more slowly."
    deviations: ClassVar[str] = (
        "One fixed limit, where Zeus searches for the best. It holds while a window of this arm is measured and is put "
        "back after it; the board has the work that goes before a window, a step of its counter or more, to settle in. "
        "Where a killed process left a limit lowered, the next use of this technique puts it back first and says so."
    )
    requires: ClassVar[Requires] = Requires(device="cuda", reasons={"device": "it is the limit of an NVIDIA GPU"})

    allow: bool
    limit_w: float | None
    limit_share: float

    def __post_init__(self) -> None:
        checks.flag("gpu_power_limit.allow", self.allow)
        if self.limit_w is not None:
            checks.positive("gpu_power_limit.limit_w", self.limit_w)
        checks.open_share("gpu_power_limit.limit_share", self.limit_share)

    def apply(self, setup: Setup) -> Setup:
        """The same model, with a lower limit of each board in use while a window is measured."""
        boards = _boards(setup)
        if not self.allow:
            raise NotApplicable(_not_allowed(boards[0]))
        return setup.replace(holds=(*setup.holds, *map(self._lowered, boards)))

    def _lowered(self, board: Board) -> _Lowered:
        put_back = power_limit.put_back(board)
        limit_w = self._limit_w(_limits(board))
        with power_limit.lowered(board.uuid, limit_w):  # where it is refused, it is refused here
            pass
        return _Lowered(uuid=board.uuid, limit_w=limit_w, put_back=put_back)

    def _limit_w(self, limits: PowerLimits) -> float:
        limit_w = self.limit_share * limits.default_w if self.limit_w is None else self.limit_w
        if not limits.least_w <= limit_w <= limits.most_w:
            span = f"{limits.least_w:g} to {limits.most_w:g} W"
            raise NotApplicable(f"the board takes power limits of {span}, not {limit_w:g} W")
        if limit_w >= limits.now_w:
            raise NotApplicable(f"the board's power limit is {limits.now_w:g} W, and {limit_w:g} W are no less")
        return limit_w

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The limit of all boards in use together, in watts, as NVML reports it while each arm is held."""
        hold = next((hold for hold in after.holds if isinstance(hold, _Lowered)), None)
        if hold is None:
            return effect.require(False, "nothing lowers the board's power limit", {})
        limits_w = {"before": _held_limit_w(before), "after": _held_limit_w(after)}
        seen = effect.changes(before, after) | {"power_limit_w": limits_w}
        if hold.put_back is not None:
            seen["put_back_after_a_killed_process_w"] = hold.put_back.limit_w
        return effect.require(limits_w["after"] < limits_w["before"], "the board's power limit is what it was", seen)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Lowered:
    """Lowers the limit while it is entered.

    Attributes:
        uuid: of the board.
        limit_w: while it is entered.
        put_back: what a killed process had left behind, which was put right first.
    """

    uuid: str
    limit_w: float
    put_back: power_limit.Note | None

    def __call__(self) -> contextlib.AbstractContextManager[None]:
        return power_limit.lowered(self.uuid, self.limit_w)


def _boards(setup: Setup) -> list[Board]:
    """The boards that compute.

    Raises:
        NotApplicable: there is none.
    """
    try:
        return [Board.by_uuid(uuid) for uuid in which_gpu.uuids_at_work(setup.boards)]
    except InputError as error:
        raise NotApplicable(f"no board whose power limit could be set: {error}") from error


def _limits(board: Board) -> PowerLimits:
    limits = board.power_limits()
    if limits is None:
        raise NotApplicable(f"{board.name} tells no power limit")
    return limits


def _held_limit_w(setup: Setup) -> float:
    with setup.held():
        return math.fsum(_limits(board).now_w for board in _boards(setup))


def _not_allowed(board: Board) -> str:
    left = power_limit.left_behind(board)
    found = "" if left is None else f"process {left.pid}, which was killed, left it lowered from {left.limit_w:g} W; "
    return (
        f"{found}the power limit is the machine's: root alone may lower it, for everybody who works on the board; "
        "allow it with mitigation.gpu_power_limit.allow=true"
    )
