"""``python -m suite.compare runs/A runs/B``: the same points of two runs side by side; exit 1 on a regression."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from suite.command import exit_code
from suite.errors import InputError

if TYPE_CHECKING:
    from suite.analysis.summary import PointSummary
    from suite.record import Record

THRESHOLDS = Path(__file__).resolve().parent.parent / "conf" / "compare.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command: 0 nothing got worse, 1 something did, 2 bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m suite.compare",
        description="Compares the points of two runs. A regression is energy per query, the ratio to the paired "
        "baseline or the score that got worse beyond the tolerance (conf/compare.yaml), or a point that was ok and "
        "is not any more.",
    )
    parser.add_argument("a", type=Path, help="the run before: runs/NAME or a published reports/NAME")
    parser.add_argument("b", type=Path, help="the run after")
    parser.add_argument("--energy-tolerance", type=float, help="share that joules a query may rise by")
    parser.add_argument("--ratio-tolerance", type=float, help="share that the ratio to the baseline may rise by")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return exit_code(lambda: _run(parser.parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    import msgspec  # the analysis's libraries are not needed for --help

    from suite.analysis.compare import compare

    tolerances = _tolerances(options)
    comparisons = compare(_points(options.a), _points(options.b), **tolerances)
    if not any(each.a and each.b for each in comparisons):
        raise InputError(
            "the two runs have no point in common",
            got=(str(options.a), str(options.b)),
            remedy="measure the same points",
        )
    regressed = [each for each in comparisons if each.regressions]
    if options.json:
        found = {"a": str(options.a), "b": str(options.b), **tolerances, "points": comparisons}
        print(msgspec.json.format(msgspec.json.encode(found | {"regressions": len(regressed)}), indent=1).decode())
    else:
        from suite.report.comparison import table

        print(table(comparisons, options.a.name, options.b.name))
    return 1 if regressed else 0


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


def _points(folder: Path) -> list[tuple[PointSummary, Record]]:
    from suite.analysis.summary import summarise
    from suite.record import load_run, newest_by_point

    if not folder.is_dir():
        raise InputError("no such run", got=str(folder), remedy="name a folder under runs/ or reports/")
    pairs, unreadable = load_run(folder)
    for line in unreadable:
        print(f"warning: record left out: {line}", file=sys.stderr)
    if not pairs:
        raise InputError("no readable record in the run", got=str(folder), remedy="measure it first")
    records = newest_by_point(pairs)
    return list(zip(summarise(folder.name, records, 0.0), records, strict=True))


if __name__ == "__main__":
    sys.exit(main())
