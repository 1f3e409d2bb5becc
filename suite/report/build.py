"""From the folders of runs to their report on disk: one page, and files beside it for those who compute or write."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from suite.analysis.point.energy_fields import QUERIES_PER_CO2E
from suite.analysis.results.csv_json import results_csv, results_json
from suite.analysis.results.parquet import parquet_bytes, read_parquet
from suite.analysis.summary import PointSummary, summarise
from suite.errors import InputError
from suite.io.atomic import sync_folder, synced_temporary
from suite.record.store import load_run, newest_by_point
from suite.report.charts.paper_figure import drawn_figure
from suite.report.exports.latex import tables
from suite.report.exports.markdown import summary
from suite.report.grid import DEFAULT_GRID, Grid, load_grid
from suite.report.page import render
from suite.report.view_model import Report, make_report
from suite.text.i18n import ENGLISH, speaking
from suite.units import joules_to_kwh

REPORTS_FOLDER = Path("reports")
PAGE, TABLE = "index.html", "results.parquet"
FIGURES = ("figure.svg", "figure.png")
BESIDE = ("results.csv", "results.json", TABLE, "summary.md", "table.tex", *FIGURES)
"""What lies beside the page; the figures only where there is something to draw."""


def build_report(
    run_folders: Path | Sequence[Path],
    out: Path | None = None,
    grid: str = DEFAULT_GRID,
    language: str = ENGLISH,
    warn: Callable[[str], None] = lambda line: None,
) -> Path:
    """Writes the HTML report of one run or several, with ``BESIDE`` beside it.

    Everything is made before anything is written: a report that cannot be built leaves the one before as it was.

    Args:
        run_folders: ``runs/NAME``, or a published ``reports/NAME``; or several.
        out: the HTML file; None for ``reports/NAME/index.html``, of several runs ``reports/A+B/index.html``.
        grid: the conf key of the electricity's carbon intensity.
        language: of the page and the texts beside it.
        warn: told a line for each record that cannot be read; the report lists them as well.

    Returns:
        The HTML file.

    Raises:
        InputError: no such folder, nothing readable in it, two runs of one name, no such grid or language, or ``out``
            cannot be written.
    """
    folders = _folders(run_folders)
    target = out or REPORTS_FOLDER / "+".join(folder.resolve().name for folder in folders) / PAGE
    with speaking(language):  # names of points are words as well
        report = read_report(folders, grid)
        if target.is_dir() or target.name in BESIDE:
            raise InputError("the report cannot be written there", got=str(target), remedy="name an HTML file")
        files = {target.with_name(name): content for name, content in _beside(report).items()}
        files[target] = render(report, language).encode()
    for line in report.unreadable:
        warn(f"warning: record left out: {line}")
    _write(files, target)
    return target


def _beside(report: Report) -> dict[str, bytes | None]:
    """The files beside the page; None where there is nothing to put into one."""
    figure = drawn_figure(report)
    return {
        "results.csv": results_csv(report),
        "results.json": results_json(report),
        TABLE: parquet_bytes(report.points),
        "summary.md": summary(report).encode(),
        "table.tex": tables(report).encode(),
        **(dict(zip(FIGURES, figure, strict=True)) if figure else dict.fromkeys(FIGURES)),
    }


def _write(files: dict[Path, bytes | None], target: Path) -> None:
    """All of ``files`` at once, as far as a file system allows: none is replaced before all are on the disk."""
    try:
        for path in files:
            if path.is_dir():
                raise IsADirectoryError(f"{path} is a folder")
        with contextlib.ExitStack() as stack:
            written = {
                path: stack.enter_context(synced_temporary(path.parent, content))
                for path, content in files.items()
                if content is not None
            }
            for path, temporary in written.items():
                temporary.replace(path)
            for path in files.keys() - written.keys():
                path.unlink(missing_ok=True)  # a figure of the build before
        sync_folder(target.parent)
    except OSError as error:
        raise InputError(
            "the report cannot be written", got=str(target), remedy=f"choose another --out ({error})"
        ) from error


def read_report(run_folders: Path | Sequence[Path], grid: str = DEFAULT_GRID) -> Report:
    """Reads and summarises the records of one run or several.

    Raises:
        InputError: no such folder, nothing readable in it, two runs of one name, or no such grid.
    """
    folders = _folders(run_folders)
    for folder in folders:
        if not folder.is_dir():
            raise InputError("no such run folder", got=str(folder), remedy="name a folder under runs/")
    intensity = load_grid(grid)
    found = [_stored(folder, intensity) for folder in folders]
    runs = [run for each in found for run in each.runs]
    twice = [run for run, count in Counter(runs).items() if count > 1]
    if twice:
        got = [str(folder) for folder in folders]
        raise InputError(f"two runs are called {twice[0]}", got=got, remedy="rename the folder of one of them")
    lines = [(each, line) for each in found for line in each.unreadable]
    return make_report(
        ", ".join(runs),
        [point for each in found for point in each.points],
        runs=runs,
        unreadable=[line if len(found) == 1 else f"{each.runs[0]}: {line}" for each, line in lines],
        superseded=sum(each.superseded for each in found),
        grid=intensity,
    )


def _folders(run_folders: Path | Sequence[Path]) -> list[Path]:
    return [run_folders] if isinstance(run_folders, Path) else list(run_folders)


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Stored:
    """What a folder holds: points of one run, or of the several that a published page was made of."""

    runs: tuple[str, ...]
    points: list[PointSummary]
    unreadable: list[str]
    superseded: int


def _stored(folder: Path, grid: Grid) -> _Stored:
    """From the records where there are any: a table holds what an earlier version of the analysis made of them."""
    pairs, unreadable = load_run(folder)
    if pairs:
        run, records = folder.resolve().name, newest_by_point(pairs)
        points = summarise(run, records, grid.g_co2e_per_kwh)
        return _Stored(runs=(run,), points=points, unreadable=unreadable, superseded=len(pairs) - len(records))
    if not unreadable and (folder / TABLE).is_file():
        points = [_on_grid(point, grid) for point in read_parquet(folder / TABLE)]
        runs = tuple(dict.fromkeys(point.run for point in points))
        return _Stored(runs=runs or (folder.resolve().name,), points=points, unreadable=[], superseded=0)
    got = f"{folder} ({len(unreadable)} unreadable: {unreadable[0]})" if unreadable else str(folder)
    raise InputError("no readable record in the run", got=got, remedy="measure something first: python -m suite")


def _on_grid(point: PointSummary, grid: Grid) -> PointSummary:
    """A point out of a table counts with this report's electricity, not with that of the report before."""
    if point.energy_per_query_j is None:
        return point
    grams = joules_to_kwh(point.energy_per_query_j * QUERIES_PER_CO2E) * grid.g_co2e_per_kwh
    return msgspec.structs.replace(point, co2e_g_per_1000=grams)
