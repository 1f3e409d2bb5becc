"""What reading the meter costs, and what it leaves behind. Real time, on a simulated board."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

from benchmarks.measurement.table import Row
from benchmarks.measurement.virtual import real_codecarbon, simulated
from suite.core.meter import OpenMeter
from suite.machine import rapl

MACHINE_S, PROCESS_S, POLLING_SHARE = 0.005, 0.020, 0.01
_OPEN_S = 3.0  # of a window whose CPU time is taken
_CHECKOUT = Path(__file__).resolve().parents[2]


def on_board() -> OpenMeter:
    """The real CodeCarbon on a simulated board whose counter rises each millisecond."""
    return simulated(real_codecarbon(), tick_s=0.001).open("cpu")


def on_cpu() -> OpenMeter:
    """The real CodeCarbon for work on this machine's CPU."""
    return real_codecarbon().open("cpu")


@contextlib.contextmanager
def readable_rapl() -> Iterator[Path]:
    """A machine with one package whose RAPL counter can be read; gives the counter's file."""
    from codecarbon.core.cpu import is_rapl_available
    from codecarbon.external.hardware import CPU

    with tempfile.TemporaryDirectory(prefix="rapl-") as folder:
        package = Path(folder) / "intel-rapl:0"
        package.mkdir()
        for name, text in (("name", "package-0"), ("energy_uj", "1000000"), ("max_energy_range_uj", "262143328850")):
            (package / name).write_text(text)
        defaults = (folder, *(CPU.__init__.__defaults__ or ())[1:])
        with (
            mock.patch.object(is_rapl_available, "__defaults__", (folder,)),
            mock.patch.object(CPU.__init__, "__defaults__", defaults),
            mock.patch.object(rapl, "POWERCAP", Path(folder)),
        ):
            yield package / "energy_uj"


def window_cost_s(meter: OpenMeter, count: int, between: Callable[[], None]) -> list[float]:
    """Seconds to start and to stop each of ``count`` windows, in order of length; ``between`` is not counted."""
    costs = []
    for _ in range(count):
        began_s = time.perf_counter()
        token = meter.start()
        started_s = time.perf_counter()
        between()
        stopping_s = time.perf_counter()
        meter.stop(token)
        costs.append(started_s - began_s + time.perf_counter() - stopping_s)
    return sorted(costs)


def cost_rows(count: int) -> list[Row]:
    """Start and stop, by CodeCarbon's mode."""
    rows = []
    with readable_rapl() as counter, on_board() as meter:
        read = iter(range(2_000_000, 2_000_000_000, 100_000))

        def rise() -> None:
            counter.write_text(str(next(read)))
            time.sleep(0.003)

        rows.append(_cost_row("machine mode (RAPL), simulated board", window_cost_s(meter, count, rise), MACHINE_S))
    for name, opened in (("simulated board", on_board), ("CPU", on_cpu)):
        with opened() as meter:
            costs = window_cost_s(meter, count, lambda: _busy(0.03))
        rows.append(_cost_row(f"process mode, {name}", costs, PROCESS_S))
    return rows


def _busy(seconds: float) -> None:
    """Work, so that CPU time rises; it is counted in steps of 10 ms."""
    end_s = time.process_time() + seconds
    while time.process_time() < end_s:
        pass


def _cost_row(name: str, costs_s: list[float], most_s: float) -> Row:
    median_s, high_s = statistics.median(costs_s), costs_s[int(0.95 * len(costs_s))]
    return Row(
        name=f"start and stop of a window, {name}: median, 95th percentile",
        figure=f"{1e3 * median_s:.2f} ms, {1e3 * high_s:.2f} ms",
        target=f"median below {1e3 * most_s:.0f} ms",
        met=median_s < most_s,
    )


def open_share(meter: OpenMeter, *, quiet: bool) -> float:
    """CPU seconds a second that an open window takes while nothing else happens."""
    token = meter.start(quiet=quiet)
    began_s, used_s = time.perf_counter(), time.process_time()
    time.sleep(_OPEN_S)
    share = (time.process_time() - used_s) / (time.perf_counter() - began_s)
    if not quiet:
        _busy(0.03)  # an estimate from CPU time must have something to count
    with contextlib.suppress(Exception):  # a quiet window of no work has no energy to estimate; its cost is known
        meter.stop(token)
    return share


def polling_rows() -> list[Row]:
    """The poller of power, and whatever else runs beside an open window."""
    with on_board() as meter:
        polled, quiet = open_share(meter, quiet=False), open_share(meter, quiet=True)
    with on_cpu() as meter:
        cpu = open_share(meter, quiet=False)
    return [
        Row(
            name="an open window, power polled: share of a core",
            figure=f"{polled:.2%}",
            target="below 1 %",
            met=polled < POLLING_SHARE,
        ),
        Row(name="an open window, quiet: share of a core", figure=f"{quiet:.2%}"),
        Row(name="an open window on the CPU (CodeCarbon's monitor): share of a core", figure=f"{cpu:.2%}"),
    ]


_WATCHER = """
import os, sys

def see(event, arguments):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and isinstance(arguments[1], tuple)):
        with open(os.environ["SOCKETS_SEEN"], "a") as file:
            file.write(event + "\\n")

sys.addaudithook(see)
"""  # processes talk to each other through sockets as well; those have a path, not a tuple, for an address


def left_behind(command: Sequence[str]) -> tuple[int, list[str]]:
    """Uses of the network by a Python ``command`` and all its processes, and the files it leaves outside its run.

    Its home, temporary and working folder are empty ones. Locks are left out: every run must find them.
    """
    with tempfile.TemporaryDirectory(prefix="left-behind-") as name:
        folder = Path(name)
        watcher, seen, home = (folder / each for each in ("watcher", "sockets", "home"))
        temporary, work = folder / "tmp", folder / "work"
        for each in (watcher, home, temporary, work):
            each.mkdir()
        (watcher / "sitecustomize.py").write_text(_WATCHER)
        places = {"HOME": home, "TMPDIR": temporary, "PYTHONPATH": f"{watcher}:{_CHECKOUT}", "SOCKETS_SEEN": seen}
        environment = os.environ | {key: str(place) for key, place in places.items()}
        subprocess.run([*command, f"runs_dir={folder / 'runs'}"], cwd=work, env=environment, check=True)
        sockets = len(seen.read_text().splitlines()) if seen.exists() else 0
        files = [
            file
            for place in (home, temporary, work)
            for file in place.rglob("*")
            if file.is_file() and file.suffix != ".lock"
        ]
        return sockets, sorted(str(file.relative_to(folder)) for file in files)


def run_rows() -> list[Row]:
    """Network and files of a whole run, with the real CodeCarbon on a simulated board."""
    point = ["name=bench", "meter=simulated", "mitigation=none", "device=cpu", "threads=1", "report=false"]
    short = ["protocol.min_blocks=2", "protocol.max_blocks=2", "protocol.max_scored=50", "meter.tick_s=0.02"]
    sockets, files = left_behind([sys.executable, "-m", "suite", *point, *short])
    return [
        Row(name="a run: uses of the network", figure=str(sockets), target="none", met=sockets == 0),
        Row(
            name="a run: files left outside its folder (locks apart)",
            figure=" ".join(files) or "0",
            target="none",
            met=not files,
        ),
    ]


def rows(count: int = 200) -> list[Row]:
    """The table's part."""
    return [*cost_rows(count), *polling_rows(), *run_rows()]
