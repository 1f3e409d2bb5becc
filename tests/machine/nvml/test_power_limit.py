"""A board's power limit is put back on every way out, and what a killed process left is found."""

import os
import signal
import subprocess
import sys

import msgspec
import pytest

from suite.errors import NotApplicable
from suite.machine.device_lock import FOLDER_VARIABLE, lock_folder
from suite.machine.nvml import power_limit
from suite.machine.nvml.board import Board, PowerLimits
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml

UUID = "GPU-11111111-0000-4000-8000-000000000000"


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    board = SimulatedBoard(trace=PowerTrace(300.0), uuid=UUID)
    with SimulatedNvml([board]).installed():
        yield board


def notes():
    return list(lock_folder().glob("power-limit-*"))


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave_behind(board, *, limit_w=400.0, pid=None):
    """What a process leaves that was killed with the limit at 200 W."""
    board.power_limit_w = 200.0
    note = power_limit.Note(pid=pid or ended_process(), process_started_s=1.0, limit_w=limit_w)
    (lock_folder() / f"power-limit-{UUID}.json").write_bytes(msgspec.json.encode(note))


def test_a_board_tells_its_limits(board):
    assert Board.by_uuid(UUID).power_limits() == PowerLimits(now_w=400.0, default_w=400.0, least_w=100.0, most_w=400.0)


def test_the_limit_that_is_read_is_the_one_in_force(board):
    seen = Board.by_uuid(UUID)
    with power_limit.lowered(UUID, 250.0):
        assert seen.power_limit_w == board.power_limit_w == 250.0
        assert len(notes()) == 1
    assert (board.power_limit_w, notes()) == (400.0, [])


def test_what_was_in_force_is_put_back_not_the_default(board):
    board.power_limit_w = 350.0
    with power_limit.lowered(UUID, 250.0):
        pass
    assert board.power_limit_w == 350.0


def test_an_error_puts_it_back(board):
    with pytest.raises(ValueError, match="stop"), power_limit.lowered(UUID, 250.0):
        raise ValueError("stop")
    assert (board.power_limit_w, notes()) == (400.0, [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_puts_it_back_and_then_does_what_it_did(board, number):
    found = []
    usual = signal.signal(number, lambda *_: found.append(board.power_limit_w))
    try:
        with power_limit.lowered(UUID, 250.0):
            os.kill(os.getpid(), number)
            assert found == [400.0]
        os.kill(os.getpid(), number)
        assert found == [400.0, 400.0]
    finally:
        signal.signal(number, usual)
    assert notes() == []


def test_without_rights_nothing_is_changed_and_the_driver_says_why(board):
    board.may_set_power_limit = False
    with (
        pytest.raises(NotApplicable, match=r"needs root \(Insufficient"),
        power_limit.lowered(UUID, 250.0),
    ):
        pass
    assert (board.power_limit_w, notes()) == (400.0, [])


def test_a_limit_that_the_board_does_not_take_is_not_applicable(board):
    with pytest.raises(NotApplicable, match="does not set a power limit of 50 W"), power_limit.lowered(UUID, 50.0):
        pass
    assert (board.power_limit_w, notes()) == (400.0, [])


def test_what_a_killed_process_left_is_put_back_first(board):
    leave_behind(board)
    assert power_limit.left_behind(Board.by_uuid(UUID)).limit_w == 400.0
    with power_limit.lowered(UUID, 250.0):
        assert board.power_limit_w == 250.0
    assert (board.power_limit_w, notes()) == (400.0, [])


def test_a_number_that_another_process_has_now_is_no_process_at_work(board):
    leave_behind(board, pid=os.getpid())  # it began at another time
    assert power_limit.left_behind(Board.by_uuid(UUID)) is not None


def test_a_process_at_work_has_left_nothing_behind(board):
    with power_limit.lowered(UUID, 250.0):
        assert power_limit.left_behind(Board.by_uuid(UUID)) is None


def test_a_limit_that_cannot_be_put_back_leaves_its_note(board):
    def fails():
        with power_limit.lowered(UUID, 250.0):
            board.may_set_power_limit = False

    with pytest.raises(NotApplicable, match="needs root"):
        fails()
    assert len(notes()) == 1


TERMINATED = """
import os, signal
from suite.machine.nvml import power_limit
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml

board = SimulatedBoard(trace=PowerTrace(300.0), uuid="GPU-11111111-0000-4000-8000-000000000000")
with SimulatedNvml([board]).installed(), power_limit.lowered(board.uuid, 250.0):
    os.kill(os.getpid(), signal.{signal})
"""


@pytest.mark.parametrize(("name", "left"), [("SIGTERM", 0), ("SIGKILL", 1)])
def test_a_process_that_is_ended_puts_it_back_unless_it_is_killed(board, name, left):
    ended = subprocess.run([sys.executable, "-c", TERMINATED.format(signal=name)], check=False, capture_output=True)
    assert ended.returncode == -signal.Signals[name]
    assert len(notes()) == left
    if left:
        board.power_limit_w = 250.0
        assert power_limit.put_back(Board.by_uuid(UUID)).limit_w == 400.0
        assert (board.power_limit_w, notes()) == (400.0, [])
