import pytest

from suite.analysis.break_even import break_even_queries, repayment


def test_cost_over_saving():
    assert break_even_queries(10.0, 1.0, 0.5) == 20.0


def test_free_is_repaid_at_once():
    assert break_even_queries(0.0, 1.0, 0.5) == 0.0


@pytest.mark.parametrize("candidate", [1.0, 1.5])
def test_what_saves_nothing_never_repays(candidate):
    assert break_even_queries(10.0, 1.0, candidate) is None


@pytest.mark.parametrize("figures", [(None, 1.0, 0.5), (10.0, None, 0.5), (10.0, 1.0, None)])
def test_missing_figures_give_nothing(figures):
    assert break_even_queries(*figures) is None


@pytest.mark.parametrize(
    ("low", "high", "queries", "expected"),
    [
        (0.7, 0.8, 20.0, "repaid"),
        (0.7, 0.8, 0.0, "at-once"),
        (0.7, 0.8, None, "unknown"),  # the cost was not read
        (1.01, 1.2, None, "never"),
        (0.9, 1.0, 20.0, "unresolved"),  # the saving may be none
        (None, None, 20.0, "unknown"),
    ],
)
def test_what_may_be_said_of_a_break_even(low, high, queries, expected):
    assert repayment(low, high, queries) == expected
