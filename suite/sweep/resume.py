"""What a run already has: which points are done, which records come from another machine, which files are torn."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from suite.config.plan import PlannedPoint
from suite.errors import InputError
from suite.io.atomic import sweep_out
from suite.machine import environment
from suite.measure.block_limits import BUDGET
from suite.measure.draft import DOES_NOT_FIT, OUT_OF_REACH
from suite.plugins.requires import Requires
from suite.record.hashing import config_hash
from suite.record.schema import Record
from suite.record.store import TornRecord, newest_by_point, read_run
from suite.sweep.launchers.choice import PACKAGES, launcher_of

RETRIES = ("failed", "none", "all")
SET_ASIDE = "set-aside"
_PASSING = (OUT_OF_REACH, DOES_NOT_FIT, BUDGET)
"""Why a point was skipped that may be measured another time."""
_WRITERS_ARE_GONE_S = 3600.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResumeState:
    """The run's folder as it is before anything is measured.

    Attributes:
        todo: the points to measure.
        unfinished: of them, by identifier, the records of those that had no time for all their blocks (a budget):
            measuring goes on from there.
        torn: record files that are torn or were changed, with what is wrong with each.
        lines: what the user should know before the sweep starts.
    """

    todo: list[PlannedPoint]
    unfinished: dict[str, Record]
    torn: list[tuple[Path, str]]
    lines: list[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Here:
    """What a record must come from to count: hardware (None: any, on a cluster) and the packages of this machine."""

    hardware: str | None

    def difference(self, record: Record, used: Sequence[Requires] = ()) -> str | None:
        """What tells the record from one of this machine and its packages, in words; None: nothing.

        Args:
            record: of a point.
            used: requirements of the point's techniques. A package that neither the record names nor the point needs
                does not count, so that a technique added to the suite leaves the records of the others valid.
        """
        hardware = record.environment.get("hardware", {}).get("name")
        if self.hardware is not None and hardware != self.hardware:
            return f"measured on {hardware or 'unknown hardware'}"
        packages = record.environment.get("packages", {})
        names = sorted({*packages, *environment.needed_packages(used)})
        other = [name for name in names if packages.get(name) != environment.installed_version(name)]
        return f"measured with {other[0]} {packages.get(other[0], 'absent')}" if other else None


def scan(points: Sequence[PlannedPoint]) -> ResumeState:
    """Reads the run's records and decides what is left to do.

    A point is done where the record that the report shows is of this configuration, machine and packages.

    Args:
        points: of one run. Their ``retry`` is ``failed``: failed points, and those that were skipped because the hub
            was out of reach or too little memory was free, are measured again; ``none``: they are not; ``all``: every
            point is.

    Raises:
        InputError: ``retry`` is none of these.
    """
    folder, retry = points[0].plan.run_folder, points[0].retry
    anywhere = launcher_of([point.overrides for point in points]) in PACKAGES  # which node a point gets is not known
    if retry not in RETRIES:
        raise InputError(f"retry must be one of {', '.join(RETRIES)}", got=retry, remedy="choose one")
    found = list(read_run(folder))
    shown = {
        record.point_id: record
        for record in newest_by_point([(path, record) for path, record in found if isinstance(record, Record)])
    }
    here = {device: _here(device, anywhere) for device in {each.plan.point.device for each in points}}
    unfinished = {} if retry == "all" else _unfinished(points, shown, here)
    named = [(each, each.plan.point.point_id) for each in points]
    return ResumeState(
        todo=[each for each, name in named if name in unfinished or not _is_done(each, shown.get(name), here, retry)],
        unfinished=unfinished,
        torn=[(path, str(error)) for path, error in found if isinstance(error, TornRecord)],
        lines=_from_other_machines(list(shown.values()), here, folder),
    )


def _here(device: str, anywhere: bool) -> _Here:
    hardware = None if anywhere else environment.hardware(device)["name"]
    return _Here(hardware=hardware)


def _is_done(point: PlannedPoint, record: Record | None, here: dict[str, _Here], retry: str) -> bool:
    if record is None or retry == "all":
        return False
    passing = record.status == "failed" or (record.reason is not None and record.reason.kind in _PASSING)
    if passing and retry == "failed":
        return False
    return _is_of(point, record, here)


def _is_of(point: PlannedPoint, record: Record, here: dict[str, _Here]) -> bool:
    """Whether ``record`` is of this very point: configuration, machine and packages."""
    same = record.config_hash == config_hash(point.plan.config)
    used = [mitigation.requires for mitigation in point.plan.mitigations.values()]
    return same and here[point.plan.point.device].difference(record, used) is None


def _unfinished(points: Sequence[PlannedPoint], shown: dict[str, Record], here: dict[str, _Here]) -> dict[str, Record]:
    """Measured points whose interval is wider than asked for though blocks were left."""
    found = {}
    for point in points:
        record = shown.get(point.plan.point.point_id)
        if record is None or record.status != "ok" or record.converged is not False or not record.windows:
            continue
        blocks = 1 + max(window.block for window in record.windows)
        if blocks < point.plan.protocol.max_blocks and _is_of(point, record, here):
            found[record.point_id] = record
    return found


def _from_other_machines(shown: Sequence[Record], here: dict[str, _Here], folder: Path) -> list[str]:
    """One line on records of other machines or packages, which are never taken for this machine's."""
    differences: dict[str, int] = {}
    for record in shown:
        difference = here[record.point.device].difference(record) if record.point.device in here else None
        if difference and record.status != "failed":
            differences[difference] = differences.get(difference, 0) + 1
    if not differences:
        return []
    counted = ", ".join(f"{number} {difference}" for difference, number in sorted(differences.items()))
    what = "those of this sweep's points are measured again here and kept beside the new ones"
    return [f"{folder} holds records from another machine or other packages ({counted}): {what}"]


def set_aside(torn: Sequence[tuple[Path, str]], records: Path) -> list[str]:
    """Moves torn records out of the way, to ``records/set-aside/``, and sweeps out what killed writers have left.

    Returns:
        A line for each file that was moved.
    """
    sweep_out(records, older_than_s=_WRITERS_ARE_GONE_S)
    lines = []
    for path, what in torn:
        target = records / SET_ASIDE / f"{path.name}.{os.urandom(4).hex()}"
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
        lines.append(f"warning: record set aside as {target}: {what}")
    return lines
