"""``python -m benchmarks.pytest_regression RUNS``: does the pytest plugin catch a planted regression on this machine?

Each run measures a function, then the same function and one that does a fifth more work against it, each in a pytest of
its own, with this machine's meter. For a quiet machine: nothing else should run beside it. The goal: of 20 runs the
regression is caught in at least 19, and the unchanged function passes in at least 19.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

WORK = 20_000
PLANTED = 1.2
ALLOWED = "5%"
TEST = """
def work():
    return sum(number * number for number in range({count}))

def test_work(energy_benchmark):
    energy_benchmark(work)
"""


def is_passed(folder: Path, count: int, *arguments: str) -> bool:
    """Whether a pytest passes whose function counts so far.

    Raises:
        RuntimeError: it neither passed nor failed a test.
    """
    (folder / "test_work.py").write_text(TEST.format(count=count))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "suite.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    print(next((f"  {line}" for line in done.stdout.splitlines() if line.startswith("test_work: ")), done.stdout))
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.returncode == 0


def main() -> None:
    """Prints each run and the sum of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int, help="how many")
    parser.epilog = "Other options are the plugin's, such as --energy-protocol=scan."
    arguments, options = parser.parse_known_args()
    caught = passed = 0
    with tempfile.TemporaryDirectory(prefix="pytest-regression-") as name:
        folder = Path(name)
        against = ["--energy-compare=then.json", f"--energy-fail={ALLOWED}", *options]
        for number in range(1, arguments.runs + 1):
            print(f"run {number}")
            if not is_passed(folder, WORK, "--benchmark-json=then.json", *options):
                raise RuntimeError("the function to begin with failed")
            passed += is_passed(folder, WORK, *against)
            caught += not is_passed(folder, round(PLANTED * WORK), *against)
    print(f"the planted regression of {PLANTED - 1:.0%} was caught in {caught} of {arguments.runs} runs")
    print(f"the unchanged function passed in {passed} of {arguments.runs} runs")


if __name__ == "__main__":
    main()
