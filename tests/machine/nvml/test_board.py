import os
import subprocess
import sys

import pynvml
import pytest

from suite.errors import InputError
from suite.machine.nvml.board import Board
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml

HERE, OTHER = "GPU-11111111-0000-4000-8000-000000000000", "GPU-22222222-0000-4000-8000-000000000000"


@pytest.fixture
def machine():
    """Two boards at 500 W and 300 W; the second one is ours."""
    boards = [
        SimulatedBoard(trace=PowerTrace(500.0), uuid=OTHER),
        SimulatedBoard(trace=PowerTrace(300.0), uuid=HERE, power_average_s=1.0),
    ]
    with SimulatedNvml(boards).installed():
        yield boards


@pytest.mark.parametrize("uuid", [HERE, HERE.removeprefix("GPU-"), HERE.removeprefix("GPU-").upper()])
def test_a_board_is_found_by_its_uuid(machine, uuid):
    board = Board.by_uuid(uuid)
    assert (board.index, board.uuid, board.power_w()) == (1, HERE, 300.0)


@pytest.mark.parametrize("uuid", ["", "GPU-", "1", HERE[:12], "MIG-11111111-0000-4000-8000-000000000000"])
def test_no_other_board_is_taken_instead(machine, uuid):
    with pytest.raises(InputError, match="NVML knows no board"):
        Board.by_uuid(uuid)


def test_a_board_in_mig_slices_is_refused(machine):
    machine[1].mig = True
    with pytest.raises(InputError, match="MIG slices"):
        Board.by_uuid(HERE)


@pytest.mark.parametrize("mig", [None, False])
def test_a_whole_board_is_taken(machine, mig):
    machine[1].mig = mig
    assert Board.by_uuid(HERE).index == 1


def test_a_machine_without_nvml_is_bad_input(monkeypatch):
    def fails():
        raise pynvml.NVMLError_LibraryNotFound

    monkeypatch.setattr(pynvml, "nvmlInit", fails)
    with pytest.raises(InputError, match="NVML does not start"):
        Board.by_uuid(HERE)


@pytest.mark.parametrize("fault", ["no_counter", "error", "crash", "nan"])
def test_a_counter_that_cannot_be_read_is_missing(machine, fault):
    machine[1].fault = fault
    board = Board.by_uuid(HERE)
    assert board.energy_mj() is None
    assert not board.has_counter


def test_power_that_cannot_be_read_is_missing(machine):
    board = Board.by_uuid(HERE)
    machine[1].fault = "error"
    assert board.power_w() is None


@pytest.mark.parametrize(("instant", "power_w"), [(True, 200.0), (False, 250.0)])
def test_power_is_the_moments_where_the_board_shows_it(instant, power_w):
    trace = PowerTrace(300.0)
    trace.set_power(200.0, 10.0)
    board = SimulatedBoard(trace=trace, uuid=HERE, clock=lambda: 10.5, power_average_s=1.0, has_instant_power=instant)
    with SimulatedNvml([board]).installed():
        assert Board.by_uuid(HERE).power_w() == power_w


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        (pynvml.nvmlClocksEventReasonGpuIdle, []),
        (pynvml.nvmlClocksEventReasonNone, []),
        (pynvml.nvmlClocksEventReasonSwPowerCap, ["power limit reached"]),
        (
            pynvml.nvmlClocksEventReasonHwThermalSlowdown | pynvml.nvmlClocksEventReasonHwSlowdown,
            ["too hot (hardware)", "hardware slowdown"],
        ),
    ],
)
def test_throttling_is_told_in_words(machine, reasons, words):
    machine[1].clocks_event_reasons = reasons
    assert Board.by_uuid(HERE).state().throttle_reasons == words


def test_a_state_is_read(machine):
    machine[1].temperature_c, machine[1].sm_clock_mhz = 71, 1410
    state = Board.by_uuid(HERE).state()
    assert (state.temperature_c, state.sm_clock_mhz) == (71.0, 1410.0)


def test_what_nvml_does_not_say_is_none(machine, monkeypatch):
    def unsupported(*arguments):
        raise pynvml.NVMLError_NotSupported

    for name in ("Temperature", "ClockInfo", "CurrentClocksEventReasons", "EnforcedPowerLimit"):
        monkeypatch.setattr(pynvml, f"nvmlDeviceGet{name}", unsupported)
    board = Board.by_uuid(HERE)
    state = board.state()
    assert (state.temperature_c, state.sm_clock_mhz, state.throttle_reasons) == (None, None, [])
    assert board.power_limit_w is None


@pytest.mark.parametrize(
    ("pids", "foreign"),
    [
        ([os.getpid()], 0),
        ([os.getpid(), os.getppid()], 0),  # what started us
        ([os.getpid(), 2**31 - 1, 2**31 - 2], 2),
        ([], None),  # a container hides even our own
        ([2**31 - 1], None),  # or shows the machine's numbers, which are not comparable with ours
    ],
)
def test_other_processes_on_the_board_are_counted(machine, pids, foreign):
    machine[1].pids = pids
    assert Board.by_uuid(HERE).foreign_processes() == foreign


def test_a_process_that_we_started_is_ours(machine):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        machine[1].pids = [os.getpid(), child.pid]
        assert Board.by_uuid(HERE).foreign_processes() == 0
    finally:
        child.communicate(b"\n")


@pytest.mark.parametrize(("name", "scope"), [("NVIDIA H100 80GB HBM3", "board"), ("NVIDIA GH200 480GB", "module")])
def test_the_counter_of_a_superchip_covers_the_module(machine, name, scope):
    machine[1].name = name
    assert Board.by_uuid(HERE).scope == scope
