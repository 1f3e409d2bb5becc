import pytest

from suite.analysis.run import components
from suite.analysis.summary import summarise
from suite.record.schema import Idle
from tests.synthetic import COUNTER, ESTIMATED, record, windows

BF16 = (("bf16", {}),)
NF4 = (("nf4", {}),)


def points(*records):
    return summarise("run", records, 475.0)


def columns(points):
    return components.columns(points, with_cpu_estimate=True)


def gpu(stack, ratio, *, joules=2.0, idle_w=None, method=COUNTER, cpu_method=ESTIMATED):
    """Two blocks of 100 queries a window; windows of 1 s, so ``idle_w`` is ``idle_w / 100`` J a query."""
    seen = windows(
        [ratio] * 2,
        baseline_j=joules,
        component="gpu",
        method=method,
        beside={"cpu": (joules / 4, cpu_method)},
    )
    idle = None if idle_w is None else Idle(power_w={"gpu": idle_w}, method={"gpu": COUNTER})
    return record(mitigations=stack, device="cuda", run_windows=seen, idle=idle)


def test_each_component_has_its_own_column_and_nothing_is_added():
    gpu_column, cpu_column = columns(points(gpu(BF16, 0.5)))
    assert (gpu_column.component, gpu_column.basis, gpu_column.methods) == ("gpu", "measured", (COUNTER,))
    assert (cpu_column.component, cpu_column.basis, cpu_column.methods) == ("cpu", "estimated", (ESTIMATED,))
    assert (gpu_column.baseline_j, gpu_column.bars[0].energy_j) == (pytest.approx(2.0), pytest.approx(1.0))
    assert (cpu_column.baseline_j, cpu_column.bars[0].energy_j) == (pytest.approx(0.5), pytest.approx(0.5))


def test_measured_and_estimated_figures_of_one_component_never_share_a_column():
    made = columns(points(gpu(BF16, 0.5), gpu(NF4, 0.5, cpu_method="measured:rapl")))
    assert [(column.component, column.basis, len(column.bars)) for column in made] == [
        ("gpu", "measured", 2),
        ("cpu", "measured", 1),
        ("cpu", "estimated", 1),
    ]


def test_the_estimate_of_the_cpu_beside_a_gpu_is_hidden_unless_it_is_asked_for():
    made = components.columns(
        points(gpu(BF16, 0.5), gpu(NF4, 0.5, cpu_method="measured:rapl")), with_cpu_estimate=False
    )
    assert [(column.component, column.basis, len(column.bars)) for column in made] == [
        ("gpu", "measured", 2),
        ("cpu", "measured", 1),
    ]


def test_the_estimate_of_a_cpu_that_did_the_work_is_never_hidden():
    made = components.columns(points(record(mitigations=BF16, run_windows=windows([0.5] * 2))), with_cpu_estimate=False)
    assert [(column.component, column.basis) for column in made] == [("cpu", "estimated")]


def test_the_baseline_is_the_mean_over_the_points():
    (column, _) = columns(points(gpu(BF16, 0.5, joules=2.0), gpu(NF4, 0.5, joules=4.0)))
    assert column.baseline_j == pytest.approx(3.0)
    assert [bar.baseline_j for bar in column.bars] == pytest.approx([2.0, 4.0])


def test_the_idle_part_is_power_at_rest_times_the_time_of_a_query():
    (column, beside) = columns(points(gpu(BF16, 0.5, idle_w=30.0)))
    assert column.bars[0].idle_j == pytest.approx(0.3)
    assert column.baseline_idle_j == pytest.approx(0.3)
    assert (beside.bars[0].idle_j, beside.baseline_idle_j) == (None, None)


def test_an_idle_part_that_is_not_known_of_all_is_none_of_the_baseline():
    (column, _) = columns(points(gpu(BF16, 0.5, idle_w=30.0), gpu(NF4, 0.5)))
    assert [bar.idle_j is None for bar in column.bars] == [False, True]
    assert column.baseline_idle_j is None


def test_idle_power_above_what_was_drawn_leaves_no_idle_part():
    """A net of nought or less is no figure, so neither is what is taken off."""
    (column, _) = columns(points(gpu(BF16, 0.5, idle_w=500.0)))
    assert column.bars[0].idle_j is None


def test_a_point_whose_windows_were_read_in_two_ways_is_in_no_column():
    mixed = [
        *windows([0.5], component="cpu", method=ESTIMATED),
        *windows([0.5], component="cpu", method="measured:rapl"),
    ]
    assert columns(points(record(mitigations=BF16, run_windows=mixed))) == ()


def test_points_that_did_not_run_have_no_columns():
    assert columns(points(record(mitigations=BF16, status="skipped"))) == ()
    assert columns([]) == ()
