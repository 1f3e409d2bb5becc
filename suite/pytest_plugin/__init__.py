"""A plugin of pytest, on pytest-benchmark: the fixture ``energy_benchmark`` (docs/pytest.md).

pytest loads this module at every start, so nothing else of the suite is imported until the fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from suite.pytest_plugin.benchmark import EnergyBenchmark, Gate

_GATE: pytest.StashKey[Gate] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, all of which begin with ``--energy``."""
    group = parser.getgroup("energy", "energy of benchmarks")
    group.addoption("--energy-compare", metavar="FILE", help="json that pytest-benchmark saved earlier, with energy")
    group.addoption(
        "--energy-fail", metavar="PERCENT", help="fail where energy per query rose by more than that, such as 5%%"
    )
    group.addoption(
        "--energy-budget", metavar="SECONDS", type=float, default=20.0, help="of each measurement (default: 20)"
    )
    group.addoption(
        "--energy-protocol", metavar="NAME", default="functions", help="of conf/protocol (default: functions)"
    )
    group.addoption("--energy-meter", metavar="NAME", default="codecarbon", help="of conf/meter (default: codecarbon)")
    group.addoption(
        "--energy-reference",
        choices=("auto", "python", "torch", "none"),
        default="auto",
        help="measured beside functions; torch: products of matrices; auto: python on the CPU, none on a GPU",
    )
    group.addoption("--energy-device", metavar="DEVICE", default="auto", help="auto, cpu or cuda (default: auto)")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the earlier run, where one is given, so that a wrong file ends the run before it begins.

    Raises:
        UsageError: the options or the file are wrong.
    """
    file, allowed = config.getoption("energy_compare"), config.getoption("energy_fail")
    if file is None and allowed is None:
        return
    if allowed is not None and (off := _why_off(config)):
        raise pytest.UsageError(f"--energy-fail would look at nothing: {off}")
    from suite.errors import InputError
    from suite.pytest_plugin.benchmark import Gate

    try:
        config.stash[_GATE] = Gate.of(file, allowed)
    except InputError as error:
        raise pytest.UsageError(str(error)) from error


def _why_off(config: pytest.Config) -> str | None:
    """Why no benchmark of this run is measured, if so; pytest-benchmark is off where several processes run tests."""
    if config.getoption("numprocesses", None) or config.getoption("tx", None):
        return "leave -n out, energy is measured by one process at a time"
    for option in ("benchmark_disable", "benchmark_skip"):
        if config.getoption(option, False):
            return f"leave --{option.replace('_', '-')} out"
    return None


@pytest.fixture(scope="session")
def energy_meter(request: pytest.FixtureRequest) -> Any:
    """What energy is read by: the option, unless a project has a fixture of this name with a meter of its own."""
    return request.config.getoption("energy_meter")


@pytest.fixture(scope="session")
def energy_protocol(request: pytest.FixtureRequest) -> Any:
    """How long is measured: the option, unless a project has a fixture of this name with a protocol of its own."""
    return request.config.getoption("energy_protocol")


@pytest.fixture(scope="session")
def energy_reference(request: pytest.FixtureRequest) -> Any:
    """What functions are measured beside: the option, unless a project has a ``ReferenceWorkload`` of its own."""
    return request.config.getoption("energy_reference")


@pytest.fixture
def energy_benchmark(
    benchmark: Any, energy_meter: Any, energy_protocol: Any, energy_reference: Any, request: pytest.FixtureRequest
) -> EnergyBenchmark:
    """Times a function as ``benchmark`` does, and measures its energy per query."""
    from suite.pytest_plugin.benchmark import EnergyBenchmark, Gate

    option = request.config.getoption
    gate = request.config.stash.setdefault(_GATE, Gate())
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    return EnergyBenchmark(
        benchmark,
        gate,
        meter=energy_meter,
        protocol=energy_protocol,
        reference=energy_reference,
        budget_s=option("energy_budget"),
        device=option("energy_device"),
        say=reporter.write_line if reporter else _unheard,
    )


def _unheard(line: str) -> None:
    """Where pytest has no terminal."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line a function that was measured, and what of the earlier run was not."""
    gate = terminalreporter.config.stash.get(_GATE, None)
    lines = [] if gate is None else gate.summary()
    if lines:
        terminalreporter.section("energy per query")
    for line in lines:
        terminalreporter.write_line(line)
