"""A lower power limit on a simulated board: allowed, refused, and seen."""

import pytest

from suite.errors import InputError, NotApplicable
from suite.machine import which_gpu
from suite.machine.device_lock import FOLDER_VARIABLE
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from suite.mitigations.optimised_hardware.gpu_power_limit import GpuPowerLimit
from tests.fakes import fake_setup
from tests.machine.nvml.test_power_limit import UUID, leave_behind


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(which_gpu, "uuids_at_work", lambda boards: [UUID for _ in boards])
    board = SimulatedBoard(trace=PowerTrace(300.0), uuid=UUID)
    with SimulatedNvml([board]).installed():
        yield board


def technique(**changes):
    return GpuPowerLimit(**({"allow": True, "limit_w": None, "limit_share": 0.7} | changes))


def test_the_limit_is_lower_in_windows_alone(board):
    before = fake_setup("image")
    after = technique().apply(before)
    assert board.power_limit_w == 400.0
    assert technique().proof(before, after)["power_limit_w"] == {"before": 400.0, "after": 280.0}
    assert board.power_limit_w == 400.0


def test_watts_go_before_the_share(board):
    after = technique(limit_w=150.0).apply(fake_setup("image"))
    with after.held():
        assert board.power_limit_w == 150.0


def test_it_has_to_be_allowed(board):
    with pytest.raises(NotApplicable, match=r"root .* mitigation\.gpu_power_limit\.allow=true"):
        technique(allow=False).apply(fake_setup("image"))
    assert board.power_limit_w == 400.0


def test_without_rights_it_is_not_applicable(board):
    board.may_set_power_limit = False
    with pytest.raises(NotApplicable, match="needs root"):
        technique().apply(fake_setup("image"))


@pytest.mark.parametrize(("limit_w", "why"), [(50.0, "limits of 100 to 400 W, not 50 W"), (400.0, "are no less")])
def test_a_limit_that_the_board_does_not_take_or_has_is_not_applicable(board, limit_w, why):
    with pytest.raises(NotApplicable, match=why):
        technique(limit_w=limit_w).apply(fake_setup("image"))


def test_what_a_killed_process_left_is_put_back_and_told(board):
    leave_behind(board)
    before = fake_setup("image")
    seen = technique().proof(before, technique().apply(before))
    assert seen["power_limit_w"] == {"before": 400.0, "after": 280.0}
    assert seen["put_back_after_a_killed_process_w"] == 400.0
    assert board.power_limit_w == 400.0


def test_where_it_is_not_allowed_what_was_left_is_named(board):
    leave_behind(board)
    with pytest.raises(NotApplicable, match="which was killed, left it lowered from 400 W"):
        technique(allow=False).apply(fake_setup("image"))
    assert board.power_limit_w == 200.0


def test_a_board_that_tells_no_limits_is_not_applicable(board, monkeypatch):
    import pynvml

    def unsupported(*_):
        raise pynvml.NVMLError_NotSupported

    monkeypatch.setattr(pynvml, "nvmlDeviceGetPowerManagementLimitConstraints", unsupported)
    with pytest.raises(NotApplicable, match="tells no power limit"):
        technique().apply(fake_setup("image"))


@pytest.mark.parametrize("bad", [{"allow": "yes"}, {"limit_w": 0.0}, {"limit_w": -5.0}, {"limit_share": 1.0}])
def test_bad_values_are_named(bad):
    with pytest.raises(InputError, match=rf"gpu_power_limit\.{next(iter(bad))}"):
        technique(**bad)


def test_each_board_in_use_is_lowered_by_its_own_share(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    boards = [
        SimulatedBoard(
            trace=PowerTrace(300.0), uuid=f"GPU-{number}", default_power_limit_w=limit_w, power_limit_w=limit_w
        )
        for number, limit_w in enumerate((400.0, 700.0, 400.0))
    ]
    monkeypatch.setattr(which_gpu, "uuids_at_work", lambda numbers: [boards[number].uuid for number in numbers])
    before = fake_setup("image")
    before.model.hf_device_map = {"first": 0, "second": 1}
    with SimulatedNvml(boards).installed():
        after = technique().apply(before)
        with after.held():
            assert [board.power_limit_w for board in boards] == [280.0, 490.0, 400.0]
        assert technique().proof(before, after)["power_limit_w"] == {"before": 1100.0, "after": 770.0}
    assert [board.power_limit_w for board in boards] == [400.0, 700.0, 400.0]
