import msgspec
import pytest

from benchmarks.measurement.false_claims import SILENT, null_run
from suite.analysis.run.judgement import instrument_floors, judged, judged_at
from suite.analysis.summary import summarise
from suite.analysis.verdict import FLOOR
from tests.synthetic import binary_scores, environment, record, windows

SAME = binary_scores(900, 0, 0, 100)


def near(ratio, spread=0.001):
    """Four blocks around ``ratio``; the half-width is about 1.8 spreads."""
    return windows([ratio * (1 + each * spread) for each in (-1, 1, -1, 1)])


def technique(number, ratio, spread=0.001, **fields):
    fields = {"scores": SAME} | fields
    return record(mitigations=(("bf16", {"n": number}),), run_windows=near(ratio, spread), minute=number, **fields)


def aa(ratio, batch_size=8, spread=0.001, **fields):
    return record(run_windows=near(ratio, spread), batch_size=batch_size, scores=SAME, **fields)


def verdicts(*records):
    return [(point.verdict, point.verdict_corrected) for point in summarise("run", records, None)]


def test_a_change_within_half_a_percent_is_no_saving_and_no_cost():
    assert verdicts(technique(1, 0.995)) == [("no-detectable-change", "no-detectable-change")]
    assert verdicts(technique(1, 1.005)) == [("no-detectable-change", "no-detectable-change")]
    assert verdicts(technique(1, 0.99)) == [("saves", "saves")]
    assert verdicts(technique(1, 1.01)) == [("costs-energy", "costs-energy")]


@pytest.mark.parametrize("off", [1.02, 1 / 1.02])
def test_what_a_baseline_against_itself_is_off_by_is_no_change_elsewhere_in_the_run(off):
    points = summarise("run", [aa(off), technique(1, 0.985), technique(2, 0.97)], None)
    assert points[1].instrument_floor == pytest.approx(0.02, abs=1e-4)
    assert [point.verdict for point in points[1:]] == ["no-detectable-change", "saves"]


def test_a_baseline_against_itself_is_judged_by_the_others():
    points = summarise("run", [aa(1.02, 8), aa(1.01, 16), aa(1.0, 32)], None)
    assert instrument_floors(points) == pytest.approx([0.01, 0.02, 0.02], abs=1e-4)
    assert points[0].verdict == "costs-energy"


def test_a_lone_baseline_against_itself_has_the_smallest_floor():
    assert instrument_floors(summarise("run", [aa(1.02)], None)) == [FLOOR]


def test_an_interval_that_holds_one_shows_nothing():
    assert instrument_floors(summarise("run", [aa(1.02, spread=0.05), technique(1, 0.9)], None)) == [FLOOR, FLOOR]


def test_another_machine_says_nothing_of_this_one():
    other = aa(1.05, where=environment(hardware="Another CPU"))
    assert instrument_floors(summarise("run", [other, technique(1, 0.9)], None))[1] == FLOOR


def test_many_comparisons_need_more_to_claim_one_of_them():
    # Alone, an interval of 0.955 [0.938, 0.972] saves; as the best of thirty it may be chance.
    lone = technique(0, 0.955, 0.01)
    others = [technique(number, 1.0, 0.01) for number in range(1, 30)]
    assert verdicts(lone) == [("saves", "saves")]
    found = summarise("run", [lone, *others], None)
    assert (found[0].verdict, found[0].verdict_corrected, found[0].comparisons) == ("saves", "inconclusive", 30)
    assert found[0].energy_ratio_high_corrected > 1 > found[0].energy_ratio_high


def test_a_claimed_change_keeps_to_its_side_of_the_floor_after_correction():
    records = [technique(number, 0.9, 0.01) for number in range(30)]
    for point in summarise("run", records, None):
        assert point.verdict_corrected == "saves"
        assert point.energy_ratio_low_corrected < point.energy_ratio_low
        assert point.energy_ratio_high < point.energy_ratio_high_corrected <= 1 / (1 + FLOOR)


def test_scores_are_corrected_for_the_techniques_that_save():
    # 4 of 900 answers lost: the 95 % interval ends above a loss of 1 point, those of thirty at once below it.
    records = [technique(number, 0.5, scores=binary_scores(896, 4, 0, 0)) for number in range(30)]
    assert verdicts(records[0]) == [("saves", "saves")]
    found = verdicts(*records, technique(31, 1.5), technique(32, 1.5))
    assert found[0] == ("saves", "inconclusive")
    assert found[-1] == ("costs-energy", "costs-energy")


def test_points_without_figures_keep_their_status():
    point = summarise("run", [record(status="skipped")], None)[0]
    assert (point.verdict, point.verdict_corrected) == ("skipped", "skipped")


def test_an_unscored_saving_is_still_said_to_be_unscored():
    assert verdicts(technique(1, 0.5, scores=None)) == [("saves-accuracy-not-measured", "saves-accuracy-not-measured")]


def test_judging_twice_changes_nothing():
    points = summarise("run", [aa(1.02), technique(1, 0.97), technique(2, 0.9, 0.02)], None)
    once = judged(points)
    assert [msgspec.json.encode(point) for point in judged(once)] == [msgspec.json.encode(point) for point in once]


def test_null_techniques_are_seldom_claimed_to_change():
    # Forty runs of thirty: by itself some point of a quarter of the runs; corrected, 5 % of runs at the most.
    import numpy as np

    draw = np.random.default_rng(5)
    runs = [null_run(draw, 30, 1.0) for _ in range(40)]
    raw = sum(any(point.verdict not in SILENT for point in run) for run in runs)
    corrected = sum(any(point.verdict_corrected not in SILENT for point in run) for run in runs)
    assert raw >= 4
    assert corrected <= 2


def test_another_margin_gives_the_verdicts_that_a_run_with_it_has():
    def run(margin):
        scores = (binary_scores(900 - lost, lost, 0, 100) for lost in (0, 10, 40))
        records = [technique(number, 0.5, scores=each, margin=margin) for number, each in enumerate(scores)]
        return summarise("run", [*records, technique(9, 1.3, margin=margin)], None)

    for margin in (0.001, 0.01, 0.02, 0.1):
        moved = [judged_at(point, margin) for point in run(0.01)]
        assert [(p.verdict, p.verdict_corrected) for p in moved] == [
            (p.verdict, p.verdict_corrected) for p in run(margin)
        ]


def test_a_point_of_an_older_table_has_no_corrected_verdict_at_any_margin():
    point = summarise("run", [technique(1, 0.5)], None)[0]
    older = msgspec.structs.replace(point, verdict_corrected=None, is_energy_claimed=False)
    assert judged_at(older, 0.5).claim == "saves"
