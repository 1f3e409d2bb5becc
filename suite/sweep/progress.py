"""The sweep's progress on the terminal: points done, time left, what the current point is doing."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from suite.record.schema import Reason, Status
from suite.sweep.forecast import Forecast
from suite.sweep.pace import TimeLeft
from suite.sweep.point_run import Reporter
from suite.text import numbers as text

_FAR_OFF = 1.25  # a point that takes so much longer than foretold is worth a line
_LONGEST_REASON = 400
_MARKS: dict[str, str] = {"ok": "✓ ok     ", "skipped": "- skipped", "failed": "✗ failed "}


class Console(Reporter):
    """Draws a bar on a terminal; prints one line a point elsewhere."""

    def __init__(self, total: int, left: TimeLeft | None = None) -> None:
        """For so many points; ``left`` says for how long (None: as long a point as those before)."""
        self._total, self.done, self._left_out, self._left = total, 0, 0, left
        self._console = RichConsole(highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            disable=not sys.stdout.isatty(),
        )
        self._task = self._progress.add_task("", total=total, left="")
        self._title, self._point_began_s = "", 0.0
        self._began_s, self._corrected = time.monotonic(), ""

    def announce(self, done: int, forecast: Forecast, folder: Path) -> None:
        """Says, before anything runs, how much there is to do and how long it will take."""
        already = f", {done} already measured" if done else ""
        about = f", about {_from_to(forecast.low_s, forecast.high_s)}{_where(forecast.devices)}" if self._total else ""
        print(f"{text.counted(text.whole(self._total), 'point', 'points')} to measure{already}{about}, into {folder}")

    def __enter__(self) -> Self:
        self._began_s = time.monotonic()
        self._progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._progress.stop()

    def begin(self, title: str) -> None:
        """Shows the point's title."""
        self._title, self._point_began_s = title, time.monotonic()
        self._progress.update(self._task, description=title)

    def stage(self, text: str, left_s: tuple[float, float] | None = None) -> None:
        """Shows what the point is doing; says so where it turns out to take longer than was foretold."""
        self._progress.update(self._task, description=f"{self._title}: {text}")
        if left_s is None or self._left is None or self._title == self._corrected:
            return
        self._corrected = self._title
        foretold_s = self._left.foretold_s(self._title)
        spent_s = time.monotonic() - self._point_began_s
        low_s, high_s = spent_s + left_s[0], spent_s + left_s[1]
        if foretold_s is not None and low_s > _FAR_OFF * foretold_s[1]:
            self.say(f"{self._title}: takes longer than foretold, {_from_to(low_s, high_s)}: its queries are slow")

    def say(self, line: str) -> None:
        """Prints ``line`` above the bar."""
        self._console.print(line, markup=False, soft_wrap=True)

    def end(self, title: str, status: Status, reason: Reason | None) -> None:
        """Prints the point's line."""
        self.done += 1
        why = f": {_shortened(reason.message.splitlines()[0])}" if reason and reason.message else ""
        left = self._time_left(title, status)
        shown = f"  ({left})" if left and self._progress.disable else ""
        is_first = self.done <= self._total  # a budget may have time for more blocks of some
        number = f"{self.done}/{self._total}" if is_first else "more blocks"
        line = f"[{number}] {_MARKS[status]} {title}{why}{shown}"
        self._console.print(line, markup=False, soft_wrap=True)
        self._progress.update(self._task, advance=1, left=left)

    def left_out(self, count: int, why: str) -> None:
        """Prints one line for all of them."""
        self._left_out += count
        self.say(f"{count} of {text.counted(text.whole(self._total), 'point', 'points')} left out: {why}")

    def _time_left(self, title: str, status: Status) -> str:
        if self._left is None:
            left_s = (time.monotonic() - self._began_s) / self.done * (self._total - self.done)
        else:
            took_s = time.monotonic() - self._point_began_s
            self._left.ended(title, took_s if status == "ok" and title == self._title else None)
            left_s = self._left.seconds()
        return f"{left_s / 60:.0f} min left" if left_s >= 30 else ""

    def summary(self, failed: int, took_s: float) -> None:
        """The last line before the report's path."""
        ends = [f"{failed} failed"] * bool(failed) + [f"{self._left_out} left out"] * bool(self._left_out)
        print(
            f"{text.counted(text.whole(self.done), 'point', 'points')} measured in {took_s / 60:.1f} minutes"
            + "".join(f", {end}" for end in ends)
        )


def _shortened(line: str) -> str:
    """Whole where it says what to do; what libraries say has no end."""
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"


def _from_to(low_s: float, high_s: float) -> str:
    unit_s, unit = (60, "minutes") if high_s >= 180 else (1, "s")
    low, high = (f"{each / unit_s:.0f}" for each in (low_s, high_s))
    return f"{high} {unit}" if low == high else f"{low} to {high} {unit}"


def _where(devices: int | None) -> str:
    if devices is None:
        return " of measuring in all, on as many devices at once as the cluster gives"
    return f" on {devices} devices at once" if devices > 1 else ""
