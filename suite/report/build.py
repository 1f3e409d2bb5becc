"""From a run's folder to its report on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from suite.analysis.columnar import parquet_bytes
from suite.analysis.summary import summarise
from suite.errors import InputError
from suite.files import write_whole
from suite.record import load_run, newest_by_point
from suite.report.grid import DEFAULT_GRID, load_grid
from suite.report.model import Report, make_report
from suite.report.page import render
from suite.report.results import results_csv, results_json

REPORTS_FOLDER = Path("reports")


def build_report(
    run_folder: Path,
    out: Path | None = None,
    grid: str = DEFAULT_GRID,
    warn: Callable[[str], None] = lambda line: None,
) -> Path:
    """Writes the HTML report of a run, with results.csv and results.json beside it.

    Args:
        run_folder: ``runs/NAME``.
        out: the HTML file; None for ``reports/NAME/index.html``.
        grid: the conf key of the electricity's carbon intensity.
        warn: told a line for each record that cannot be read; the report lists them as well.

    Returns:
        The HTML file.

    Raises:
        InputError: no such folder, no readable record in it, no such grid, or ``out`` cannot be written.
    """
    report = read_report(run_folder, grid)
    for line in report.unreadable:
        warn(f"warning: record left out: {line}")
    target = out or REPORTS_FOLDER / report.run / "index.html"
    files = {
        target: render(report).encode(),
        target.with_name("results.csv"): results_csv(report),
        target.with_name("results.json"): results_json(report),
        target.with_name("results.parquet"): parquet_bytes(report.points),
    }
    if target.is_dir() or target.name in ("results.csv", "results.json", "results.parquet"):
        raise InputError("the report cannot be written there", got=str(target), remedy="name an HTML file")
    try:
        for path, content in files.items():
            write_whole(path, content)
    except OSError as error:
        raise InputError(
            "the report cannot be written", got=str(target), remedy=f"choose another --out ({error})"
        ) from error
    return target


def read_report(run_folder: Path, grid: str = DEFAULT_GRID) -> Report:
    """Reads and summarises the records of a run.

    Raises:
        InputError: no such folder, no readable record in it, or no such grid.
    """
    if not run_folder.is_dir():
        raise InputError("no such run folder", got=str(run_folder), remedy="name a folder under runs/")
    intensity = load_grid(grid)
    pairs, unreadable = load_run(run_folder)
    if not pairs:
        found = f"{run_folder} ({len(unreadable)} unreadable: {unreadable[0]})" if unreadable else str(run_folder)
        raise InputError("no readable record in the run", got=found, remedy="measure something first: python -m suite")
    run = run_folder.resolve().name
    records = newest_by_point(pairs)
    points = summarise(run, records, intensity.g_co2e_per_kwh)
    superseded = len(pairs) - len(records)
    return make_report(run, points, unreadable=unreadable, superseded=superseded, grid=intensity)
