from suite.report.build import read_report
from tests.synthetic import record, windows, write_run


def report_of(tmp_path, records):
    return read_report(write_run(tmp_path / "run", records))


def test_points_with_other_baselines_stand_apart(tmp_path):
    report = report_of(
        tmp_path,
        [
            record(),
            record(phase="training", workload="training_steps", minute=1),
            record(batch_size=1, minute=2),
            record(mitigations=(("bf16", {}),), minute=3),
        ],
    )
    assert [len(group.entries) for group in report.groups] == [2, 1, 1]
    assert [group.is_training for group in report.groups] == [False, False, True]


def test_twins_are_told_apart_by_the_parameters_that_differ(tmp_path):
    first = record(mitigations=(("structured_pruning", {"ratio": 0.5, "seed": 0}),))
    second = record(mitigations=(("structured_pruning", {"ratio": 0.75, "seed": 0}),), minute=1)
    (group,) = report_of(tmp_path, [first, second]).groups
    assert [entry.label for entry in group.entries] == [
        "structured pruning (ratio 0.5)",
        "structured pruning (ratio 0.75)",
    ]


def test_baseline_first_then_the_most_saving_then_failed_then_skipped(tmp_path):
    made = [
        record(mitigations=(("tf32", {}),), status="skipped"),
        record(mitigations=(("nf4", {}),), status="failed", minute=1),
        record(mitigations=(("fp16", {}),), run_windows=windows([4.0] * 2), minute=2),
        record(mitigations=(("bf16", {}),), run_windows=windows([0.5] * 2), minute=3),
        record(run_windows=windows([1.0] * 2), minute=4),
    ]
    (group,) = report_of(tmp_path, made).groups
    assert [entry.label for entry in group.entries] == ["baseline (A/A)", "bf16", "fp16", "nf4", "tf32"]


def test_what_all_points_share_stands_once(tmp_path):
    report = report_of(tmp_path, [record(), record(batch_size=8, minute=1)])
    assert report.common_config["seed"] == 0
    assert report.own_config(report.points[1]) == {"batch_size": 8}
