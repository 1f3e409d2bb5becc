import dataclasses

import msgspec

from suite.measure.draft import Draft
from suite.measure.findings import Findings, Untold, learn
from suite.record.schema import Idle, RecordWarning, Scores, SeedScore
from tests.synthetic import windows

SCORES = Scores(metric="accuracy", higher_is_better=True, baseline=[1.0, 0.0], candidate=[1.0, 1.0])
WARNING = RecordWarning(code="not_steady", message="the baseline's time varied", remedy="stop other work")
WINDOWS = windows([0.8, 0.9])


def drafted():
    return Draft(plan=None, started_at="2026-01-01T00:00:00.000+00:00")


def fields_of(draft):
    return {field.name: getattr(draft, field.name) for field in dataclasses.fields(draft)}


def test_whatever_a_draft_may_hold_can_be_told():
    assert {*Findings.__struct_fields__, "plan", "started_at"} == {field.name for field in dataclasses.fields(Draft)}


def test_what_was_told_block_by_block_is_what_the_draft_held():
    held, learnt, untold = drafted(), drafted(), Untold()

    def tell():
        learn(learnt, msgspec.json.decode(msgspec.json.encode(untold.take(held)), type=Findings))

    held.environment, held.effect, held.pairing, held.scores = {"meter": {}}, {"proof": {"bf16": 1}}, "resident", SCORES
    tell()
    for window in WINDOWS:
        held.windows.append(window)
        tell()
    held.warn(WARNING)
    held.converged, held.idle = True, Idle(power_w={"gpu": 60.0}, method={"gpu": "measured:nvml"})
    held.further_scores = [SCORES]
    held.seed_scores = [SeedScore(seed=0, score=0.9), SeedScore(seed=1, score=0.8)]
    held.peak_memory_bytes, held.model_bytes = {"baseline": 5}, {"baseline": 4}
    tell()
    assert fields_of(learnt) == fields_of(held)


def test_nothing_is_told_twice():
    draft, untold = drafted(), Untold()
    draft.scores = SCORES
    draft.windows += WINDOWS[:4]
    untold.take(draft)
    assert untold.take(draft) == Findings()
    draft.windows.append(WINDOWS[4])
    assert untold.take(draft) == Findings(windows=[WINDOWS[4]])


def test_what_was_found_to_be_otherwise_replaces_what_was_told():
    held, learnt, untold = drafted(), drafted(), Untold()
    for pairing in ("resident", "swapped"):  # as where both arms do not fit together
        held.pairing = pairing
        learn(learnt, untold.take(held))
    assert learnt.pairing == "swapped"
