"""Running something again and again beside the measured work: in a thread, or on a simulated clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

_HANG_S = 2.0  # a driver that answers later is not waited for


class Background(Protocol):
    """What runs beside the caller, in the time of ``time.perf_counter``."""

    def repeat(self, action: Callable[[], float]) -> Callable[[], None]:
        """Calls ``action`` at once, and then each time at the moment in seconds that its last call returned.

        Returns:
            A function that ends it.
        """

    def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""


class Threads:
    """Threads and the machine's own time."""

    def repeat(self, action: Callable[[], float]) -> Callable[[], None]:
        """Runs ``action`` in a daemon thread; ending it waits for a running call, but not for one that hangs."""
        stopped = threading.Event()

        def run() -> None:
            while not stopped.is_set():
                stopped.wait(max(0.0, action() - time.perf_counter()))

        thread = threading.Thread(target=run, name="counter watch", daemon=True)
        thread.start()

        def stop() -> None:
            stopped.set()
            thread.join(_HANG_S)

        return stop

    def sleep(self, seconds: float) -> None:
        """Sleeps."""
        time.sleep(seconds)
