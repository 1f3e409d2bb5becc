"""``python -m suite.report runs/NAME``: builds the HTML report of a run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from suite.command import exit_code
from suite.report.grid import DEFAULT_GRID


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m suite.report", description="Builds one HTML file, results.csv and results.json from a run."
    )
    parser.add_argument("run", type=Path, help="the run's folder, runs/NAME")
    parser.add_argument("--out", type=Path, help="the HTML file (default: reports/NAME/index.html)")
    parser.add_argument("--grid", default=DEFAULT_GRID, help="carbon intensity, a name in conf/grid (default: world)")
    options = parser.parse_args(arguments)
    return exit_code(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    from suite.report.build import build_report  # here, so that --help need not wait for the chart libraries

    print(build_report(options.run, options.out, options.grid, warn=lambda line: print(line, file=sys.stderr)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
