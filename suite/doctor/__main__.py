"""The command: gathers the facts and shows them as tables, or as one JSON object."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from suite import cli
from suite.errors import InputError
from suite.io.paths import CHECKOUT, SHIPPED
from suite.machine.log_levels import quieten
from suite.plugins.conf_folders import conf_folders, techniques

DESCRIPTION = """\
Hardware found, which meter measures and which estimates what, which techniques can run here and why not, hub reachable
or not; each task with the model it takes and that one's test score beside the best of the simple baselines.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; 0 whatever is missing, since that is the answer; 2 on bad input."""
    parser = cli.parser("suite.doctor", DESCRIPTION)
    cli.add_json(parser)
    parser.add_argument("--techniques", action="store_true", help="what each technique says of itself, as Markdown")
    parser.add_argument(
        "search_path",
        nargs="?",
        metavar="hydra.searchpath=[pkg://PACKAGE.conf]",
        help="where to look for more techniques than this suite's own",
    )
    return cli.run(parser, _run, arguments)


def _run(chosen: argparse.Namespace) -> int:
    quieten()
    search_path = _search_path(chosen.search_path)
    if chosen.techniques:
        from suite.doctor.technique_pages import (  # their libraries are not needed for --help
            markdown,
            published_reports,
        )
        from suite.doctor.technique_tasks import matrix

        reports = published_reports(CHECKOUT / "reports")
        print(markdown(techniques(conf_folders(search_path)), reports, matrix(search_path)))
        return 0
    from suite.doctor.facts import gather  # imports torch, which --help does not need

    found = gather(SHIPPED, search_path)
    if chosen.json:
        print(cli.as_json(found))
        return 0
    from rich.console import Console

    from suite.doctor.tables import page

    Console().print(page(found))
    return 0


def _search_path(override: str | None) -> list[str]:
    if override is None:
        return []
    from suite.config.overrides import search_path_of  # imports Hydra, which --help does not need

    if not override.startswith("hydra.searchpath="):
        remedy = "give nothing, or hydra.searchpath=[pkg://PACKAGE.conf]"
        raise InputError("the doctor takes no other override", got=override, remedy=remedy)
    return search_path_of([override])


if __name__ == "__main__":
    sys.exit(main())
