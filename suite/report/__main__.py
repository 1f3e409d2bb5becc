"""``python -m suite.report runs/NAME [runs/OTHER ...]``: the HTML report of one run, or of several."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from suite import cli
from suite.carbon.place import DEFAULT_GRID
from suite.errors import InputError
from suite.report.needs import missing_libraries
from suite.text.i18n import ENGLISH, languages

DESCRIPTION = """\
Builds one HTML file from one run or several, and beside it results.csv, results.json, results.parquet, summary.md
(for a README), table.tex and figure.svg, figure.png (for a paper). Points of different runs share no baseline.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = cli.parser("suite.report", DESCRIPTION)
    parser.add_argument("runs", type=Path, nargs="+", help="the run's folder, runs/NAME or a published reports/NAME")
    parser.add_argument("--out", type=Path, help="the HTML file (default: reports/NAME/index.html, of several A+B)")
    parser.add_argument("--grid", default=DEFAULT_GRID, help="carbon intensity, a name in conf/grid (default: world)")
    parser.add_argument(
        "--language", default=ENGLISH, help=f"of the page: {', '.join(languages())} (default: {ENGLISH})"
    )
    parser.add_argument(
        "--cpu-estimate", action="store_true", help="show the CPU's estimated energy beside a GPU's measured one"
    )
    parser.add_argument(
        "--imported",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="of another tool (optimum-benchmark, CodeCarbon, ML.ENERGY, AIPerf, vLLM): kept in the folder imported of "
        "the first run, and shown unpaired",
    )
    return cli.run(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    if missing := missing_libraries():
        remedy = "build the report where make setup has installed them, from a copy of the run's folder"
        raise InputError(
            "the report's chart libraries are not installed here", got=f"no {' or '.join(missing)}", remedy=remedy
        )
    from suite.imported.files import keep
    from suite.report.build import build_report  # here, so that --help need not wait for the chart libraries

    for path in keep(options.runs[0], options.imported):
        cli.warn(f"imported: {path}")
    page = build_report(
        options.runs,
        options.out,
        options.grid,
        options.language,
        warn=cli.warn,
        with_cpu_estimate=options.cpu_estimate,
    )
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
