"""``python -m suite.export runs/NAME --to=FORM``: a run in the form that another tool reads."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from suite import cli
from suite.errors import InputError
from suite.io.atomic import write_whole

if TYPE_CHECKING:
    from suite.analysis.summary import PointSummary
    from suite.footprint.location import Site

FORMS = ("ai-energy-score", "codecarbon", "hub-card", "mlflow", "prometheus", "sci", "sci-for-ai")
STATE_EMBODIED = ("sci", "sci-for-ai")
DESCRIPTION = """\
Writes the points of a run, measured or estimated and labelled as such, in the form that another tool reads. What the
run does not know is left out, never 0.

  python -m suite.export runs/NAME --to=codecarbon --out emissions.csv
  python -m suite.export runs/NAME --to=hub-card --mitigation int8_dynamic --task text_classification
  python -m suite.export runs/NAME --to=mlflow --out sqlite:///mlflow.db
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command: 0 written, 2 bad input."""
    parser = cli.parser("suite.export", DESCRIPTION)
    parser.add_argument("run", type=Path, help="runs/NAME or a published reports/NAME")
    parser.add_argument("--to", required=True, metavar="FORM", help=", ".join(FORMS))
    parser.add_argument("--out", help="the file (default: standard output); for mlflow the tracking URI")
    parser.add_argument("--grid", default="world", help="carbon intensity, a place (default: world)")
    parser.add_argument("--point", metavar="ID", help="of one point alone; its first digits do")
    parser.add_argument("--mitigation", help="of this technique or stack (a+b) alone; none is the baseline")
    parser.add_argument("--task", help="of this task alone")
    parser.add_argument("--embodied-kg", type=float, help="sci, sci-for-ai: your hardware's embodied carbon, kg CO2e")
    parser.add_argument("--lifetime-years", type=float, help="sci, sci-for-ai: how long it serves")
    return cli.run(parser, _run, arguments)


def _run(options: argparse.Namespace) -> int:
    form = _form(options)
    from suite.carbon.place import find  # its libraries are not needed for --help
    from suite.footprint.location import Site
    from suite.footprint.subject import fitting_points

    site = Site(grid=find(options.grid))
    points = fitting_points(
        options.run,
        g_co2e_per_kwh=site.grid.g_co2e_per_kwh,
        point_id=options.point,
        mitigation=options.mitigation,
        task=options.task,
        note=lambda line: cli.warn(f"warning: {line}"),
    )
    if form == "mlflow":
        _log(points, options.out)
    else:
        _write(_maker(form, options)(points, site), options.out)
    return 0


def _form(options: argparse.Namespace) -> str:
    """The form's name with underscores.

    Raises:
        InputError: an unknown form, or embodied carbon for one that does not state it.
    """
    form = options.to.replace("_", "-")
    if form not in FORMS:
        raise InputError("unknown form", got=options.to, remedy=f"give --to={', '.join(FORMS)}")
    if form not in STATE_EMBODIED and (options.embodied_kg is not None or options.lifetime_years is not None):
        stating = " and ".join(f"--to={each}" for each in STATE_EMBODIED)
        raise InputError(f"only {stating} state embodied carbon", got=f"--to={form}", remedy="leave it out")
    return str(form.replace("-", "_"))


def _maker(form: str, options: argparse.Namespace) -> Callable[[Sequence[PointSummary], Site], str]:
    from suite.export.formats import TEXTS, WITH_EMBODIED

    if form not in WITH_EMBODIED:
        return TEXTS[form]
    given = {"embodied_kg": options.embodied_kg, "lifetime_years": options.lifetime_years}
    return functools.partial(WITH_EMBODIED[form], **given)


def _log(points: Sequence[PointSummary], store: str | None) -> None:
    from suite.export.mlflow_store import DEFAULT_STORE, log_points
    from suite.io.redaction import redacted

    written = log_points(points, store or DEFAULT_STORE)
    print(f"{redacted(store or DEFAULT_STORE)}: {written} written, {len(points) - written} there already")


def _write(text: str, out: str | None) -> None:
    if out is None:
        print(text, end="")
        return
    try:
        write_whole(Path(out), text.encode())
    except OSError as error:
        raise InputError("the export cannot be written", got=out, remedy=f"choose another --out ({error})") from error
    print(out)


if __name__ == "__main__":
    sys.exit(main())
