"""Work on a CPU whose energy counters can be read: CodeCarbon as it is, on a tree of counters with exact truth."""

import errno

import pytest
from codecarbon.core import cpu, hardware_cache

from suite.errors import ImpossibleOutput, InputError
from suite.meters import codecarbon
from suite.meters.codecarbon import CodeCarbon
from tests.powercap import RANGE_UJ, Powercap


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Two packages with their parts, and the platform's counter, which holds all of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(codecarbon, "_EMPTY_WINDOWS", 4)
    machine = Powercap(tmp_path / "sys")
    machine.add("intel-rapl:0", "package-0", 1_000_000_000).add("intel-rapl:0:0", "core", 700_000_000)
    machine.add("intel-rapl:0:1", "dram", 300_000_000)
    machine.add("intel-rapl:1", "package-1", 5_000_000_000).add("intel-rapl:1:0", "dram", 350_000_000)
    machine.add("intel-rapl:2", "psys", 9_000_000_000)
    with machine.installed():
        yield machine


def window(machine, meter, **joules):
    token = meter.start()
    machine.use(**joules)
    return meter.stop(token)


def described(meter):
    return meter.describe()["components"]["cpu"]


def test_the_energy_is_that_of_all_packages_and_of_nothing_else(machine):
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        machine.use(p0=3.0, p1=4.0)  # between windows
        readings = window(machine, meter, p0=12.5, p1=7.25, psys=90.0)
        facts = described(meter)
    assert readings.energy_j["cpu"] == pytest.approx(19.75)
    assert readings.method == {"cpu": "measured:rapl"}
    assert (facts["method"], facts["scope"]) == ("measured:rapl", "machine")
    assert facts["domains"] == ["package-0", "package-1"]
    assert facts["domains_not_read"] == ["core", "dram", "psys"]
    assert "tdp_w" not in facts


def test_a_counter_that_wraps_around_loses_nothing(machine):
    machine.add("intel-rapl:3", "package-3", RANGE_UJ - 2_000_000)
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        token = meter.start()
        machine.use(p0=1.0, p1=1.0)
        machine._rise(machine.folders["intel-rapl:3"], 5_000_000)
        readings = meter.stop(token)
    assert readings.energy_j["cpu"] == pytest.approx(7.0, abs=1e-5)


def test_a_counter_that_wraps_at_an_unknown_value_fails_the_window(machine):
    (machine.folders["intel-rapl:1"] / "max_energy_range_uj").write_text("0")
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        token = meter.start()
        machine.use(p0=1.0)
        (machine.folders["intel-rapl:1"] / "energy_uj").write_text("100\n")
        with pytest.raises(ImpossibleOutput, match="package-1 gave no usable reading"):
            meter.stop(token)


@pytest.mark.parametrize("fault", [OSError(errno.EIO, "Input/output error"), PermissionError(13, "denied")])
@pytest.mark.parametrize("edge", ["start", "stop"])
def test_a_reading_that_fails_at_an_edge_fails_the_window(machine, fault, edge):
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        if edge == "start":
            machine.broken["intel-rapl:1"] = fault
        token = meter.start()
        machine.use(p0=5.0, p1=5.0)
        machine.broken = {"intel-rapl:1": fault} if edge == "stop" else {}
        with pytest.raises(ImpossibleOutput, match="package-1 gave no usable reading"):
            meter.stop(token)
        machine.broken = {}
        assert window(machine, meter, p0=1.0, p1=1.0).energy_j["cpu"] == pytest.approx(2.0)


def test_one_package_that_stands_still_fails_the_window(machine, monkeypatch):
    monkeypatch.setattr("suite.machine.rapl._STILL_S", 0.0)
    with CodeCarbon(tdp_w=None).open("cpu") as meter, pytest.raises(ImpossibleOutput, match="package-1 stood still"):
        window(machine, meter, p0=5.0)


@pytest.mark.parametrize("tdp_w", [None, 50.0])
def test_one_unreadable_package_of_two_leaves_the_cpu_to_the_estimate(machine, tdp_w):
    machine.unreadable = {"intel-rapl:1"}
    assert cpu.is_rapl_available()  # CodeCarbon alone would read the other one
    with CodeCarbon(tdp_w=tdp_w).open("cpu") as meter:
        facts, mode = described(meter), meter.describe()["tracking_mode"]
        token = meter.start()
        machine.use(p0=1000.0)
        readings = meter.stop(token)
    assert (facts["method"], mode) == ("estimated:cpu_time_x_tdp", "process")
    assert facts["unreadable_domains"] == ["package-1"]
    assert readings.method == {"cpu": "estimated:cpu_time_x_tdp"}
    assert readings.energy_j["cpu"] < 100


def test_an_unreadable_package_on_an_unknown_cpu_is_bad_input(machine, monkeypatch):
    machine.unreadable = {"intel-rapl:1"}
    unknown = type("Tdp", (), {"model": "Unknown", "tdp": None})
    monkeypatch.setattr(hardware_cache, "get_cached_tdp", lambda module: unknown)
    monkeypatch.setattr("codecarbon.core.resource_tracker.get_cached_tdp", lambda module: unknown)
    with pytest.raises(InputError, match=r"\['package-1'\], give meter\.tdp_w"):
        CodeCarbon(tdp_w=None).open("cpu")


def test_the_platform_without_packages_is_not_the_cpu(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    machine = Powercap(tmp_path / "sys").add("intel-rapl:0", "psys", 9_000_000_000)
    with machine.installed(), CodeCarbon(tdp_w=10.0).open("cpu") as meter:
        assert described(meter)["method"] == "estimated:cpu_time_x_tdp"


def test_what_the_machine_draws_while_a_window_opens_and_closes_is_taken_off(machine):
    """Each look at a counter costs 2 mJ, so that an empty window of two packages is charged 4 mJ."""
    machine.per_reading_uj = 2_000
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        readings = window(machine, meter, p0=0.1, p1=0.3)
        facts = described(meter)
    assert facts["taken_off_each_window_j"] == pytest.approx(0.004)
    assert readings.energy_j["cpu"] == pytest.approx(0.4)


def test_a_counter_shown_twice_is_counted_once_and_named(machine):
    """Processors of several dies show one counter as a package for each."""
    machine.add("intel-rapl:3", "package-0-die-1", 1_000_000_000)
    machine.per_reading_uj = 500

    def both(joules):
        for domain in ("intel-rapl:0", "intel-rapl:3"):
            machine._rise(machine.folders[domain], round(joules * 1e6))

    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        token = meter.start()
        both(10.0)
        machine.use(p1=5.0)
        assert meter.stop(token).energy_j["cpu"] == pytest.approx(15.0, abs=0.01)
        assert described(meter)["domains"] == ["package-0", "package-1"]
        assert described(meter)["mirrors"] == ["package-0-die-1"]
        token = meter.start()
        machine.use(p0=10.0, p1=5.0)  # so it is a package of its own after all
        with pytest.raises(ImpossibleOutput, match="took package-0-die-1 for a mirror"):
            meter.stop(token)


def test_two_packages_whose_counters_cross_are_not_taken_for_one(machine):
    """CodeCarbon drops one for good once both are equal as a short window opens and draw about as much in it."""
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        for domain in ("intel-rapl:0", "intel-rapl:1"):
            (machine.folders[domain] / "energy_uj").write_text("7000000000\n")
        with pytest.raises(ImpossibleOutput, match="took the counter of package-1 for another's"):
            window(machine, meter, p0=2.0, p1=2.5)
