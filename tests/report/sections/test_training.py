import pytest

from suite.record.schema import ApplyCost
from suite.report.sections.training import context, seconds_per_sample
from tests.report.section_html import html_of, report_of, rows_of, words_of
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


def test_no_throughput_is_no_time():
    assert seconds_per_sample(None) is None
    assert seconds_per_sample(4.0) == 0.25
