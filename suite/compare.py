"""``python -m suite.compare runs/A runs/B``: the same points of two runs side by side; exit 1 on a regression."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from suite import cli
from suite.errors import InputError
from suite.io.paths import CONF

if TYPE_CHECKING:
    from suite.analysis.run.run_comparison import PointComparison
    from suite.analysis.summary import PointSummary

_UNSEEN = ("effect", "instrument", "warnings")
"""Fields of a point that the table of two runs says nothing of."""
DESCRIPTION = """\
Compares the points of two runs. A regression is energy per query, the ratio to the paired baseline or the score that
got worse beyond the tolerance (conf/compare.yaml), or a point that was ok and is not any more.
"""
THRESHOLDS = CONF / "compare.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command: 0 nothing got worse, 1 something did, 2 bad input."""
    parser = cli.parser("suite.compare", DESCRIPTION)
    parser.add_argument("a", type=Path, help="the run before: runs/NAME or a published reports/NAME")
    parser.add_argument("b", type=Path, help="the run after")
    parser.add_argument("--energy-tolerance", type=float, help="share that joules a query may rise by")
    parser.add_argument("--ratio-tolerance", type=float, help="share that the ratio to the baseline may rise by")
    parser.add_argument(
        "--across",
        metavar="NAMES",
        help="join points that differ in these, e.g. device,dtype,runtime for a CPU against a GPU; no regressions then",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the comparison as one HTML page as well")
    parser.add_argument("--language", default="en", help="of the HTML page and the Markdown table (default: en)")
    form = parser.add_mutually_exclusive_group()
    cli.add_json(form)
    form.add_argument("--markdown", action="store_true", help="a Markdown table, for a comment on a pull request")
    return cli.run(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    from suite.analysis.run.measured_differently import differences  # its libraries are not needed for --help
    from suite.analysis.run.run_comparison import compare

    tolerances = _tolerances(options)
    unseen = () if options.json else _UNSEEN
    across = [name.strip() for name in options.across.split(",")] if options.across else []
    comparisons = compare(_points(options.a, unseen), _points(options.b, unseen), **tolerances, across=across)
    if not any(each.a and each.b for each in comparisons):
        raise InputError(
            "the two runs have no point in common",
            got=(str(options.a), str(options.b)),
            remedy="measure the same points"
            if across
            else "measure the same points, or name what differs with --across",
        )
    regressed = [each for each in comparisons if each.regressions]
    text = _written(options, comparisons, tolerances, across)
    if options.json:
        found = {"a": str(options.a), "b": str(options.b), **tolerances, "across": across, "points": comparisons}
        found["measured_differently"] = differences(comparisons)
        print(cli.as_json(found | {"regressions": len(regressed)}))
    elif options.markdown:
        print(text, end="")
    else:
        from suite.report.comparison.table import table

        print(table(comparisons, options.a.name, options.b.name, across))
    return 1 if regressed else 0


def _written(
    options: argparse.Namespace,
    comparisons: Sequence[PointComparison],
    tolerances: dict[str, float],
    across: Sequence[str],
) -> str | None:
    """Writes the page where one is asked for; the Markdown table where that is."""
    if options.html is None and not options.markdown:
        return None
    from suite.io.atomic import write_whole
    from suite.report.comparison.comparison_markdown import comparison_markdown
    from suite.report.comparison.comparison_page import comparison_page
    from suite.report.comparison.view import two_runs
    from suite.text.i18n import speaking

    with speaking(options.language):
        found = two_runs(comparisons, options.a.resolve().name, options.b.resolve().name, **tolerances, across=across)
        text = comparison_markdown(found) if options.markdown else None
        page = None if options.html is None else comparison_page(found).encode()
    if page is not None:
        try:
            write_whole(options.html, page)
        except OSError as error:
            remedy = f"choose another --html ({error})"
            raise InputError("the page cannot be written", got=str(options.html), remedy=remedy) from error
    return text


def _tolerances(options: argparse.Namespace) -> dict[str, float]:
    import yaml

    tolerances: dict[str, float] = yaml.safe_load(THRESHOLDS.read_text("utf-8"))
    for name in tolerances:
        chosen = getattr(options, name)
        if chosen is not None:
            if not 0 <= chosen < float("inf"):
                raise InputError(f"{name} must be a share of at least 0", got=chosen, remedy="give 0.05 for 5 %")
            tolerances[name] = chosen
    return tolerances


def _points(folder: Path, unseen: Sequence[str]) -> Sequence[PointSummary]:
    from suite.analysis.results.reader import read_results
    from suite.carbon.place import DEFAULT_GRID, find

    found = read_results(folder, g_co2e_per_kwh=find(DEFAULT_GRID).g_co2e_per_kwh, without=unseen)
    for line in [*(f"left out: {line}" for line in found.unreadable), *found.notes]:
        print(f"warning: {line}", file=sys.stderr)
    if len(found.runs) > 1:
        raise InputError("a report of several runs", got=str(folder), remedy="name one of the runs that it was made of")
    return found.points


if __name__ == "__main__":
    sys.exit(main())
