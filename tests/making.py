"""make, run as a user would, also where make itself runs the tests."""

import os
import subprocess

from suite.io.paths import CHECKOUT

FROM_OUTSIDE = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS", "EXPERIMENT", "NAME", "PY", "TASK"}
"""What an outer make hands down: its own variables, those of its command line, and that it should name its folder."""


def run_make(*arguments):
    """The finished process, in the checkout."""
    environment = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
