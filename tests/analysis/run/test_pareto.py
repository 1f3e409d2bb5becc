from suite.analysis.run.pareto import Candidate, front


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
