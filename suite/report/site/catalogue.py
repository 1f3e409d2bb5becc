"""What lies in a folder of published reports: each with what it found, or with the reason why that cannot be said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from suite.analysis.results.csv_json import RESULTS
from suite.analysis.results.parquet import TABLE, read_lineages
from suite.analysis.results.reader import read_results
from suite.analysis.results.run_results import RunResults
from suite.errors import InputError
from suite.report.build import BESIDE, PAGE
from suite.report.prose.leads import Lead, leads
from suite.report.view_model import groups_of

NOT_FOLLOWED = ("records", TABLE, RESULTS)
"""What results are read from: where one is a link, somebody else's could be published as this report's."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Listed:
    """One published report.

    Attributes:
        folder: its folder.
        files: names of the files that are published with it, the page first.
        reason: why nothing can be said of it; empty where its results were read.
        notes: what to know of its page or its results.
        runs: names of the runs it was made of.
        hardware: that they were measured on.
        bases: how the energy was got: measured, estimated, simulated, replayed.
        counts: points by status.
        first_day, last_day: when it was measured.
        leads: what each task of each run says.
    """

    folder: Path
    files: tuple[str, ...]
    reason: str
    notes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    first_day: str = ""
    last_day: str = ""
    finished_at: str = ""
    leads: tuple[Lead, ...] = ()


def listed(reports: Path) -> list[Listed]:
    """Every report in ``reports``, the newest first, those that cannot be read last.

    A folder is a report where it has a page or results. Links are not followed: what is published lies in the folder.

    Raises:
        InputError: there is no such folder.
    """
    if not reports.is_dir():
        raise InputError(
            "no such folder of reports", got=str(reports), remedy="build one: python -m suite.report runs/NAME"
        )
    folders = sorted(each for each in reports.iterdir() if _is_report(each))
    found = [_listed(folder) for folder in folders]
    return sorted(found, key=lambda each: each.finished_at, reverse=True)


def _is_report(folder: Path) -> bool:
    return not folder.name.startswith(".") and is_plain_folder(folder) and bool(_files(folder))


def is_plain_folder(path: Path) -> bool:
    """A folder, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def is_plain_file(path: Path) -> bool:
    """A file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def _files(folder: Path) -> tuple[str, ...]:
    return tuple(name for name in (PAGE, *BESIDE) if is_plain_file(folder / name))


def _listed(folder: Path) -> Listed:
    files = _files(folder)
    try:
        results = _results(folder)
        if PAGE not in files:
            raise InputError("no page", got=PAGE, remedy="build the report again")
    except InputError as error:
        return Listed(folder=folder, files=files, reason=str(error))
    points = results.points
    return Listed(
        folder=folder,
        files=files,
        reason="",
        notes=(*results.notes, *_outdated(folder, results)),
        runs=results.runs,
        hardware=tuple(dict.fromkeys(point.hardware for point in points if point.hardware)),
        bases=tuple(sorted({point.energy_basis for point in points if point.energy_basis})),
        counts={status: sum(point.status == status for point in points) for status in ("ok", "skipped", "failed")},
        first_day=min((point.started_at for point in points), default="")[:10],
        last_day=max((point.finished_at for point in points), default="")[:10],
        finished_at=max((point.finished_at for point in points), default=""),
        leads=tuple(leads(groups_of(points))),
    )


def _results(folder: Path) -> RunResults:
    links = [name for name in NOT_FOLLOWED if (folder / name).is_symlink()]
    if links:
        raise InputError("links are not followed", got=", ".join(links), remedy="put the files themselves there")
    return read_results(folder, g_co2e_per_kwh=None)


def _outdated(folder: Path, results: RunResults) -> list[str]:
    """A line where the page was built from other records than lie there, or by another version of the analysis."""
    built = [(each.records, each.analysis) for each in read_lineages(folder / TABLE)]
    if not built or built == [(each.records, each.analysis) for each in results.lineages]:
        return []
    return [f"its page is not of these records and this analysis, build it again: python -m suite.report {folder}"]
