import msgspec

from suite.analysis.run.pareto import Candidate, front, near_front
from suite.analysis.summary import summarise
from tests.synthetic import binary_scores, record, windows


def test_only_undominated_points_are_on_the_front():
    points = [Candidate(1.0, 0.9), Candidate(0.5, 0.8), Candidate(0.7, 0.7), Candidate(2.0, 0.95)]
    assert front(points) == [True, True, False, True]


def test_equal_points_stand_together():
    assert front([Candidate(1.0, 0.9), Candidate(1.0, 0.9)]) == [True, True]


def test_a_tie_in_energy_is_decided_by_score():
    assert front([Candidate(1.0, 0.9), Candidate(1.0, 0.8)]) == [True, False]


def test_a_tie_in_score_is_decided_by_energy():
    assert front([Candidate(1.0, 0.9), Candidate(0.9, 0.9)]) == [False, True]


def test_a_single_point_is_the_front():
    assert front([Candidate(1.0, 0.0)]) == [True]


def test_nothing_has_no_front():
    assert front([]) == []


def test_what_overlaps_the_front_is_near_it():
    best = Candidate(0.50, 0.9, 0.02, 0.01)
    overlapping, beaten = Candidate(0.505, 0.9, 0.02, 0.01), Candidate(0.6, 0.9, 0.02, 0.01)
    every = [best, overlapping, beaten]
    assert near_front(every, front(every)) == [False, True, False]


def test_a_score_that_is_beaten_beyond_doubt_is_not_near():
    every = [Candidate(0.5, 0.9, 0.02, 0.01), Candidate(0.5, 0.85, 0.02, 0.01), Candidate(0.5, 0.885, 0.02, 0.01)]
    assert near_front(every, front(every)) == [False, False, True]


def test_half_widths_of_energies_are_squared_and_added():
    # The logarithms are 0.05 apart: more than the root of 0.03^2 + 0.03^2, 0.042, less than that with 0.04, 0.057.
    apart = [Candidate(1.0, 0.9, 0.03, 0.01), Candidate(1.0513, 0.9, 0.03, 0.01)]
    alike = [Candidate(1.0, 0.9, 0.04, 0.01), Candidate(1.0513, 0.9, 0.04, 0.01)]
    assert near_front(apart, front(apart)) == [False, False]
    assert near_front(alike, front(alike)) == [False, True]


def test_without_intervals_nothing_is_told_apart():
    every = [Candidate(0.5, 0.9), Candidate(5.0, 0.1)]
    assert near_front(every, front(every)) == [False, True]


def test_the_machines_drift_between_points_is_not_on_the_front():
    """The second point saves more of a baseline that took 30 % more when it was its turn."""
    scores = binary_scores(900, 0, 0, 100)
    first = record(mitigations=(("bf16", {}),), run_windows=windows([0.60, 0.61, 0.60, 0.61]), scores=scores, minute=1)
    drifted = windows([0.50, 0.51, 0.50, 0.51], baseline_j=1.3)
    second = record(mitigations=(("fp16", {}),), run_windows=drifted, scores=scores, minute=2)
    points = summarise("run", [first, second], None)
    assert points[1].energy_per_query_j > points[0].energy_per_query_j
    assert [point.pareto for point in points] == [False, True]
    assert [point.is_near_front for point in points] == [False, False]


def test_what_misses_a_latency_gate_is_not_on_the_front():
    """The second point saves more, but an answer takes 10 ms where 5 ms are allowed."""
    scores = binary_scores(900, 0, 0, 100)
    both = [
        record(
            mitigations=((name, {}),), run_windows=windows([ratio] * 4, latencies=True), scores=scores, minute=minute
        )
        for minute, (name, ratio) in enumerate((("bf16", 0.6), ("fp16", 0.5)))
    ]
    gate = {"p50": 5e-3, "p90": None, "p99": None}
    both[1] = msgspec.structs.replace(both[1], config=both[1].config | {"workload": {"latency_gate_s": gate}})
    points = summarise("run", both, None)
    assert [[gate.percent for gate in point.missed_latency_gates] for point in points] == [[], [50]]
    assert [point.pareto for point in points] == [True, False]
    assert points[1].claim == "saves"  # of energy: the gate stands beside it
