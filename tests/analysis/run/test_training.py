import pytest

from suite.analysis.run.training import Meter, baseline_means, queries_per_sample
from suite.analysis.summary import summarise
from tests.synthetic import COUNTER, record, windows

CPU = Meter("cpu", "estimated")
TRAINING = {"phase": "training", "workload": "training_steps"}


def points(*records):
    return summarise("run", records, 475.0)


def test_a_sample_of_six_joules_is_three_queries_of_two():
    training = points(record(run_windows=windows([1.0] * 2, baseline_j=6.0), **TRAINING))
    inference = points(record(run_windows=windows([1.0] * 2, baseline_j=2.0)))
    assert queries_per_sample(training, inference) == {CPU: pytest.approx(3.0)}


def test_joules_of_another_meter_are_not_compared():
    training = points(record(run_windows=windows([1.0] * 2, component="gpu", method=COUNTER), **TRAINING))
    assert queries_per_sample(training, points(record(run_windows=windows([1.0] * 2)))) == {}


def test_the_baseline_is_the_mean_over_the_points_of_one_meter():
    made = points(
        record(run_windows=windows([0.5] * 2, baseline_j=1.0)),
        record(run_windows=windows([0.5] * 2, baseline_j=3.0), mitigations=(("bf16", {}),)),
        record(run_windows=windows([0.5] * 2, baseline_j=9.0, method="measured:rapl"), mitigations=(("fp16", {}),)),
        record(status="failed", mitigations=(("nf4", {}),)),
    )
    assert baseline_means(made) == {CPU: pytest.approx(2.0), Meter("cpu", "measured"): pytest.approx(9.0)}
