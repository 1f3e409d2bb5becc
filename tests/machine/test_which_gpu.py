import subprocess
import sys
from types import SimpleNamespace

import pynvml
import pytest
import torch

from suite.errors import InputError
from suite.machine import device_lock, environment
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from suite.machine.which_device import boards_meant
from suite.machine.which_gpu import (
    VISIBLE,
    free_bytes_before_work,
    let_through,
    name_before_work,
    uuids_at_work,
    uuids_before_work,
    visible_uuids,
)

FIRST, SECOND = "GPU-11111111-0000-4000-8000-000000000000", "GPU-22222222-0000-4000-8000-000000000000"


@pytest.fixture
def boards(monkeypatch):
    monkeypatch.delenv(VISIBLE, raising=False)
    made = [
        SimulatedBoard(trace=PowerTrace(300.0), uuid=uuid, name=name)
        for uuid, name in ((FIRST, "Example A"), (SECOND, "Example B"))
    ]
    with SimulatedNvml(made).installed():
        yield made


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (None, ["GPU-aa", "GPU-ab", "GPU-c"]),
        ("2,0", ["GPU-c", "GPU-aa"]),
        (" 1 , 2 ", ["GPU-ab", "GPU-c"]),
        ("GPU-ab", ["GPU-ab"]),
        ("GPU-c,GPU-aa", ["GPU-c", "GPU-aa"]),
        ("MIG-1", ["MIG-1"]),
        ("1,-1,0", ["GPU-ab"]),
        ("1,7,0", ["GPU-ab"]),
        ("GPU-ab,GPU-z,GPU-c", ["GPU-ab"]),
        ("GPU-a", []),  # of two boards
        ("0,1,0", []),
        ("GPU-c,2", []),
        ("", []),
    ],
)
def test_what_is_let_through_is_what_cuda_would_show(setting, expected):
    assert let_through(["GPU-aa", "GPU-ab", "GPU-c"], setting) == expected


@pytest.mark.parametrize(("setting", "expected"), [(None, [FIRST, SECOND]), ("1", [SECOND]), ("GPU-2222", [SECOND])])
def test_the_boards_of_this_machine_that_are_visible(boards, monkeypatch, setting, expected):
    if setting is not None:
        monkeypatch.setenv(VISIBLE, setting)
    assert visible_uuids() == expected


def test_a_board_of_another_container_is_not_numbered(boards, monkeypatch):
    real = pynvml.nvmlDeviceGetHandleByIndex

    def by_index(index):
        if index == 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)
        return real(index)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", by_index)
    monkeypatch.setenv(VISIBLE, "0")
    assert uuids_before_work(spread=False) == [SECOND]


@pytest.mark.parametrize(("setting", "uuid", "name"), [("0", FIRST, "Example A"), (SECOND, SECOND, "Example B")])
def test_lock_and_hardware_are_of_the_board_that_torch_will_take(boards, monkeypatch, setting, uuid, name):
    monkeypatch.setenv(VISIBLE, setting)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_lock.names_of("cuda") == uuids_before_work(spread=False) == [uuid]
    assert environment.hardware("cuda")["name"] == name_before_work() == name


def test_at_work_torch_is_asked(boards, monkeypatch):
    properties = {1: SimpleNamespace(uuid=SECOND.removeprefix("GPU-"))}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties.__getitem__)
    assert uuids_at_work((1,)) == [SECOND.removeprefix("GPU-")]


def test_without_a_visible_gpu_both_answers_are_bad_input(boards, monkeypatch):
    monkeypatch.setenv(VISIBLE, "7")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    answers = (lambda: uuids_before_work(spread=False), name_before_work, lambda: uuids_at_work((0,)))
    for answer in answers:
        with pytest.raises(InputError, match="got 'CUDA_VISIBLE_DEVICES=7'"):
            answer()


def test_without_a_driver_there_is_no_gpu(monkeypatch):
    def fail():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    with pytest.raises(InputError, match="no NVIDIA GPU is found here"):
        visible_uuids()


def test_torch_is_not_imported_to_tell_which_gpus_are_visible():
    """The process that hands out points to workers starts without it."""
    code = (
        "import sys; from suite.machine import which_gpu; from suite.errors import InputError\n"
        "try: which_gpu.visible_uuids()\n"
        "except InputError: pass\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("setting", "locked"), [(None, [FIRST, SECOND]), ("1", [SECOND])])
def test_where_models_are_spread_all_visible_boards_are_locked(boards, monkeypatch, setting, locked):
    if setting:
        monkeypatch.setenv(VISIBLE, setting)
    assert device_lock.names_of("cuda", spread=True) == locked
    assert device_lock.names_of("cuda") == locked[:1]
    assert device_lock.names_of("cpu", spread=True) == ["cpu"]


def test_free_memory_is_told_by_torchs_numbers(boards, monkeypatch):
    boards[0].free_bytes, boards[1].free_bytes = 10 * 2**30, 20 * 2**30
    assert free_bytes_before_work() == {0: 10 * 2**30, 1: 20 * 2**30}
    monkeypatch.setenv(VISIBLE, f"{SECOND},{FIRST}")
    assert free_bytes_before_work() == {0: 20 * 2**30, 1: 10 * 2**30}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device that torch can use")
def test_before_and_at_work_it_is_the_same_board():
    (before,), (at_work,) = uuids_before_work(spread=False), uuids_at_work((0,))
    assert before.removeprefix("GPU-") == at_work.removeprefix("GPU-")


@pytest.mark.parametrize(("wanted", "expected"), [(None, (1,)), ([0, 1], (0, 1)), ([1], (1,))])
def test_functions_work_on_torchs_current_gpu_or_on_those_that_are_named(monkeypatch, wanted, expected):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert boards_meant("cuda", wanted) == expected
    assert boards_meant("cpu", wanted) == (0,)


@pytest.mark.parametrize("wanted", [[], [0, 0], [2], [-1]])
def test_gpus_that_are_not_there_are_refused(monkeypatch, wanted):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(InputError, match="numbers from 0 to 1, each once"):
        boards_meant("cuda", wanted)
