import math

import pytest

from suite.analysis.run.judgement import judged_at
from suite.analysis.summary import summarise
from suite.report.prose.accuracy_threshold import at_loss, gate
from suite.report.prose.sentences import answer
from suite.report.view_model import groups_of
from tests.synthetic import binary_scores, record, windows

NEAR_HALF = [0.5, 0.501, 0.499, 0.5]


def technique(number, lost, *, ratio=1.0, margin=0.01, **fields):
    return record(
        mitigations=(("bf16", {"n": number}),),
        run_windows=windows([ratio * each for each in NEAR_HALF]),
        scores=binary_scores(1000 - lost, lost, 0, 0),
        margin=margin,
        minute=number,
        **fields,
    )


def groups(*records):
    return groups_of(summarise("run", records, None))


def text_of(found):
    words = "".join(part.words for part in found.sentence)
    notes = [note.verdict + ": " + ", ".join(part.words for part in note.items) for note in found.notes]
    return " ".join([words, *notes])


def test_the_gate_starts_at_the_margin_in_the_units_that_are_shown():
    found = gate("image_classification", groups(technique(1, 0), technique(2, 30)))
    assert found is not None
    assert (found.unit, found.margin) == ("pt", pytest.approx(1.0))
    assert found.reach > found.margin > found.step > 0
    assert found.most == pytest.approx(100.0)


def test_each_setting_reads_as_the_page_would_with_that_margin():
    records = [technique(1, 0, ratio=1.5), technique(2, 30, ratio=1.2), technique(3, 80)]
    found = gate("image_classification", groups(*records))
    assert found is not None
    assert len(found.settings) == 4  # each of three techniques comes in at a loss of its own
    for setting in found.settings:
        margin = setting.least / 100 * (1 + 1e-12)
        remade = groups(
            *(technique(n, lost, ratio=r, margin=margin) for n, lost, r in ((1, 0, 1.5), (2, 30, 1.2), (3, 80, 1.0)))
        )
        assert text_of(setting.answer) == text_of(answer("image_classification", remade))


def test_the_page_itself_is_one_of_the_settings():
    found = groups(technique(1, 0, ratio=1.5), technique(2, 30, ratio=1.2), technique(3, 80))
    built = gate("image_classification", found)
    at_margin = [each for each in built.settings if each.least <= built.margin][-1]
    assert text_of(at_margin.answer) == text_of(answer("image_classification", found))


def test_steps_of_a_point_are_the_verdicts_that_it_would_have():
    found = groups(technique(1, 30), technique(2, 0))
    built = gate("image_classification", found)
    for entry in found[0].entries:
        steps = built.points[entry.point.record_id]["steps"]
        assert steps[0][0] == 0.0
        for least, claim, alone in steps:
            at = judged_at(entry.point, least / 100 * (1 + 1e-12))
            assert (at.claim, at.verdict) == (claim, alone)
        assert built.points[entry.point.record_id]["own"] == [entry.point.claim, entry.point.verdict]


def test_a_loss_of_everything_passes_all_that_save():
    found = at_loss(groups(technique(1, 300))[0], math.inf)
    assert [entry.point.claim for entry in found.entries] == ["saves"]


def test_what_does_not_save_energy_is_moved_by_no_gate():
    found = groups(technique(1, 30, ratio=4.0), technique(2, 0))
    steps = gate("image_classification", found).points
    costly = next(e.point for e in found[0].entries if e.point.energy_ratio > 1)
    assert [step[1] for step in steps[costly.record_id]["steps"]] == ["costs-energy"]


def test_without_scores_there_is_no_gate():
    unscored = record(mitigations=(("bf16", {}),), run_windows=windows(NEAR_HALF))
    assert gate("image_classification", groups(unscored)) is None
