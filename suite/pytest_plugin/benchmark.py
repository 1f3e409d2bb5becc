"""The fixture ``energy_benchmark``, and the gate that holds its figures against an earlier run's."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from suite.api import EnergyMeasurement, ReferenceWorkload, measure_energy
from suite.api.measuring import held_device
from suite.api.reference_workload import interpreted, matrices
from suite.core.meter import Meter
from suite.core.protocol import Protocol
from suite.errors import InputError
from suite.machine.which_device import boards_meant, device_meant
from suite.pytest_plugin.earlier_run import SavedEnergy, energies_of, rise_of
from suite.text import numbers as text

OPEN = ", too wide to tell: give more time (--energy-budget, --energy-protocol)"


@dataclasses.dataclass
class Gate:
    """What figures are held against.

    Attributes:
        file: the earlier run's.
        earlier: its energies by the full name of the test; None where figures are held against nothing.
        allowed: share by which energy may rise; None for any.
        lines: what was found, for the end of the run.
        measured: full names of the tests that were measured.
    """

    file: str = ""
    earlier: Mapping[str, SavedEnergy] | None = None
    allowed: float | None = None
    lines: list[str] = dataclasses.field(default_factory=list)
    measured: set[str] = dataclasses.field(default_factory=set)

    @classmethod
    def of(cls, file: str | None, allowed: str | None) -> Gate:
        """As the options say.

        Raises:
            InputError: a share without a file, or one of them cannot be read.
        """
        share = None if allowed is None else _share(allowed)
        if file is None:
            raise InputError("--energy-fail needs an earlier run", got=allowed, remedy="give --energy-compare=FILE")
        return cls(file=file, earlier=energies_of(Path(file)), allowed=share)

    def check(self, name: str, found: EnergyMeasurement) -> None:
        """Notes a line for ``found``, and fails the test where its energy has risen by more than is allowed."""
        self.measured.add(name)
        change, failure = self._against_earlier(name, found)
        self.lines.append(f"{found}{change}")
        self.lines += [f"  {warning.code}: {warning.message}" for warning in found.warnings]
        if failure:
            pytest.fail(failure, pytrace=False)

    def summary(self) -> list[str]:
        """What was found, and how much of the earlier run was measured again: tests that are gone go unheld."""
        if self.earlier is None:
            return self.lines
        missing = sorted(self.earlier.keys() - self.measured)
        again = f"{len(self.earlier) - len(missing)} of the {len(self.earlier)} tests of {self.file} were measured"
        return [*self.lines, f"{again}; not measured: {', '.join(missing)}" if missing else again]

    def _against_earlier(self, name: str, found: EnergyMeasurement) -> tuple[str, str | None]:
        """What to say of the change, and why the test fails, if it does."""
        if self.earlier is None:
            return "", None
        saved = self.earlier.get(name)
        why = "it is not in there" if saved is None else saved.difference_to(found)
        rise = None if saved is None or why else rise_of(saved, found)
        if saved is None or rise is None:
            return f"; not held against {self.file}: {why or 'too few blocks'}", None
        low, high = rise.ratio.ends
        interval = f"{text.change(rise.ratio.estimate)} {text.change_interval(low, high)}"
        change = f"{interval} {rise.basis} against {self.file}"
        if self.allowed is None or low <= 1 + self.allowed:
            is_open = self.allowed is not None and high > 1 + self.allowed
            return f"; {change}{OPEN if is_open else ''}", None
        return f"; {change}: a regression", (
            f"energy per query changed by {change}, {rise.course} ({found.basis} "
            f"{found.component.upper()} energy): surely more than the {text.significant(100 * self.allowed)} % that "
            "--energy-fail allows"
        )


def _share(allowed: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", allowed.strip())
    if found is None:
        raise InputError("--energy-fail takes per cent", got=allowed, remedy="give for example 5%")
    return float(found.group(1)) / 100


class EnergyBenchmark:
    """Times a function as pytest-benchmark does, then measures its energy per query."""

    def __init__(
        self,
        benchmark: Any,
        gate: Gate,
        *,
        meter: str | Meter,
        protocol: str | Protocol,
        reference: str | ReferenceWorkload,
        budget_s: float,
        device: str,
        say: Callable[[str], None],
    ) -> None:
        """``benchmark`` is pytest-benchmark's own fixture, whose row and json get the energy as ``extra_info``."""
        self.benchmark, self.result = benchmark, None
        self._gate, self._meter, self._protocol, self._reference = gate, meter, protocol, reference
        self.budget_s, self.device, self._say = budget_s, device, say

    result: EnergyMeasurement | None
    """What was measured; None before, and where benchmarks are disabled."""

    def __call__(self, function: Callable[..., Any], /, *args: Any, queries: int = 1, **kwargs: Any) -> Any:
        """Calls ``function`` with ``args`` and ``kwargs`` again and again, and returns what it returns.

        Args:
            function: does ``queries`` queries a call.
            args: of it.
            queries: of a call.
            kwargs: of it.

        Raises:
            InputError: the function failed, or the budget is too short.
        """
        if not self.benchmark.enabled:
            return self.benchmark(function, *args, **kwargs)
        device = device_meant(self.device)
        with held_device(device, boards_meant(device, None), wait=True, say=self._say):  # its timing is work as well
            returned = self.benchmark(function, *args, **kwargs)
            with _untraced():
                self.result = measure_energy(
                    functools.partial(function, *args, **kwargs),
                    queries=queries,
                    budget_s=self.budget_s,
                    device=device,
                    protocol=self._protocol,
                    meter=self._meter,
                    name=self.benchmark.fullname,
                    lock="none",
                    reference=reference_meant(self._reference, device),
                )
        self.benchmark.extra_info["energy"] = self.result.to_dict()
        self._gate.check(self.benchmark.fullname, self.result)
        return returned


def reference_meant(wanted: str | ReferenceWorkload, device: str) -> ReferenceWorkload | None:
    """The workload itself, or that of this name; ``auto`` is ``python`` on the CPU and ``none`` on a GPU.

    Raises:
        InputError: it is neither a workload nor such a name, or interpreted Python is to keep a GPU at work.
    """
    if isinstance(wanted, ReferenceWorkload):
        return wanted
    name = ("python" if device == "cpu" else "none") if wanted == "auto" else wanted
    if name == "python" and device != "cpu":
        raise InputError("interpreted Python does no work on a GPU", got=name, remedy="give torch or none")
    known: dict[str, Callable[[], ReferenceWorkload | None]] = {
        "python": interpreted,
        "torch": lambda: matrices(device),
        "none": lambda: None,
    }
    if name not in known:
        remedy = f"give a suite.ReferenceWorkload, auto, {', '.join(known)}"
        raise InputError("energy_reference is no reference", got=wanted, remedy=remedy)
    return known[name]()


@contextlib.contextmanager
def _untraced() -> Iterator[None]:
    """Coverage and debuggers off: their work would be a part of every query."""
    trace, profile = sys.gettrace(), sys.getprofile()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.settrace(trace)
        sys.setprofile(profile)
