import pytest

from suite.analysis.run.training import Spent
from suite.record.schema import ApplyCost, TrainingCheck
from suite.report.charts.training_chart import curves_of
from suite.report.sections.training import context, seconds_per_sample
from tests.report.section_html import drawings_of, html_of, report_of, rows_of, words_of
from tests.synthetic import COUNTER, ESTIMATED, record, windows

TRAINING = {"phase": "training", "workload": "training_steps"}
CHECKPOINTING = (("gradient_checkpointing", {}),)


def trained(stack=(), ratio=1.0, **changes):
    """6 J and 10 ms a sample of the baseline."""
    seen = windows([ratio] * 4, baseline_j=6.0, time_ratio=ratio)
    return record(mitigations=stack, run_windows=seen, peak=(60_000_000, 40_000_000), **(TRAINING | changes))


def asked(joules=2.0, **changes):
    return record(run_windows=windows([1.0] * 4, baseline_j=joules), **changes)


def test_a_row_says_energy_time_memory_and_verdict(tmp_path):
    (row,) = rows_of(html_of("training", report_of(tmp_path, trained(CHECKPOINTING, 1.25))))
    assert row == [
        "gradient checkpointing",
        "costs energy",
        "6.00 J → 7.50 J estimated",
        "+25.0 % [+25.0, +25.0]",
        "10.0 ms → 12.5 ms",
        "60.0 MB → 40.0 MB",
    ]


def test_a_sample_is_worth_so_many_queries_of_the_same_model(tmp_path):
    words = words_of(html_of("training", report_of(tmp_path, trained(), asked(2.0, minute=1))))
    assert "3.00 queries of inference · offline · batch 32 · float32 · cpu · vit_digits (CPU, estimated)" in words


@pytest.mark.parametrize(
    "other", [{"model": "other"}, {"task": "other"}, {"device": "cuda"}, {"where": {"hardware": {"name": "other"}}}]
)
def test_other_models_tasks_and_machines_are_no_measure(tmp_path, other):
    (view,) = context(report_of(tmp_path, trained(), asked(minute=1, **other)))["views"]
    assert view.equivalents == ()


def test_joules_of_another_instrument_are_no_measure(tmp_path):
    measured = record(run_windows=windows([1.0] * 4, component="gpu", method=COUNTER), minute=1)
    (view,) = context(report_of(tmp_path, trained(), measured))["views"]
    assert view.equivalents == ()


def test_the_nearest_comparison_stands_first(tmp_path):
    others = [asked(batch_size=1, minute=1), asked(batch_size=16, minute=2), asked(dtype="bfloat16", minute=3)]
    (view,) = context(report_of(tmp_path, trained(), *others))["views"]
    found = [each.group.entries[0].point for each in view.equivalents]
    assert [(point.dtype, point.baseline_batch_size) for point in found] == [
        ("float32", 16), ("float32", 1), ("bfloat16", 32)
    ]  # fmt: skip


def test_what_techniques_spent_on_training_is_linked_where_it_is_shown(tmp_path):
    cost = ApplyCost(duration_s=60.0, energy_j={"cpu": 480.0}, method={"cpu": ESTIMATED})
    distilled = record(mitigations=(("distillation", {}),), run_windows=windows([0.5] * 4), apply_cost=cost, minute=1)
    assert 'href="#cost"' in html_of("training", report_of(tmp_path / "a", trained(), distilled))
    assert 'href="#cost"' not in html_of("training", report_of(tmp_path / "b", trained()))


def test_without_training_there_is_no_section(tmp_path):
    failed = record(mitigations=CHECKPOINTING, status="failed", minute=1, **TRAINING)
    assert html_of("training", report_of(tmp_path, asked(), failed)) is None


WHOLE = {"phase": "training", "workload": "train_to_score", "training_target_score": 0.8}


def course(*scores):
    """A look every ten steps of four samples."""
    return [TrainingCheck(steps=10 * n, samples=40 * n, score=score) for n, score in enumerate(scores, start=1)]


def whole(stack=(), ratio=1.0, scores=(0.5, 0.8), **changes):
    """60 J and 1 s a training of the baseline, of 20 steps."""
    seen = windows([ratio] * 4, baseline_j=60.0, queries=10, duration_s=10.0, time_ratio=ratio)
    curves = {"baseline": course(0.5, 0.8), "candidate": course(*scores)}
    return record(mitigations=stack, run_windows=seen, training_curves=curves, **(WHOLE | changes))


def test_a_whole_training_says_its_energy_its_time_and_its_steps(tmp_path):
    html = html_of("training", report_of(tmp_path, whole((("data_pruning", {}),), 1.5, scores=(0.4, 0.6, 0.9))))
    (row,) = rows_of(html)
    assert row[2:6] == ["60.0 J → 90.0 J estimated", "+50.0 % [+50.0, +50.0]", "1.00 s → 1.50 s", "20 → 30"]
    assert "Trained to a score of 0.800 of held-out samples." in words_of(html)
    assert "energy of a training" in words_of(html)


def test_the_course_of_the_score_is_drawn_over_joules(tmp_path):
    report = report_of(tmp_path, whole(minute=1), whole((("data_pruning", {}),), 1.5, scores=(0.4, 0.6, 0.9)))
    (group,) = report.groups
    assert [
        (name, [each._replace(energy_j=round(each.energy_j, 6)) for each in seen]) for name, seen in curves_of(group.ok)
    ] == [
        ("baseline", [Spent(10, 40, 30.0, 0.5), Spent(20, 80, 60.0, 0.8)]),
        ("data pruning", [Spent(10, 40, 30.0, 0.4), Spent(20, 80, 60.0, 0.6), Spent(30, 120, 90.0, 0.9)]),
    ]
    assert len(drawings_of(html_of("training", report))) == 2  # wide and narrow


def test_single_steps_have_no_course(tmp_path):
    (view,) = context(report_of(tmp_path, trained()))["views"]
    assert view.chart is None


def test_no_throughput_is_no_time():
    assert seconds_per_sample(None) is None
    assert seconds_per_sample(4.0) == 0.25
