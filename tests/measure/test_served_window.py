"""The window of a served model on a GPU whose energy counter rises in steps."""

import dataclasses

import pytest

from suite.core.meter import Readings, Ticker
from suite.endpoint.answer import Answer
from suite.endpoint.load import Run
from suite.errors import ImpossibleOutput
from suite.measure import interpolated_window
from suite.measure.served.served_arm import ServedArm, window_of
from suite.measure.served.served_blocks import interpolated


@dataclasses.dataclass
class Found:
    energy_j: float
    uncertainty_j: float


class Watch:
    """Knows 300 W; steps come after so many looks, and reach back to a run's beginning or not."""

    def __init__(self, *, looks=3, reaches=True):
        self.looks, self.reaches, self.asked = looks, reaches, []

    def noted_after(self, moment_s):
        self.looks -= 1
        return self.looks < 0

    def rises(self, from_s, to_s):
        self.asked.append((from_s, to_s))
        return [Found(300 * (to_s - from_s), 0.5)] if self.reaches else []


def answer(due_s):
    chunks = tuple(due_s + 0.1 * number for number in range(1, 11))
    return Answer(
        due_s=due_s, chunks_s=chunks, ended_s=chunks[-1], tokens=10, prompt_tokens=5, is_counted=True, text="yes"
    )


def ran():
    """Ten requests one after another, from 0 to 10 s; steady from 0.1 to 9 s. The meter saw 50 ms more, to its step."""
    readings = Readings(
        duration_s=8.95,
        energy_j={"gpu": 2700.0, "cpu": 90.0},
        method={"gpu": "measured:nvml_energy_counter", "cpu": "estimated:x"},
    )
    return Run(answers=tuple(answer(float(at_s)) for at_s in range(10)), from_s=0.1, to_s=9.0, readings=readings)


def window(**given):
    return window_of("baseline", ran(), 0, **{"unseen": frozenset({"cpu"}), "device": "cuda", **given})


def test_energy_is_that_between_the_true_ends_of_the_steady_state():
    watch = Watch()
    found = window(interpolation=watch)
    assert (found.edges, watch.asked) == ("interpolated", [(0.1, 9.0)])
    assert found.energy_j == {"gpu": pytest.approx(300 * 8.9)}  # and none of the client's CPU
    assert found.duration_s == pytest.approx(8.9)
    assert found.energy_uncertainty_j == {"gpu": 0.5}
    assert found.codecarbon_energy_j == {"gpu": 2700.0}
    assert found.tokens == pytest.approx(90)  # those of the first moment and the last are in


@pytest.mark.parametrize("watch", [None, Watch(reaches=False)])
def test_without_its_steps_a_window_is_unaligned(watch):
    found = window(interpolation=watch)
    assert (found.edges, found.energy_j) == ("unaligned", {"gpu": 2700.0})


def test_a_counter_that_stands_still_is_an_error(monkeypatch):
    monkeypatch.setattr(interpolated_window, "_PATIENCE_S", 0.05)
    with pytest.raises(ImpossibleOutput, match="stands still"):
        window(interpolation=Watch(looks=10**9))


class Meter:
    """A meter of a board whose counter is probed under the work that it is given."""

    def __init__(self, ticker):
        self.found, self.probes = ticker, 0

    def ticker(self, work, *, shared=None):
        work()
        self.probes += 1
        return self.found


def arms(baseline, candidate, asked):
    made = {"process": None, "unseen": frozenset(), "device": "cuda", "client": None}
    both = {"baseline": baseline, "candidate": candidate}

    class Asked(ServedArm):
        def run(self, prompts, load, *, metered=True):
            asked.append((self.name, prompts, metered))

    return {name: Asked(name=name, meter=meter, **made) for name, meter in both.items()}


def test_the_board_is_watched_once_for_both_arms_under_the_baselines_load():
    watch, asked = Watch(), []
    meter, other = Meter(Ticker(period_s=0.1, read=lambda: 0, lag_s=0.0, interpolation=watch)), Meter(None)
    found = interpolated(arms(meter, other, asked), ["a"], None, None)
    assert [arm.interpolation for arm in found.values()] == [watch, watch]
    assert (meter.probes, other.probes, asked) == (1, 0, [("baseline", ["a"], False)])


def test_an_arm_elsewhere_has_nothing_to_interpolate():
    meter = Meter(Ticker(period_s=0.1, read=lambda: 0, lag_s=0.0, interpolation=Watch()))
    found = interpolated(arms(meter, None, []), ["a"], None, None)
    assert found["candidate"].interpolation is None
    assert interpolated(arms(None, meter, []), ["a"], None, None)["candidate"].interpolation is None
    assert interpolated(arms(Meter(None), Meter(None), []), ["a"], None, None)["baseline"].interpolation is None
