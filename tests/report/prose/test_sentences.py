import msgspec

from suite.analysis.summary import summarise
from suite.record.schema import Scores
from suite.report.prose.sentences import answer, same_scores
from suite.report.view_model import groups_of
from suite.text import numbers as text
from tests.synthetic import binary_scores, record, windows

NEAR_HALF = [0.5, 0.502, 0.498, 0.5]


def point_of(scores, *, others=0, margin=0.01):
    every = [record(mitigations=(("bf16", {}),), run_windows=windows(NEAR_HALF), scores=scores, margin=margin)]
    for number in range(others):
        blocks = windows([1.0, 1.02, 0.98, 1.0])
        every.append(
            record(mitigations=(("fp16", {"n": number}),), run_windows=blocks, scores=scores, minute=number + 1)
        )
    return summarise("run", every, None)


def sentence(points):
    return "".join(part.words for part in answer("image_classification", groups_of(points)).sentence)


def test_equal_answers_are_told_with_what_they_rule_out():
    found = sentence(point_of(binary_scores(900, 0, 0, 100)))
    # One lost and one won are added to 1,000: 1.962 * sqrt(2 * 1000/999) / 1002 = 0.277 points, rounded up.
    assert f"the same answer on all 1,000 items, which rules out a loss of more than 0.3{text.GAP}pt" in found


def test_equal_scores_that_are_no_answers_are_told_so():
    bits = [1.0 + number / 1000 for number in range(1000)]
    scores = Scores(metric="bits_per_byte", higher_is_better=False, baseline=bits, candidate=bits)
    points = point_of(scores, margin=0.1)
    assert "the same score on all 1,000 items" in sentence(points)
    assert "bits per byte" in sentence(points)
    assert same_scores(points[0]) == "the same score on all 1,000 items"


def test_a_sentence_names_the_interval_after_correction():
    alone, many = point_of(binary_scores(900, 0, 0, 100)), point_of(binary_scores(900, 0, 0, 100), others=29)
    assert alone[0].energy_ratio_high == many[0].energy_ratio_high
    assert "[50, 50]" in sentence(alone)
    assert "[49, 51]" in sentence(many)


def test_tables_of_older_versions_know_no_correction_and_are_told_as_they_are():
    points = [
        msgspec.structs.replace(
            point,
            verdict_corrected=None,
            energy_ratio_low_corrected=None,
            energy_ratio_high_corrected=None,
            score_delta_low_corrected=None,
            score_delta_high_corrected=None,
            changed_items=None,
        )
        for point in point_of(binary_scores(900, 0, 0, 100), others=29)
    ]
    assert "[50, 50]" in sentence(points)
    assert "no detectable loss of accuracy" in sentence(points)


def test_a_saving_whose_score_is_open_says_so_where_nothing_better_was_found():
    points = point_of(binary_scores(990, 10, 0, 0), margin=0.001)
    points = [msgspec.structs.replace(points[0], verdict_corrected="inconclusive"), *points[1:]]
    found = answer("image_classification", groups_of(points))
    assert (found.verdict, found.notes) == ("inconclusive", ())
    assert "whether it loses accuracy is open" in sentence(points)
    assert f"{text.MINUS}1.0{text.GAP}pt [{text.MINUS}1.7, {text.MINUS}0.3]" in sentence(points)


def test_beside_a_better_one_a_saving_whose_score_is_open_says_which_loss_is_not_ruled_out():
    points = point_of(binary_scores(990, 10, 0, 0), margin=0.001)
    is_open = msgspec.structs.replace(points[0], verdict_corrected="inconclusive", point_id="f" * 12)
    better = msgspec.structs.replace(points[0], verdict_corrected="saves")
    (note,) = answer("image_classification", groups_of([better, is_open, *points[1:]])).notes
    assert note.verdict == "inconclusive"
    assert f"{text.MINUS}50.0{text.GAP}%, a loss of 1.7{text.GAP}pt not ruled out" in note.items[0].words
