"""``python -m benchmarks.pytest_regression RUNS``: does the pytest plugin catch a planted regression on this machine?

Each run measures a function, then the same function and one that does a fifth more work against it, each in a pytest of
its own, with this machine's meter. For a quiet machine: nothing else should run beside it. The goal: of 20 runs the
regression is caught in at least 19, and the unchanged function passes in at least 19. Functions of several kinds, since
the reference that the plugin measures beside is interpreted Python (or ``--energy-reference=torch``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PLANTED = 1.2
ALLOWED = "5%"
WORKS = {
    "python": "return sum(number * number for number in range(1000 * {amount}))",
    "json": "return [json.loads(json.dumps(DATA)) for _ in range({amount})]",
    "matrices": "return [MATRIX @ MATRIX for _ in range({amount})]",
}
AMOUNT = 20
TEST = """
import json
import suite
import torch

DATA = [[number, number * 2.5, "text"] for number in range(30)]
MATRIX = torch.ones(64, 64)

def work():
    {work}

def test_work(energy_benchmark):
    energy_benchmark(work)
"""


def is_passed(folder: Path, work: str, amount: int, *arguments: str) -> bool:
    """Whether a pytest passes whose function does so much of the work.

    Raises:
        RuntimeError: nothing was measured, or the test failed of something else than a regression.
    """
    (folder / "test_work.py").write_text(TEST.format(work=WORKS[work].format(amount=amount)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "suite.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    line = next(
        (each for each in done.stdout.splitlines() if each.startswith("test_work") and " per query " in each), ""
    )
    print(f"  {line}")
    if not line or (done.returncode == 1) is not line.endswith("a regression"):
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.returncode == 0


def main() -> None:
    """Prints each run and the sum of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, help="how many")
    parser.add_argument("--work", choices=WORKS, default="python", help="what the function does (default: python)")
    parser.epilog = "Other options are the plugin's, such as --energy-reference=torch."
    arguments, options = parser.parse_known_args()
    work, caught, passed = arguments.work, 0, 0
    with tempfile.TemporaryDirectory(prefix="pytest-regression-") as name:
        folder = Path(name)
        against = ["--energy-compare=then.json", f"--energy-fail={ALLOWED}", *options]
        for number in range(1, arguments.runs + 1):
            print(f"run {number}")
            if not is_passed(folder, work, AMOUNT, "--benchmark-json=then.json", *options):
                raise RuntimeError("the function to begin with failed")
            passed += is_passed(folder, work, AMOUNT, *against)
            caught += not is_passed(folder, work, round(PLANTED * AMOUNT), *against)
    print(f"the planted regression of {PLANTED - 1:.0%} was caught in {caught} of {arguments.runs} runs")
    print(f"the unchanged function passed in {passed} of {arguments.runs} runs")


if __name__ == "__main__":
    main()
