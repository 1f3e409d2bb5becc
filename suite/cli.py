"""What every command does with bad input and with a reader that has gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from suite.errors import InputError


def exit_code(run: Callable[[], int]) -> int:
    """Runs a command: bad input is one line and 2; a closed pipe, as of ``| head``, is no error."""
    try:
        return run()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # it has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
