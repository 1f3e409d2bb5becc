"""Sentences that follow a claim: its price in time, the seeds of a training, and what training alone does."""

import msgspec
import pytest

from suite.analysis.summary import summarise
from suite.record.schema import SeedScore
from suite.report.prose.asides import asides, trained, training_alone
from suite.stats.latency_gates import MissedGate
from suite.text import numbers as text
from tests.analysis.run.test_retraining import CONTROL, PRUNED, ran
from tests.synthetic import binary_scores

SCORES = binary_scores(right=300, lost=2, won=8, wrong=90)


def words(point):
    return "".join(part.words for part in asides(point))


def summarised(*records):
    return summarise("run", records, None)


def test_a_technique_that_trains_nothing_and_is_no_slower_has_none():
    (point,) = summarised(ran(("bf16", {}), SCORES, 0))
    assert asides(point) == ()


@pytest.mark.parametrize(("ratio", "told"), [(2.8, "2.8 times as long"), (1.05, ""), (0.4, "")])
def test_a_saving_that_makes_answers_wait_says_so(ratio, told):
    (point,) = summarised(ran(("batch_size", {"size": 64}), SCORES, 0))
    found = words(msgspec.structs.replace(point, latency_ratio=ratio))
    assert (told in found) if told else not found


def test_a_saving_that_misses_a_latency_gate_says_so():
    (point,) = summarised(ran(("bf16", {}), SCORES, 0))
    missed = [MissedGate(percent=99, limit_s=0.1, found_s=0.25)]
    found = words(msgspec.structs.replace(point, missed_latency_gates=missed))
    assert "misses the latency gate" in found
    assert f"99{text.GAP}% of the answers come within 250{text.GAP}ms, not within 100{text.GAP}ms" in found.replace(
        " %", f"{text.GAP}%"
    )


def test_one_seed_is_called_one_seed():
    (point,) = summarised(ran(PRUNED, SCORES, 0))
    assert "trained with one seed" in words(point)
    assert trained(point) == "one seed"


def test_several_seeds_are_told_with_their_spread():
    seeds = [SeedScore(seed=number, score=score) for number, score in enumerate((0.95, 0.91, 0.93))]
    (point,) = summarised(msgspec.structs.replace(ran(PRUNED, SCORES, 0), seed_scores=seeds))
    assert point.score_over_seeds_sd == pytest.approx(0.02)
    assert f"Trained with 3 seeds it scores 91.0{text.GAP}% to 95.0{text.GAP}%" in words(point)
    assert trained(point) == f"3 seeds: 91.0{text.GAP}% to 95.0{text.GAP}%"


def test_training_is_told_from_the_technique():
    point, _ = summarised(ran(PRUNED, SCORES, 1), ran(CONTROL, binary_scores(302, 0, 12, 86), 0))
    assert f"the same training without the technique gives +3.0{text.GAP}pt" in words(point)
    assert f"the technique {text.MINUS}1.5{text.GAP}pt" in words(point)
    assert training_alone(point) == f"training alone: +3.0{text.GAP}pt"
