import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from codecarbon.core import hardware_cache

from benchmarks.measurement.virtual import VirtualClock, real_codecarbon, world
from suite.errors import InputError
from suite.machine.nvml.background import Threads
from suite.machine.nvml.board import Board
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from suite.meters import codecarbon
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


@pytest.mark.slow
@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: nothing is estimated here")
@pytest.mark.parametrize("seconds", [0.3, 2.1])
def test_the_estimate_counts_cpu_seconds_in_windows_of_any_length(elsewhere, seconds):
    """CodeCarbon's thread that wakes once a second would read 2.1 s of a busy interpreter as about 3 s."""
    with CodeCarbon(tdp_w=float(os.cpu_count())).open("cpu") as meter:
        before_s = time.process_time()
        readings = measured(meter, seconds)
        used_s = time.process_time() - before_s
    assert readings.energy_j["cpu"] == pytest.approx(used_s, abs=0.05)  # one watt a core; clock steps of 10 ms


@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: there is no TDP")
@pytest.mark.parametrize(
    ("tdp_w", "model", "tdp", "listed_w", "source"),
    [
        (50.0, "any", 65.0, 65.0, "conf"),
        (None, "a CPU of the table", 65.0, 65.0, "CodeCarbon's table"),
        (None, "a CPU that is in no table", 8.0, None, "4 W a thread"),
        (None, "Unknown", None, None, "CodeCarbon's constant"),
    ],
)
def test_the_tdp_names_its_source(elsewhere, monkeypatch, tdp_w, model, tdp, listed_w, source):
    found = SimpleNamespace(model=model, tdp=tdp, _get_cpu_power_from_registry=lambda name: listed_w)
    monkeypatch.setattr(hardware_cache, "_tdp", found)
    with CodeCarbon(tdp_w=tdp_w).open("cpu") as meter:
        assert meter.describe()["components"]["cpu"]["tdp_source"].startswith(source)


def test_a_board_is_described(elsewhere):
    board = SimulatedBoard(trace=PowerTrace(200.0), name="a board")
    with (
        SimulatedNvml([board]).installed(),
        CodeCarbon(tdp_w=None).open_on((Board.by_uuid(board.uuid),), background=Threads()) as meter,
    ):
        boards, described = meter.describe()["boards"], meter.describe()["components"]["gpu"]
    assert boards == {"0": {"uuid": board.uuid, "name": "a board"}}
    assert (described["scope"], described["energy_counter"]) == ("board", True)
    assert described["period_s"] is described["lag_s"] is None  # not probed yet


@pytest.mark.parametrize(("lag_s", "is_interpolated"), [(0.0, True), (1.0, False)])
def test_the_counter_is_probed_once_under_load_and_described(elsewhere, lag_s, is_interpolated):
    with world(1.0, real_codecarbon(), lag_s=lag_s, reading_s=0.003) as here:
        ticker = here.meter.ticker(lambda: here.arms["baseline"].loop.run(20))
        described = here.meter.describe()["components"]["gpu"]
        assert ticker.read() > 0
    assert ticker.period_s == described["period_s"] == pytest.approx(0.1, abs=0.001)
    assert ticker.lag_s == described["lag_s"] == pytest.approx(lag_s, abs=0.01)
    assert (ticker.interpolation is not None) == is_interpolated


@pytest.mark.parametrize(("lag_s", "is_interpolated"), [(0.0, True), (1.0, False)])
def test_the_points_of_a_run_share_what_the_first_found_of_the_counter(monkeypatch, tmp_path, lag_s, is_interpolated):
    clock = VirtualClock()
    monkeypatch.setattr("time.perf_counter", clock)
    board = SimulatedBoard(trace=PowerTrace(60.0), lag_s=lag_s, clock=clock, wait=clock.sleep)

    def work():
        board.trace.set_power(300.0, clock.now_s)
        clock.sleep(0.1)
        board.trace.set_power(60.0, clock.now_s)

    def found_by(work):
        with CodeCarbon(tdp_w=None).open_on((Board.by_uuid(board.uuid),), background=clock) as meter:
            ticker = meter.ticker(work, shared=tmp_path)
            return ticker.period_s, ticker.lag_s, ticker.interpolation is not None

    with SimulatedNvml([board]).installed():
        first = found_by(work)
        assert first == (pytest.approx(0.1, abs=0.001), pytest.approx(lag_s, abs=0.02), is_interpolated)
        assert found_by(lambda: pytest.fail("probed anew")) == first


def test_a_load_too_small_to_tell_leaves_the_lag_to_the_next_point(monkeypatch, tmp_path):
    clock = VirtualClock()
    monkeypatch.setattr("time.perf_counter", clock)
    board = SimulatedBoard(trace=PowerTrace(60.0), clock=clock, wait=clock.sleep)
    with (
        SimulatedNvml([board]).installed(),
        CodeCarbon(tdp_w=None).open_on((Board.by_uuid(board.uuid),), background=clock) as meter,
    ):
        ticker = meter.ticker(lambda: clock.sleep(0.1), shared=tmp_path)
    assert (ticker.lag_s, ticker.interpolation) == (None, None)  # so windows wait for a step
    assert ticker.period_s == pytest.approx(0.1, abs=0.001)
    assert list(tmp_path.glob("counter-*")) == []


def test_the_watch_on_a_counter_ends_with_the_meter(elsewhere):
    with world(1.0, real_codecarbon(), lag_s=0.0) as here:
        ticker = here.meter.ticker(lambda: here.arms["baseline"].loop.run(20))
        here.idle(1.0)
        noted = ticker.interpolation.watches[0].steps()
        assert len(noted) > 10
        here.meter.close()
        here.idle(1.0)
        assert ticker.interpolation.watches[0].steps() == noted


def test_nothing_looks_at_a_board_that_is_to_idle(elsewhere):
    with world(1.0, real_codecarbon(), lag_s=0.0) as here:
        here.meter.ticker(lambda: here.arms["baseline"].loop.run(20))
        here.idle(0.5)
        token, asked = here.meter.start(quiet=True), []
        shown_mj = here.meter.board.counter_mj
        here.meter.board.counter_mj = lambda: asked.append(1) or shown_mj()
        here.idle(2.0)
        assert asked == []
        readings = here.meter.stop(token)
        asked.clear()
        here.idle(1.0)
        assert len(asked) > 10  # and it goes on afterwards
    assert readings.energy_j["gpu"] == pytest.approx(2 * 60.0, abs=6.1)  # a step of 60 W


def test_a_cpu_has_no_tick_to_wait_for(elsewhere):
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        assert meter.ticker(lambda: None) is None


def test_twice_the_work_is_twice_the_energy(elsewhere):
    if rapl_readable():
        pytest.skip("RAPL counts the whole machine, which this test does not keep idle")
    with CodeCarbon(tdp_w=20.0).open("cpu") as meter:
        once, twice = measured(meter, 0.3).energy_j["cpu"], measured(meter, 0.6).energy_j["cpu"]
    assert twice / once == pytest.approx(2.0, rel=0.1)


def test_no_socket_is_opened_and_no_file_is_left(elsewhere, monkeypatch):
    opened = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: opened.append(address))
    before = sorted(path.name for path in elsewhere.iterdir())
    with CodeCarbon(tdp_w=None).open("cpu") as meter:
        measured(meter, 0.1)
    assert opened == []
    assert sorted(path.name for path in elsewhere.iterdir()) == before


@pytest.mark.parametrize("tdp_w", [0, -5.0, float("inf")])
def test_a_power_that_cannot_be_is_refused(tdp_w):
    with pytest.raises(InputError, match="tdp_w"):
        CodeCarbon(tdp_w=tdp_w)


@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: nothing is estimated here")
def test_a_process_that_lives_within_a_window_is_counted(elsewhere):
    """CodeCarbon alone reads 0 J of it: compilers and export tools are such processes."""
    burn_in_child = "import time\nwhile time.process_time() < 0.6: pass"
    cores = os.cpu_count()
    with CodeCarbon(tdp_w=float(10 * cores)).open("cpu") as meter:
        token = meter.start()
        subprocess.run([sys.executable, "-c", burn_in_child], check=True)
        readings = meter.stop(token)
    assert 5.5 < readings.energy_j["cpu"] < 9  # 10 W for 0.6 s to steps of 10 ms, and what its start took


@pytest.mark.slow
@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: nothing is estimated here")
def test_many_short_windows_add_up_to_one_long(elsewhere, monkeypatch):
    """Each is charged for the tracker's own work, which is taken off again.

    Without that they read about 4 % too much. CPU time steps by 10 ms, so that only many windows, and many empty ones,
    tell it from chance: the sum is good to 1 %.
    """
    cores = os.cpu_count()
    monkeypatch.setattr(codecarbon, "_EMPTY_WINDOWS", 400)
    with CodeCarbon(tdp_w=float(10 * cores)).open("cpu") as meter:
        short_j = sum(measured(meter, 0.05).energy_j["cpu"] for _ in range(100))
        described = meter.describe()["components"]["cpu"]
    assert short_j == pytest.approx(10 * 100 * 0.05, rel=0.03)
    assert described["taken_off_each_window_j"] > 0


@pytest.mark.skipif(rapl_readable(), reason="RAPL is readable: nothing is estimated here")
def test_another_process_and_its_children_are_counted_and_not_this_one(elsewhere):
    """It burns 0.3 s itself and has a child burn 0.3 s, at 10 W a core."""
    burn = "while time.process_time() < 0.3: pass"
    child = f"import time\n{burn}"
    work = f"import subprocess, sys, time\ninput()\n{burn}\nsubprocess.run([sys.executable, '-c', {child!r}])\n"
    other = subprocess.Popen(
        [sys.executable, "-c", work + "print('done', flush=True)\ninput()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with other, CodeCarbon(tdp_w=float(10 * os.cpu_count())).open("cpu", pid=other.pid) as meter:
        token = meter.start()
        other.stdin.write("\n")
        other.stdin.flush()
        burn_here = time.process_time() + 0.5
        while time.process_time() < burn_here:
            pass
        assert other.stdout.readline() == "done\n"
        readings = meter.stop(token)
        scope = meter.describe()["components"]["cpu"]["scope"]
        other.communicate("\n")
    assert 5.5 < readings.energy_j["cpu"] < 8.5  # 10 W for 0.6 s, and what the child's start took
    assert scope == "the server and its children"


def test_a_process_that_is_not_there_cannot_be_counted(elsewhere):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(InputError, match="no CPU time can be read"):
        CodeCarbon(tdp_w=20.0).open("cpu", pid=gone.pid)
