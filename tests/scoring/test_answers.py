import pytest

from suite.scoring.answers import best_f1, exact_match


@pytest.mark.parametrize(
    ("answer", "right", "f1", "exact"),
    [
        ("the red cat", ["red cat"], 1.0, 1.0),  # articles do not count
        ("Red, cat!", ["red cat"], 1.0, 1.0),  # nor do capitals and punctuation
        ("cat", ["red cat"], 2 / 3, 0.0),  # precision 1, recall 1/2
        ("dog", ["red cat", "dog"], 1.0, 1.0),
        ("", ["red cat"], 0.0, 0.0),
    ],
)
def test_words_are_compared_as_squad_does(answer, right, f1, exact):
    assert best_f1(answer, right) == pytest.approx(f1)
    assert exact_match(answer, right) == exact
