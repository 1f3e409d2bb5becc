"""What only a real GPU can show: its counter's step, and whether work and joules go together.

Every function takes arms and a meter, so that all of it runs on the simulated board as well.
"""

from __future__ import annotations

import dataclasses
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from scipy import stats

from benchmarks.measurement.paired import paired_windows
from benchmarks.measurement.table import Row, percent
from benchmarks.measurement.virtual import protocol, real_codecarbon
from suite.core.meter import OpenMeter, Ticker
from suite.core.setup import Setup
from suite.core.workload import Loop, Work
from suite.measure.interpolated_window import interpolated_window
from suite.measure.warm_up import warm_up
from suite.measure.window_plan import WindowPlan, plan_windows
from suite.measure.windows import ReadyArm, tick_aligned_window, whole_window
from suite.record.schema import Arm, Window
from suite.stats.counter_checks import integral_difference
from suite.stats.interval import Interval
from suite.stats.paired import paired_ratio

_SIZE = 4096  # of the square matrices: 0.14 TFLOP a product
_PRODUCTS = 10  # a query
_IDLE_S = 10.0
_PROCESSES = 5
_LONG = 10  # windows, so that a step of the counter at either end weighs little


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rig:
    """Both arms, warm, with the plan of their windows."""

    arms: dict[Arm, ReadyArm]
    plan: WindowPlan
    meter: OpenMeter

    def window(self, arm: Arm, factor: int = 1) -> Window:
        """One window, ``factor`` times as long as planned."""
        queries = factor * self.plan.queries[arm]
        if self.plan.ticker is None:
            return whole_window(self.arms[arm], queries, 0, self.meter, pre_roll=self.plan.pre_rolls[arm])
        if self.plan.ticker.interpolation:
            return interpolated_window(
                self.arms[arm], queries, 0, self.meter,
                interpolation=self.plan.ticker.interpolation, roll=self.plan.pre_rolls[arm],
            )  # fmt: skip
        return tick_aligned_window(
            self.arms[arm], queries, 0, self.meter,
            ticker=self.plan.ticker, step=self.plan.steps[arm], pre_roll=self.plan.pre_rolls[arm],
        )  # fmt: skip


def rig(arms: dict[Arm, ReadyArm], meter: OpenMeter, seconds: dict[Arm, float], ticker: Ticker | None) -> Rig:
    """The plan that ``protocol=standard`` makes for arms that take ``seconds`` a query."""
    plan = plan_windows(arms, seconds, protocol(), ticker=ticker, swapped=False)
    return Rig(arms=arms, plan=plan, meter=meter)


def linearity(found: Rig, rounds: int = 3) -> tuple[float, float]:
    """R2 of energy over queries for N, 2N and 4N, and the line's intercept as a share of E(N)."""
    windows = [found.window("baseline", factor) for _ in range(rounds) for factor in (1, 2, 4)]
    line = stats.linregress([each.queries for each in windows], [each.energy_j["gpu"] for each in windows])
    return float(line.rvalue**2), float(line.intercept / (line.slope * found.plan.queries["baseline"]))


def compared(found: Rig) -> list[Window]:
    """Windows of both arms, as the runner takes them."""
    return paired_windows(found.arms, found.plan, protocol(), found.meter)


def ratio(windows: list[Window], idle_w: float = 0.0) -> Interval:
    """The ratio of energies with its 95 % interval, net of ``idle_w``."""
    interval = paired_ratio(windows, "gpu", idle_w)
    assert interval is not None
    return interval


def idle_power_w(meter: OpenMeter, pause: Callable[[float], None] = time.sleep) -> float:
    """Mean power without work, after a while to settle."""
    pause(_IDLE_S / 2)
    token = meter.start(quiet=True)
    pause(_IDLE_S)
    readings = meter.stop(token)
    return readings.energy_j["gpu"] / readings.duration_s


class _Products(Loop):
    """Matrix products in bfloat16: a steady load, ``products`` a query."""

    def __init__(self, products: int) -> None:
        import torch

        self._products = products
        self._matrix = torch.randn(_SIZE, _SIZE, device="cuda", dtype=torch.bfloat16)

    @property
    def pass_queries(self) -> int:
        return 1

    @property
    def shapes(self) -> tuple[int, ...]:
        return (0,)

    def keep_first(self, queries: int) -> None:
        pass

    def reset(self) -> None:
        pass

    def run(self, queries: int, first: int = 0) -> Work:
        for _ in range(queries * self._products):
            self._matrix @ self._matrix
        return Work(queries=queries, batches=queries, tokens=None, latencies_s=None)


def _cuda_rig(meter: OpenMeter, candidate_factor: int) -> Rig:
    setup = Setup(
        task=cast(Any, None), model=None, processor=None, batch_size=1, dtype="bfloat16", device="cuda",
        phase="inference",
    )  # fmt: skip
    factors: dict[Arm, int] = {"baseline": 1, "candidate": candidate_factor}
    arms = {
        name: ReadyArm(name=name, setup=setup, loop=_Products(_PRODUCTS * factor)) for name, factor in factors.items()
    }
    seconds = {name: warm_up(arm, protocol())[0] for name, arm in arms.items()}

    def work() -> None:
        arms["baseline"].loop.run(1)
        setup.synchronize()

    return rig(arms, meter, seconds, meter.ticker(work))


def once() -> float:
    """Joules a query of one hot window: what a fresh process finds."""
    with real_codecarbon().open("cuda") as meter:
        window = _cuda_rig(meter, 1).window("baseline")
    return window.energy_j["gpu"] / window.queries


def _repeatability() -> Row:
    command = [sys.executable, "-m", "benchmarks.measurement.gpu"]
    checkout = Path(__file__).resolve().parents[2]
    found = [
        float(subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout)
        for _ in range(_PROCESSES)
    ]
    spread = statistics.stdev(found) / statistics.fmean(found)
    name = f"GPU: energy per query in {_PROCESSES} fresh processes: SD"
    return Row(name=name, figure=f"{spread:.2%}", target="below 2 %", met=spread < 0.02)


def rows() -> list[Row]:
    """The table's part: one row with the reason where there is no GPU."""
    import torch

    if not torch.cuda.is_available():
        return [Row(name="GPU", figure="skipped: no CUDA device that torch can use")]
    with real_codecarbon().open("cuda") as meter:
        same, double = _cuda_rig(meter, 1), _cuda_rig(meter, 2)
        idle_w = idle_power_w(meter)  # with the work's data resident
        ticker = same.plan.ticker
        board = Row(name=f"GPU: {torch.cuda.get_device_name()}, idle power", figure=f"{idle_w:.1f} W")
        period = f"{1e3 * ticker.period_s:.1f} ms" if ticker else "no steps found"
        lag = "unknown" if ticker is None or ticker.lag_s is None else f"{1e3 * ticker.lag_s:.0f} ms"
        found = [board, Row(name="GPU: period and lag of the energy counter", figure=f"{period}, {lag}")]
        found += checks(same, double, idle_w)
        found.append(beside_zeus(same, _zeus()))
    return [*found, _repeatability()]


def _zeus() -> Any:
    """Zeus's monitor of the GPU (https://ml.energy/zeus) as a second meter; None where it is not installed."""
    try:
        from zeus.monitor import ZeusMonitor
    except ImportError:
        return None
    return ZeusMonitor(gpu_indices=[0])


def beside_zeus(found: Rig, monitor: Any) -> Row:
    """One long window under both meters: by what share Zeus's joules differ from this suite's."""
    name = "GPU: Zeus over this suite, one window"
    if monitor is None:
        return Row(name=name, figure="skipped: pip install zeus")
    queries = _LONG * found.plan.queries["baseline"]
    monitor.begin_window("beside")
    window = whole_window(found.arms["baseline"], queries, 0, found.meter, pre_roll=0)
    share = monitor.end_window("beside").total_energy / window.energy_j["gpu"] - 1
    return Row(name=name, figure=percent(share), target="within 2 %", met=abs(share) < 0.02)


def checks(same: Rig, double: Rig, idle_w: float) -> list[Row]:
    """Linearity, A/A, twice the work, and the counter against the integral of power."""
    explained, intercept = linearity(same)
    windows = compared(same)
    equal, twice, share = ratio(windows), ratio(compared(double), idle_w), integral_difference(windows)
    return [
        Row(
            name="GPU: energy of N, 2N, 4N queries: R2, intercept",
            figure=f"{explained:.5f}, {percent(intercept)} of E(N)",
            target="above 0.999, within 1 %",
            met=explained > 0.999 and abs(intercept) < 0.01,
        ),
        Row(
            name="GPU: true ratio 1.000 (A/A)",
            figure=f"{equal.estimate:.4f} [{equal.low:.4f}, {equal.high:.4f}]",
            target="covered",
            met=equal.holds(1),
        ),
        Row(
            name="GPU: twice the work",
            figure=f"{twice.estimate:.4f} [{twice.low:.4f}, {twice.high:.4f}]",
            target="2.00 within 1 %",
            met=abs(twice.estimate / 2 - 1) < 0.01,
        ),
        Row(
            name="GPU: counter over integral of power, all windows",
            figure="power was not polled" if share is None else percent(share),
            target="within 5 %",
            met=None if share is None else abs(share) < 0.05,
        ),
    ]


if __name__ == "__main__":
    print(once())
