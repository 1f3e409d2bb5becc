"""The command: gathers the facts and shows them as tables, or as one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from suite.io.paths import CHECKOUT
from suite.machine.log_levels import quieten


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; always 0, since what is missing is the answer and not an error."""
    parser = argparse.ArgumentParser(
        prog="python -m suite.doctor",
        description="Hardware found, which meter measures and which estimates what, which techniques can run here "
        "and why not, hub reachable or not, embedded models.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    chosen = parser.parse_args(arguments)
    quieten()
    from suite.doctor.facts import gather  # imports torch, which --help does not need

    found = gather(CHECKOUT)
    if chosen.json:
        print(json.dumps(found, indent=1))
        return 0
    from rich.console import Console

    from suite.doctor.tables import page

    Console().print(page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
