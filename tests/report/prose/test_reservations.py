"""What the first screen says before its answers."""

import msgspec
import pytest

from suite.analysis.summary import summarise
from suite.record.schema import RecordWarning
from suite.record.store import save
from suite.report.build import read_report
from suite.report.exports.markdown import summary
from suite.report.prose.reservations import cautioned, reservations
from suite.report.prose.sentences import answer
from suite.report.sections import overview
from suite.report.view_model import groups_of
from tests.synthetic import binary_scores, record, windows


def warned(*codes, minute=0):
    return record(
        mitigations=(("bf16", {"n": minute}),),
        run_windows=windows([0.5, 0.502, 0.498, 0.5]),
        scores=binary_scores(900, 0, 0, 100),
        warnings=[RecordWarning(code=code, message="m", remedy="r") for code in codes],
        minute=minute,
    )


def test_nothing_is_said_where_nothing_is_wrong():
    assert reservations(summarise("run", [warned("cpu_energy_estimated")], None)) == []


@pytest.mark.parametrize(
    ("code", "one", "two"),
    [
        ("busy_machine", "During 1 point other work", "During 2 points other work"),
        ("not_converged", "The interval of 1 point is wider", "The intervals of 2 points are wider"),
        ("saturated", "In 1 point more queries", "In 2 points more queries"),
        ("latency_gate_missed", "In 1 point an arm misses", "In 2 points an arm misses"),
        ("host_bound", "In 1 point the GPU", "In 2 points the GPU"),
    ],
)
def test_each_is_told_with_its_number_of_points(code, one, two):
    records = [warned(code), warned(code, code, minute=1)]  # a second warning of a point is no second point
    assert reservations(summarise("run", records[:1], None))[0].startswith(one)
    assert reservations(summarise("run", records, None))[0].startswith(two)


def test_an_estimate_is_no_fault_of_a_point():
    points = summarise("run", [warned("cpu_energy_estimated"), warned("not_steady", "not_steady", minute=1)], None)
    assert cautioned(points) == 1


def test_a_baseline_at_chance_comes_first_and_leaves_no_verdict_about_accuracy():
    one = warned("busy_machine")
    scores = msgspec.structs.replace(binary_scores(1, 1, 0, 309), chance=0.5)
    points = summarise("run", [msgspec.structs.replace(one, scores=scores)], None)
    assert [point.claim for point in points] == ["saves-accuracy-not-measured"]
    assert "no better than answers that do not look" in reservations(points)[0]
    sentence = "".join(part.words for part in answer("image_classification", groups_of(points)).sentence)
    assert "cannot be judged, since the baseline itself scores no better than chance" in sentence


def test_page_and_summary_say_the_same(tmp_path):
    one = warned("busy_machine")
    scores = msgspec.structs.replace(one.scores, scored_from="1,000 of 1,000 items of reviews.jsonl")
    save(msgspec.structs.replace(one, scores=scores), tmp_path / "run" / "records")
    report = read_report(tmp_path / "run", grid="world")
    sentence = "During 1 point other work kept this machine busy"
    assert sentence in "".join(overview.context(report)["reservations"])
    assert sentence in summary(report)
    assert overview.context(report)["cards"][0].scored == "Scored: 1,000 of 1,000 items of reviews.jsonl."
    assert "Scored: 1,000 of 1,000 items of reviews.jsonl." in summary(report)
