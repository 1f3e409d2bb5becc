import os
import socket
import time

import pytest

from suite.errors import ImpossibleOutput, InputError
from suite.meters.codecarbon import CodeCarbon


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working directory and home of its own, with CodeCarbon settings that would change every figure."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\npue=3\nforce_ram_power=500\n")
    monkeypatch.setenv("CODECARBON_PUE", "2")
    return tmp_path


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(1000))


def measured(meter, seconds):
    token = meter.start()
    burn(seconds)
    return meter.stop(token)


def rapl_readable():
    from codecarbon.core import cpu

    return cpu.is_rapl_available()


def test_every_reading_names_its_method(elsewhere):
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        readings = measured(meter, 0.2)
    assert set(readings.energy_j) == set(readings.method) == {"cpu"}
    assert readings.method["cpu"].split(":")[0] in ("measured", "estimated")


@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: nothing is estimated here")
def test_the_estimate_is_cpu_time_times_the_tdp_of_a_core(elsewhere):
    """Environment and config file ask for PUE 2 and 3 and 500 W of RAM: none of it may show."""
    cores = os.cpu_count()
    with CodeCarbon(tdp_w=float(10 * cores)).open("cpu") as meter:
        readings = measured(meter, 0.5)
        described = meter.describe()
    assert readings.energy_j["cpu"] == pytest.approx(10 * 0.5, rel=0.1)
    assert described["components"]["cpu"]["tdp_w"] == 10 * cores
    assert described["components"]["cpu"]["tdp_source"].startswith("conf")
    assert described["ram"] == "excluded"


@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: nothing is estimated here")
def test_an_estimate_is_warned_of(elsewhere):
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        assert [warning.code for warning in meter.warnings()] == ["cpu_energy_estimated"]


def test_twice_the_work_is_twice_the_energy(elsewhere):
    if rapl_readable():
        pytest.skip("RAPL counts the whole machine, which this test does not keep idle")
    with CodeCarbon(tdp_w=20.0).open("cpu") as meter:
        once, twice = measured(meter, 0.5).energy_j["cpu"], measured(meter, 1.0).energy_j["cpu"]
    assert twice / once == pytest.approx(2.0, rel=0.1)


def test_no_socket_is_opened_and_no_file_is_left(elsewhere, monkeypatch):
    opened = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: opened.append(address))
    before = sorted(path.name for path in elsewhere.iterdir())
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        measured(meter, 0.1)
    assert opened == []
    assert sorted(path.name for path in elsewhere.iterdir()) == before


def test_a_window_that_was_not_opened_is_an_error(elsewhere):
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        token = meter.start()
        meter.stop(token)
        with pytest.raises(ImpossibleOutput, match="no data"):
            meter.stop(token)


@pytest.mark.parametrize("tdp_w", [0, -5.0, float("inf")])
def test_a_power_that_cannot_be_is_refused(tdp_w):
    with pytest.raises(InputError, match="tdp_w"):
        CodeCarbon(tdp_w=tdp_w)
