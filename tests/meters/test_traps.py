"""Set-ups in which CodeCarbon by itself reads nothing, or the wrong thing, without a word."""

import time
from types import SimpleNamespace

import codecarbon as codecarbon_package
import pytest
import torch
from codecarbon.core import gpu as codecarbon_gpu

from suite.core.workload import Work
from suite.errors import ImpossibleOutput, InputError
from suite.machine import codecarbon_tracker
from suite.machine.nvml.background import Threads
from suite.machine.nvml.board import Board
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml
from suite.measure.windows import check_window
from suite.meters import codecarbon
from suite.meters.codecarbon import CodeCarbon

OTHER, HERE = "GPU-11111111-0000-4000-8000-000000000000", "GPU-22222222-0000-4000-8000-000000000000"


class Machine:
    """Two boards at 500 W and 300 W; work runs on the second. Their time passes when the test says so."""

    def __init__(self):
        self.now_s = 0.0
        self.boards = [
            SimulatedBoard(trace=PowerTrace(power_w), uuid=uuid, tick_s=0.125, clock=lambda: self.now_s)
            for uuid, power_w in ((OTHER, 500.0), (HERE, 300.0))
        ]
        self.here = self.boards[1]

    def open(self):
        return CodeCarbon(tdp_w=10.0).open_on((Board.by_uuid(HERE),), background=Threads())

    def window(self, meter, seconds=2.0):
        token = meter.start()
        self.now_s += seconds
        return meter.stop(token)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    machine = Machine()
    with SimulatedNvml(machine.boards).installed():
        yield machine


@pytest.mark.parametrize("visible", [None, "", "0", "1", "0,1", "7", "-1", HERE, OTHER, "MIG-1"])
def test_the_energy_is_of_the_board_that_the_work_runs_on(machine, monkeypatch, visible):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    for _ in range(2):  # the second tracker of a process is made from a cache
        with machine.open() as meter:
            readings = machine.window(meter)
        assert readings.energy_j["gpu"] == pytest.approx(600.0)
        assert readings.conditions.counter_j == pytest.approx(600.0)
        assert readings.method["gpu"] == "measured:nvml_energy_counter"


def test_the_board_is_the_one_that_torch_uses_whatever_its_number(machine, monkeypatch):
    """Torch numbers the visible boards from 0 and names them without the prefix."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", HERE)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=HERE.removeprefix("GPU-"))
    )
    with CodeCarbon(tdp_w=None).open("cuda") as meter:
        assert machine.window(meter).energy_j["gpu"] == pytest.approx(600.0)
        assert meter.describe()["boards"] == {"1": {"uuid": HERE, "name": "simulated GPU"}}


@pytest.mark.parametrize("visible", ["", "7", "MIG-1"])
def test_no_visible_gpu_is_bad_input(machine, monkeypatch, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=f"got 'CUDA_VISIBLE_DEVICES={visible}'"):
        CodeCarbon(tdp_w=None).open("cuda")


def test_a_board_cut_into_mig_slices_is_bad_input(machine):
    machine.here.mig = True
    with pytest.raises(InputError, match="MIG"):
        machine.open()


def test_environment_and_config_file_change_no_figure(machine, monkeypatch, tmp_path):
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\npue=3\ngpu_ids=0\nelectricitymaps_api_token=secret\n")
    for name, value in {"PUE": "2", "GPU_IDS": "0,1", "FORCE_RAM_POWER": "500", "ALLOW_MULTIPLE_RUNS": "False"}.items():
        monkeypatch.setenv(f"CODECARBON_{name}", value)
    with machine.open() as meter:
        readings = machine.window(meter)
    assert readings.energy_j["gpu"] == pytest.approx(600.0)
    assert set(readings.energy_j) == {"cpu", "gpu"}


def test_work_on_a_cpu_reads_no_gpu(machine):
    asked = []
    for board in machine.boards:
        board.counter_mj = lambda: asked.append(1) or 0
    for _ in range(2):  # to the second tracker, no GPU means all of them
        with CodeCarbon(tdp_w=10.0).open("cpu") as meter:
            asked.clear()
            readings = machine.window(meter)
            assert asked == []
            assert set(meter.describe()["components"]) == set(readings.energy_j) == {"cpu"}
            assert readings.conditions is None


def test_a_gpu_that_codecarbon_does_not_look_for_is_bad_input(machine, monkeypatch):
    """It takes a machine without nvidia-smi for one without a GPU."""
    monkeypatch.setattr(codecarbon_gpu, "is_nvidia_system", lambda: False)
    with pytest.raises(InputError, match="nvidia-smi"):
        machine.open()


def test_a_half_built_tracker_is_refused(machine, monkeypatch):
    monkeypatch.setattr(codecarbon_tracker, "_arguments", lambda **chosen: {"no_such_argument": 1})
    with pytest.raises(ImpossibleOutput, match="was not built"):
        machine.open()


def test_a_version_without_what_is_relied_on_is_refused(machine, monkeypatch):
    monkeypatch.setattr(codecarbon_package, "OfflineEmissionsTracker", lambda **chosen: SimpleNamespace(_tasks={}))
    with pytest.raises(InputError, match=r"has no _hardware, .*_scheduler_monitor_power"):
        machine.open()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("backwards", "ran backwards by"),
        ("error", "cannot be read any more"),
        ("crash", "cannot be read any more"),
        ("nan", "cannot be read any more"),
        ("no_counter", "cannot be read any more"),
    ],
)
def test_a_counter_that_breaks_in_a_window_is_an_error(machine, fault, message):
    with machine.open() as meter:
        machine.window(meter)
        token = meter.start()
        machine.now_s += 2.0
        machine.here.fault = fault
        with pytest.raises(ImpossibleOutput, match=message):
            meter.stop(token)


def test_a_counter_that_stands_still_is_an_error(machine, monkeypatch):
    monkeypatch.setattr(codecarbon, "_LONGEST_TICK_S", 0.0)  # no counter steps more seldom than once in this window
    with machine.open() as meter:
        machine.window(meter)
        machine.here.fault = "still"
        with pytest.raises(ImpossibleOutput, match=r"gpu energy was read as 0\.0 J"):
            machine.window(meter)


def test_a_window_of_no_length_is_no_window_of_work(machine):
    """Shorter than a step of the counter, it reads nothing, which the cost of a quick technique may."""
    with machine.open() as meter:
        readings = machine.window(meter, seconds=0.0)
    assert readings.energy_j["gpu"] == 0.0
    with pytest.raises(ImpossibleOutput, match="energy of a window"):
        check_window(Work(queries=1, batches=1, tokens=None, latencies_s=None), readings)


def test_a_counter_without_a_number_is_refused_at_once(machine):
    machine.here.fault = "nan"
    with pytest.raises(ImpossibleOutput, match="no usable number"):
        machine.open()


def test_windows_do_not_nest(machine):
    with machine.open() as meter:
        meter.start()
        with pytest.raises(ImpossibleOutput, match="nest or overlap"):
            meter.start()


def test_windows_of_two_meters_do_not_overlap(machine):
    with machine.open() as first, machine.open() as second:
        token = first.start()
        with pytest.raises(ImpossibleOutput, match="nest or overlap"):
            second.start()
        first.stop(token)
        assert machine.window(second).energy_j["gpu"] == pytest.approx(600.0)


@pytest.mark.parametrize("fault", [None, "no_counter"])
def test_a_window_left_open_ends_with_its_meter(machine, fault):
    machine.here.fault = fault
    with machine.open() as meter:
        meter.start()
    looked = []
    machine.here.power_mw = lambda average_s: looked.append(1) or 0
    time.sleep(0.25)  # more than two readings would fall in here
    assert looked == []


def test_a_window_left_open_does_not_stand_in_the_way_of_the_next_meter(machine):
    with machine.open() as meter:
        meter.start()
    with machine.open() as meter:
        assert machine.window(meter).energy_j["gpu"] == pytest.approx(600.0)


def test_a_window_is_closed_once(machine):
    with machine.open() as meter:
        token = meter.start()
        meter.stop(token)
        with pytest.raises(ImpossibleOutput, match="not open"):
            meter.stop(token)


def test_a_board_without_a_counter_is_sampled_and_says_so(machine):
    """CodeCarbon's own single reading, at the end of a short window, would give 300 W for all of it."""
    machine.here.fault = "no_counter"
    trace = machine.here.trace
    with machine.open() as meter:
        trace.set_power(100.0, machine.now_s)
        outer_s = time.perf_counter()
        token = meter.start()
        inner_s = time.perf_counter()
        time.sleep(0.45)
        trace.set_power(300.0, machine.now_s)
        inner_s = time.perf_counter() - inner_s
        readings = meter.stop(token)
        outer_s = time.perf_counter() - outer_s
        assert meter.ticker(lambda: None) is None
        described = meter.describe()["components"]["gpu"]
    assert 100.0 * inner_s <= readings.energy_j["gpu"] < 200.0 * outer_s
    assert readings.method["gpu"] == described["method"] == "measured:nvml_power_samples"
    assert described["energy_counter"] is False
    assert readings.conditions.counter_j is None
