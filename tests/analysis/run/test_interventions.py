"""Of each intervention the technique that did best; nothing is passed over in silence."""

import msgspec
import pytest

from suite.analysis.run.interventions import covers_all, intervention_results
from suite.analysis.summary import summarise
from suite.plugins.interventions import INTERVENTIONS
from suite.record.schema import Reason
from tests.synthetic import binary_scores, record, windows

SAME, LOST = binary_scores(900, 0, 0, 100), binary_scores(700, 200, 0, 100)
KNOWN = {"bf16": "batch_and_precision", "fp16": "batch_and_precision", "nf4": "quantisation", "tf32": "quantisation"}


def results(*records):
    return {one.key: one for one in intervention_results(summarise("run", records, 475.0), KNOWN)}


def ran(name, ratio, minute, scores=SAME):
    return record(mitigations=((name, {}),), run_windows=windows([ratio] * 4), scores=scores, minute=minute)


def refused(name, minute):
    reason = Reason(kind="not_applicable", message="needs a GPU")
    return record(mitigations=((name, {}),), status="skipped", reason=reason, minute=minute)


def test_the_larger_saving_of_two_that_save():
    found = results(ran("bf16", 0.8, 0), ran("fp16", 0.6, 1))["batch_and_precision"]
    assert (found.outcome, found.point.mitigation, found.tried) == ("saves", "fp16", ("bf16", "fp16"))


def test_a_smaller_saving_goes_before_a_larger_one_that_loses_accuracy():
    found = results(ran("bf16", 0.8, 0), ran("fp16", 0.4, 1, LOST))["batch_and_precision"]
    assert (found.outcome, found.point.mitigation) == ("saves", "bf16")


def test_what_was_measured_goes_before_what_was_refused_even_where_it_costs():
    found = results(refused("tf32", 0), ran("nf4", 1.5, 1))["quantisation"]
    assert (found.outcome, found.point.mitigation) == ("costs-energy", "nf4")


def test_a_refused_one_alone_is_told_and_the_rest_are_not_tried():
    found = results(refused("tf32", 0))
    assert (found["quantisation"].outcome, found["quantisation"].point.reason) == ("skipped", "needs a GPU")
    assert {one.outcome for key, one in found.items() if key != "quantisation"} == {"not-tried"}
    assert list(found) == list(INTERVENTIONS)


def test_stacks_and_techniques_of_no_intervention_answer_nothing():
    stack = record(mitigations=(("bf16", {}), ("nf4", {})), run_windows=windows([0.5] * 4), scores=SAME)
    found = results(stack, ran("retrain_only", 0.5, 1))
    assert {one.outcome for one in found.values()} == {"not-tried"}


@pytest.mark.parametrize(("ratio", "outcome"), [(1.0, "lowers-carbon"), (0.5, "saves"), (1.5, "costs-energy")])
def test_less_carbon_without_a_change_of_energy_is_an_outcome_of_its_own(ratio, outcome):
    made = ran("bf16", ratio, 0)
    effect = made.effect | {"proof": {"bf16": {"after": {"relative_carbon_intensity": 0.7}}}}
    found = results(msgspec.structs.replace(made, effect=effect))["batch_and_precision"]
    assert found.outcome == outcome


def test_a_run_answers_the_slide_only_with_all_twelve():
    known = {f"technique_{key}": key for key in INTERVENTIONS}
    points = summarise("run", [refused(name, minute) for minute, name in enumerate(known)], 475.0)
    assert covers_all(intervention_results(points, known))
    assert not covers_all(intervention_results(points[1:], known))
