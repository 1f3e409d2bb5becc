"""From the folders of runs to their report on disk: one page, and files beside it for those who compute or write."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from suite.analysis.results.csv_json import RESULTS, results_csv, results_json
from suite.analysis.results.parquet import TABLE, parquet_bytes
from suite.analysis.results.reader import read_results
from suite.analysis.results.run_results import merged
from suite.carbon.place import DEFAULT_GRID, find
from suite.errors import InputError
from suite.imported.files import files_of, imported_rows, keep
from suite.io.atomic import sync_folder, synced_temporary
from suite.report.charts.paper_figure import drawn_figure
from suite.report.exports.latex import tables
from suite.report.exports.markdown import summary
from suite.report.page import render
from suite.report.view_model import Report, make_report
from suite.text.i18n import ENGLISH, speaking

REPORTS_FOLDER = Path("reports")
PAGE = "index.html"
FIGURES = ("figure.svg", "figure.png")
BESIDE = ("results.csv", RESULTS, TABLE, "summary.md", "table.tex", *FIGURES)
"""What lies beside the page; the figures only where there is something to draw."""


def build_report(
    run_folders: Path | Sequence[Path],
    out: Path | None = None,
    grid: str = DEFAULT_GRID,
    language: str = ENGLISH,
    warn: Callable[[str], None] = lambda line: None,
    *,
    with_cpu_estimate: bool = False,
) -> Path:
    """Writes the HTML report of one run or several, with ``BESIDE`` beside it.

    Everything is made before anything is written: a report that cannot be built leaves the one before as it was.

    Args:
        run_folders: ``runs/NAME``, or a published ``reports/NAME``; or several.
        out: the HTML file; None for ``reports/NAME/index.html``, of several runs ``reports/A+B/index.html``.
        grid: the conf key of the electricity's carbon intensity.
        language: of the page and the texts beside it.
        warn: told a line for each record that cannot be read, which the report lists as well, and for each folder whose
            figures are another version's of the analysis, since it holds no records to derive them anew.
        with_cpu_estimate: shows the estimate of the CPU's energy beside a GPU's too.

    Returns:
        The HTML file.

    Raises:
        InputError: no such folder, nothing readable in it, two runs of one name, no such grid or language, or ``out``
            cannot be written.
    """
    folders = _folders(run_folders)
    target = out or REPORTS_FOLDER / "+".join(folder.resolve().name for folder in folders) / PAGE
    with speaking(language):  # names of points are words as well
        report = read_report(folders, grid, with_cpu_estimate=with_cpu_estimate)
        if target.is_dir() or target.name in BESIDE:
            raise InputError("the report cannot be written there", got=str(target), remedy="name an HTML file")
        files = {target.with_name(name): content for name, content in _beside(report).items()}
        files[target] = render(report, language).encode()
    for line in report.unreadable:
        warn(f"warning: record left out: {line}")
    for line in report.results.notes:
        warn(f"warning: {line}")
    _write(files, target)
    for folder in folders:  # so that the page can be built again from what lies beside it
        keep(target.parent, files_of(folder))
    return target


def _beside(report: Report) -> dict[str, bytes | None]:
    """The files beside the page; None where there is nothing to put into one."""
    figure = drawn_figure(report)
    return {
        "results.csv": results_csv(report.points),
        RESULTS: results_json(report.results, report.grid),
        TABLE: parquet_bytes(report.results),
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


def read_report(
    run_folders: Path | Sequence[Path], grid: str = DEFAULT_GRID, *, with_cpu_estimate: bool = False
) -> Report:
    """Reads the results of one run or several.

    Raises:
        InputError: no such folder, nothing readable in it, two runs of one name, no such grid, or a damaged file among
            the imported ones.
    """
    folders, intensity = _folders(run_folders), find(grid)
    results = merged([read_results(folder, g_co2e_per_kwh=intensity.g_co2e_per_kwh) for folder in folders])
    twice = [run for run, count in Counter(results.runs).items() if count > 1]
    if twice:
        got = [str(folder) for folder in folders]
        raise InputError(f"two runs are called {twice[0]}", got=got, remedy="rename the folder of one of them")
    imported = [row for folder in folders for row in imported_rows(folder)]
    return make_report(results, intensity, with_cpu_estimate=with_cpu_estimate, imported=imported)


def _folders(run_folders: Path | Sequence[Path]) -> list[Path]:
    return [run_folders] if isinstance(run_folders, Path) else list(run_folders)
