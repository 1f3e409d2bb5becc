"""How OpenMP's threads wait for each other: torch's on a CPU.

By default they spin for a while. On a busy machine, where a thread waits for another that is not running, that is CPU
time without work, and energy that is estimated from CPU time counts it. Other libraries' threads do not spin so, and a
technique that changes the library would look like a saving. Points therefore run with threads that sleep.
"""

from __future__ import annotations

import os

VARIABLE = "OMP_WAIT_POLICY"
"""OpenMP 5.2, section 21.1.5; GNU's libgomp, which torch's Linux wheels carry, spins for 0 iterations under PASSIVE."""


def wait_passively() -> None:
    """Asks for threads that sleep, unless the user has chosen. Call before importing torch, which reads it once."""
    os.environ.setdefault(VARIABLE, "PASSIVE")


def wait_policy() -> str | None:
    """What was asked for; None where nothing was."""
    return os.environ.get(VARIABLE)
