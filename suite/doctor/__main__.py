"""The command: gathers the facts and shows them as tables, or as one JSON object."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from suite import cli
from suite.io.paths import CHECKOUT
from suite.machine.log_levels import quieten

DESCRIPTION = """\
Hardware found, which meter measures and which estimates what, which techniques can run here and why not, hub reachable
or not, embedded models.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; always 0 where it is well called, since what is missing is the answer and not an error."""
    parser = cli.parser("suite.doctor", DESCRIPTION)
    cli.add_json(parser)
    return cli.run(parser, _run, arguments)


def _run(chosen: argparse.Namespace) -> int:
    quieten()
    from suite.doctor.facts import gather  # imports torch, which --help does not need

    found = gather(CHECKOUT)
    if chosen.json:
        print(cli.as_json(found))
        return 0
    from rich.console import Console

    from suite.doctor.tables import page

    Console().print(page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
