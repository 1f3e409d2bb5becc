"""What every command shares: how its options are declared, one line for bad input, and its exit codes.

0 done, 2 bad input, 130 stopped by Ctrl-C; what a command adds to these, its own help says.
"""

from __future__ import annotations

import argparse
import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from suite.errors import InputError

ASKS_FOR_COMPLETION = "_ARGCOMPLETE"
"""Set in the environment by a shell that asks, through argcomplete, how the line could go on."""
_PLAIN_ERRORS = "suite.plain"
_PLAIN = {
    "✓": "+", "✗": "x", "·": "-", "–": "-", "—": "-", "−": "-", "━": "-", "×": "x", "µ": "u", "μ": "u", "°": " deg",  # noqa: RUF001
    "→": "->", "≤": "<=", "≥": ">=", "±": "+/-", "‘": "'", "’": "'", "“": "'", "”": "'",  # noqa: RUF001
}  # fmt: skip


class _Parser(argparse.ArgumentParser):
    """argparse, with this suite's one line for bad input in place of the usage."""

    def error(self, message: str) -> NoReturn:
        raise InputError("the command line is wrong", got=message, remedy="see --help")


def parser(module: str, description: str, epilog: str | None = None) -> argparse.ArgumentParser:
    """The parser of ``python -m MODULE``; both texts are printed as they are laid out."""
    layout = argparse.RawDescriptionHelpFormatter
    return _Parser(prog=f"python -m {module}", description=description, epilog=epilog, formatter_class=layout)


def add_json(options: argparse._ActionsContainer) -> None:
    """The option of commands whose answer a program can read."""
    options.add_argument("--json", action="store_true", help="one JSON object on standard output")


def as_json(answer: Any) -> str:
    """``answer`` as indented JSON."""
    import msgspec  # not needed for --help

    return msgspec.json.format(msgspec.json.encode(answer), indent=1).decode()


def warn(line: str) -> None:
    """Says on standard error what the user should know beside the answer."""
    print(line, file=sys.stderr)


def run(
    options: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], int],
    arguments: Sequence[str] | None,
    *,
    stopped: str = "stopped",
) -> int:
    """Parses the command line, runs the command and returns its exit code.

    Bad input is one line on standard error and 2. A closed pipe, as of ``| head``, is no error. What the terminal's
    encoding does not have is printed in plain characters.

    Args:
        options: of the command.
        command: does the work and returns the exit code where all went well.
        arguments: as typed; None for those of this process.
        stopped: said after Ctrl-C.
    """
    _print_plainly()
    if ASKS_FOR_COMPLETION in os.environ:
        _complete(options)
    try:
        return command(options.parse_intermixed_args(arguments))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # it has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        return 130


def _complete(options: argparse.ArgumentParser) -> None:
    """Answers the shell and ends the process; where argcomplete is not installed nothing has asked."""
    import argcomplete

    argcomplete.autocomplete(options)


def _print_plainly() -> None:
    """Lets both streams print any text, whatever their encoding."""
    codecs.register_error(_PLAIN_ERRORS, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAIN_ERRORS)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What an encoding lacks, in characters that all have; never a quotation mark, which would end a text in JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain_character, error.object[error.start : error.end])), error.end


def _plain_character(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return _PLAIN.get(character) or parts or "?"
