"""``python -m benchmarks.peers``: the race, about 25 minutes on a quiet machine; prints tables.

Each tool measures the same BERT at the same batch sizes, with as many measured seconds. Then each finds the ratio of
the energy a query at two batch sizes, again and again: how far its findings lie apart. For a quiet machine; reported,
never asserted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.peers import codecarbon_by_hand, optimum_benchmark, this_suite
from benchmarks.peers.costs import Costs
from benchmarks.peers.subject import BATCH_SIZES, write_subject
from suite.machine.log_levels import quieten

RATIO_OF = (4, 1)
"""Batch sizes whose energies a query are set against each other, the second below."""
ENVIRONMENTS = Path(".peers")
HEAD = ("", "wall", "measured", "warm-up", "scoring", "outside", "start")


def main() -> None:
    """Installs what is missing, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, help="peers are installed here (.peers)")
    parser.add_argument("--loop", type=int, default=5, metavar="SECONDS", help="of each measured loop (5)")
    parser.add_argument("--repeats", type=int, default=5, help="of the ratio (5)")
    options = parser.parse_args()
    quieten()
    binaries = optimum_benchmark.install(options.environments.resolve())
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = Path(name)
        subject = write_subject(folder / "subject")

        def theirs(place: str, sizes: Sequence[int]) -> Costs:
            return optimum_benchmark.measure(binaries, subject, folder / place, tuple(sizes), options.loop)

        def by_hand(sizes: Sequence[int]) -> Costs:
            return codecarbon_by_hand.measure(subject, sizes, 2 * options.loop)

        costs = {
            this_suite.NAME: this_suite.measure(subject, folder / "ours", BATCH_SIZES, options.loop),
            optimum_benchmark.NAME: theirs("theirs", BATCH_SIZES),
            codecarbon_by_hand.NAME: by_hand(BATCH_SIZES),
        }
        print(costs_table(costs), flush=True)
        sizes = sorted(RATIO_OF)
        finders: dict[str, Callable[[int], float]] = {
            this_suite.NAME: lambda turn: this_suite.ratio(
                subject, folder / f"ours-{turn}", RATIO_OF[1], RATIO_OF[0], 4 * options.loop
            ),
            optimum_benchmark.NAME: lambda turn: _ratio(theirs(f"theirs-{turn}", sizes)),
            codecarbon_by_hand.NAME: lambda turn: _ratio(by_hand(sizes)),
        }
        ratios: dict[str, list[float]] = {tool: [] for tool in finders}
        for turn in range(options.repeats):  # by turns, so that a slow quarter of an hour meets all of them
            for tool, find in finders.items():
                ratios[tool].append(find(turn))
        print(f"\n{ratios_table(ratios)}\n\n{not_reported()}")


def _ratio(costs: Costs) -> float:
    return costs.energy_j[RATIO_OF[0]] / costs.energy_j[RATIO_OF[1]]


def costs_table(costs: Mapping[str, Costs]) -> str:
    """Seconds a configuration, then joules a query by batch size."""
    lines = ["seconds a configuration", "  ".join([f"{HEAD[0]:26}", *(f"{name:>8}" for name in HEAD[1:])])]
    for tool, each in costs.items():
        sums = (each.wall_s, each.measured_s, each.warm_up_s, each.scoring_s, each.outside_s, each.start_s)
        lines.append("  ".join([f"{tool:26}", *(f"{total / len(each.energy_j):8.1f}" for total in sums)]))
    sizes = sorted(next(iter(costs.values())).energy_j)
    lines += ["", "joules of the CPU a query", "  ".join([f"{'':26}", *(f"{f'batch {size}':>8}" for size in sizes)])]
    for tool, each in costs.items():
        lines.append("  ".join([f"{tool:26}", *(f"{each.energy_j[size]:8.3f}" for size in sizes)]))
    return "\n".join(lines)


def ratios_table(ratios: Mapping[str, Sequence[float]]) -> str:
    """Each tool's ratios and how far they lie apart."""
    lines = [f"energy a query, batch {RATIO_OF[0]} over batch {RATIO_OF[1]}: {len(next(iter(ratios.values())))} times"]
    for tool, found in ratios.items():
        mean = statistics.fmean(found)
        apart = f"mean {mean:.3f}, standard deviation {statistics.stdev(found) / mean:.1%}" if len(found) > 1 else ""
        lines.append(f"{tool:26}  {' '.join(f'{each:.3f}' for each in found)}  {apart}")
    return "\n".join(lines)


def not_reported() -> str:
    """What each peer's results do not say."""
    peers = (optimum_benchmark, codecarbon_by_hand)
    return "\n".join(f"{peer.NAME} does not report: {peer.NOT_REPORTED}" for peer in peers)


if __name__ == "__main__":
    main()
