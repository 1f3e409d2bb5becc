import math
import types

import pynvml
import pytest

from suite.errors import InputError
from suite.machine.nvml.simulated_board import PowerTrace, SimulatedBoard, SimulatedNvml


class Clock:
    """Time that the test sets."""

    def __init__(self, now_s=0.0):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


def steps():
    """100 W until 10 s, 300 W until 12 s, then 50 W."""
    trace = PowerTrace(100.0)
    trace.set_power(300.0, 10.0)
    trace.set_power(50.0, 12.0)
    return trace


@pytest.mark.parametrize(
    ("from_s", "to_s", "energy_j"),
    [(0, 10, 1000), (9, 11, 400), (10, 12, 600), (11, 14, 400), (12, 12, 0), (9.5, 12.5, 50 + 600 + 25)],
)
def test_energy_is_the_exact_integral_of_power(from_s, to_s, energy_j):
    assert steps().energy_j(from_s, to_s) == pytest.approx(energy_j, abs=1e-9)
    if to_s > from_s:
        assert steps().mean_power_w(from_s, to_s) == pytest.approx(energy_j / (to_s - from_s))


def test_power_holds_until_the_next_step():
    assert [steps().power_w(at_s) for at_s in (9.99, 10.0, 11.99, 12.0, 99.0)] == [100.0, 300.0, 300.0, 50.0, 50.0]


def test_power_cannot_be_set_in_the_past():
    with pytest.raises(InputError, match=r"got 11\.0"):
        steps().set_power(1.0, 11.0)


def risen(board, clock, from_s, to_s):
    clock.now_s = from_s
    before = board.counter_mj()
    clock.now_s = to_s
    return board.counter_mj() - before


@pytest.mark.parametrize(
    ("shape", "from_s", "to_s", "expected_mj"),
    [
        ({"tick_s": 0.1}, 10.01, 10.09, 0),  # no tick between: the counter stands
        ({"tick_s": 0.1}, 10.09, 10.11, 30_000),  # one tick of 0.1 s at 300 W
        ({"tick_s": 0.1, "phase_s": 0.05}, 10.04, 10.06, 100 * 50 + 300 * 50),  # ticks at 9.95 and 10.05
        ({"tick_s": 1.0, "lag_s": 0.5}, 10.0, 11.0, 500 * 100 + 500 * 300),  # shows 9.5 s, then 10.5 s
        ({"tick_s": 1.0, "gain": 0.9}, 10.0, 12.0, 540_000),
        ({"tick_s": 1.0, "resolution_mj": 250_000}, 10.0, 11.0, 250_000),  # 1000 J, then 1300 J, floored to 250 J
        ({"tick_s": 1.0, "fault": "still"}, 10.0, 12.0, 0),
        ({"tick_s": 1.0, "fault": "backwards"}, 10.0, 12.0, -600_000),
    ],
)
def test_the_counter_shows_the_truth_in_its_own_way(shape, from_s, to_s, expected_mj):
    clock = Clock()
    board = SimulatedBoard(trace=steps(), clock=clock, **shape)
    assert risen(board, clock, from_s, to_s) == pytest.approx(expected_mj, abs=1)


def test_power_is_the_moments_or_a_mean():
    board = SimulatedBoard(trace=steps(), clock=Clock(11.0), power_average_s=2.0, gain=1.1)
    with SimulatedNvml([board]).installed():
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        (instant,) = pynvml.nvmlDeviceGetFieldValues(handle, [pynvml.NVML_FI_DEV_POWER_INSTANT])
        assert pynvml.nvmlDeviceGetPowerUsage(handle) == 220_000  # half 100 W, half 300 W, times the gain
        assert (instant.nvmlReturn, instant.value.uiVal) == (pynvml.NVML_SUCCESS, 330_000)


def test_every_function_of_pynvml_is_answered_or_refused_as_nvml_does():
    functions = [name for name, value in vars(pynvml).items() if isinstance(value, types.FunctionType)]
    real = {name: getattr(pynvml, name) for name in functions}
    with SimulatedNvml([SimulatedBoard(trace=steps())]).installed():
        assert pynvml.nvmlDeviceGetCount() == 1
        with pytest.raises(pynvml.NVMLError_NotSupported):
            pynvml.nvmlDeviceGetFanSpeed(pynvml.nvmlDeviceGetHandleByIndex(0))
        with pytest.raises(pynvml.NVMLError_InvalidArgument):
            pynvml.nvmlDeviceGetHandleByIndex(1)
        with pytest.raises(pynvml.NVMLError_NotFound):
            pynvml.nvmlDeviceGetHandleByUUID("GPU-elsewhere")
    assert {name: getattr(pynvml, name) for name in functions} == real


def test_codecarbon_sees_it_and_forgets_it():
    from codecarbon.core import gpu, gpu_nvidia, hardware_cache

    before = (gpu.PYNVML_AVAILABLE, gpu_nvidia.pynvml, gpu.is_nvidia_system, dict(hardware_cache._plans))
    with SimulatedNvml([SimulatedBoard(trace=steps()), SimulatedBoard(trace=steps())]).installed():
        assert gpu.is_nvidia_system()
        assert gpu.AllGPUDevices().device_count == 2
        hardware_cache._plans["a plan made here"] = "two boards"
    assert (gpu.PYNVML_AVAILABLE, gpu_nvidia.pynvml, gpu.is_nvidia_system, dict(hardware_cache._plans)) == before


@pytest.mark.parametrize(
    ("fault", "error"),
    [("error", pynvml.NVMLError_GpuIsLost), ("crash", OSError), ("no_counter", pynvml.NVMLError_NotSupported)],
)
def test_a_broken_counter_raises_what_a_real_one_would(fault, error):
    with SimulatedNvml([SimulatedBoard(trace=steps(), fault=fault)]).installed(), pytest.raises(error):
        pynvml.nvmlDeviceGetTotalEnergyConsumption(pynvml.nvmlDeviceGetHandleByIndex(0))


def test_a_counter_can_give_no_number():
    assert math.isnan(SimulatedBoard(trace=steps(), fault="nan").counter_mj())
