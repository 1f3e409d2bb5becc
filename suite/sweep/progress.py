"""The sweep's progress on the terminal: points done, time left, what the current point is doing."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from suite.record.schema import Reason, Status
from suite.sweep.forecast import Forecast
from suite.sweep.point_run import Reporter

_MARKS: dict[str, str] = {"ok": "✓ ok     ", "skipped": "- skipped", "failed": "✗ failed "}


class Console(Reporter):
    """Draws a bar on a terminal; prints one line a point elsewhere."""

    def __init__(self, total: int) -> None:
        self._total, self.done = total, 0
        self._console = RichConsole(highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not sys.stdout.isatty(),
        )
        self._task = self._progress.add_task("", total=total)
        self._title = ""
        self._began_s = time.monotonic()

    def announce(self, done: int, forecast: Forecast, folder: Path) -> None:
        """Says, before anything runs, how much there is to do and how long it will take."""
        already = f", {done} already measured" if done else ""
        about = f", about {_duration(forecast)}{_where(forecast.devices)}" if self._total else ""
        print(f"{self._total} points to measure{already}{about}, into {folder}")

    def __enter__(self) -> Self:
        self._began_s = time.monotonic()
        self._progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._progress.stop()

    def begin(self, title: str) -> None:
        """Shows the point's title."""
        self._title = title
        self._progress.update(self._task, description=title)

    def stage(self, text: str) -> None:
        """Shows what the point is doing."""
        self._progress.update(self._task, description=f"{self._title}: {text}")

    def say(self, line: str) -> None:
        """Prints ``line`` above the bar."""
        self._console.print(line, markup=False, soft_wrap=True)

    def end(self, title: str, status: Status, reason: Reason | None) -> None:
        """Prints the point's line."""
        self.done += 1
        why = f": {reason.message.splitlines()[0][:120]}" if reason and reason.message else ""
        left_s = (time.monotonic() - self._began_s) / self.done * (self._total - self.done)
        left = f"  ({left_s / 60:.0f} min left)" if self._progress.disable and left_s >= 30 else ""
        line = f"[{self.done}/{self._total}] {_MARKS[status]} {title}{why}{left}"
        self._console.print(line, markup=False, soft_wrap=True)
        self._progress.advance(self._task)

    def summary(self, failed: int, took_s: float) -> None:
        """The last line before the report's path."""
        print(f"{self.done} points measured in {took_s / 60:.1f} minutes" + (f", {failed} failed" if failed else ""))


def _duration(forecast: Forecast) -> str:
    if forecast.high_s >= 180:
        return f"{forecast.low_s / 60:.0f} to {forecast.high_s / 60:.0f} minutes"
    return f"{forecast.low_s:.0f} to {forecast.high_s:.0f} s"


def _where(devices: int | None) -> str:
    if devices is None:
        return " of measuring in all, on as many devices at once as the cluster gives"
    return f" on {devices} devices at once" if devices > 1 else ""
