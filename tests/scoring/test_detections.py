import pytest

from suite.scoring.detections import Found, f1, mean_average_precision, overlap


def box(number, left, top, side=10, confidence=1.0):
    return Found(number, (left, top, left + side, top + side), confidence)


def test_overlap_by_hand():
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0


@pytest.mark.parametrize(
    ("found", "real", "score"),
    [
        ([], [], 1.0),
        ([box(3, 0, 0)], [], 0.0),
        ([box(3, 0, 0)], [box(3, 0, 0), box(4, 30, 30)], 2 / 3),
        ([box(4, 0, 0)], [box(3, 0, 0)], 0.0),  # the right place, another class
        ([box(3, 0, 0, confidence=0.9), box(3, 1, 0, confidence=0.8)], [box(3, 0, 0)], 2 / 3),  # seen twice
        ([box(3, 5, 0)], [box(3, 0, 0)], 0.0),  # overlaps by a third
        ([box(3, 3, 0)], [box(3, 0, 0)], 1.0),  # overlaps by 70 of 130
    ],
)
def test_f1_by_hand(found, real, score):
    assert f1(found, real, least_overlap=0.5) == pytest.approx(score)


def test_average_precision_is_one_where_all_is_found_and_half_of_two_classes_where_one_is():
    real = [[box(0, 0, 0), box(1, 30, 30)], [box(0, 5, 5)]]
    assert mean_average_precision(real, real) == pytest.approx(1.0)
    assert mean_average_precision([[box(0, 0, 0)], [box(0, 5, 5)]], real) == pytest.approx(0.5)
    assert mean_average_precision([[], []], real) == 0.0
