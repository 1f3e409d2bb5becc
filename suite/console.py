"""The command of the installed package: ``energy-mitigation-benchmark COMMAND``, as ``python -m suite.…`` has each."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from suite import __version__, cli

PROGRAM = "energy-mitigation-benchmark"


class Command(NamedTuple):
    """The module whose ``main`` it is, and what it is for."""

    module: str
    purpose: str


COMMANDS = {
    "measure": Command("suite.__main__", "measure a point, a sweep or an experiment, and write its report"),
    "report": Command("suite.report.__main__", "build the report of runs anew"),
    "compare": Command("suite.compare", "tell whether a run got worse than another"),
    "export": Command("suite.export.__main__", "a run in the forms that other tools read"),
    "footprint": Command("suite.footprint.__main__", "energy, CO2e and water of a service"),
    "doctor": Command("suite.doctor.__main__", "what this machine can measure, and which techniques can run here"),
    "publish": Command("suite.publish", "a static site of all reports"),
    "models": Command("suite.reference.__main__", "train the embedded models anew"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one of the commands and returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = _being_completed() if cli.ASKS_FOR_COMPLETION in os.environ else next(iter(words), None)
    if name not in COMMANDS:
        return cli.run(_parser(), lambda _: 0, words)
    command = importlib.import_module(COMMANDS[name].module)
    return int(command.main(words[1:]))


def _parser() -> argparse.ArgumentParser:
    commands = "\n".join(f"  {name:<11}{command.purpose}" for name, command in COMMANDS.items())
    description = "Which efficiency technique saves how much energy per query, and what it costs in accuracy."
    parser = cli.parser("suite", description, f"commands, each with --help of its own:\n{commands}")
    parser.prog = PROGRAM
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="see below")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def _being_completed() -> str | None:
    """The command that is typed already where a shell asks for the words after it, which are that command's own."""
    typed = os.environ.get("COMP_LINE", "")[: int(os.environ.get("COMP_POINT", "0"))].split(" ")
    if len(typed) <= 2 or typed[1] not in COMMANDS:
        return None
    os.environ[cli.ASKS_FOR_COMPLETION] = "2"  # to argcomplete: the program's name is of two words
    return typed[1]


if __name__ == "__main__":
    sys.exit(main())
