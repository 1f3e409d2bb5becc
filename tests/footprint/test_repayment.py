import pytest

from suite.errors import InputError
from suite.footprint.parity import Span
from suite.footprint.repayment import repaid
from tests.footprint.points import cpu_point, gpu_point


def test_queries_and_days_with_the_interval_of_the_ratio():
    found = repaid(gpu_point(ratios=(0.48, 0.52, 0.49, 0.51)), queries_per_day=5)
    assert found.outcome == "repaid"
    assert found.queries.value == pytest.approx(10, rel=1e-3)  # 18 J / (3.6 J - 1.8 J)
    assert found.queries.low < found.queries.value < found.queries.high
    assert found.days.value == pytest.approx(2, rel=1e-3)
    assert found.basis == "measured"


def test_a_saving_that_may_be_none_is_not_resolved():
    found = repaid(gpu_point(ratios=(0.7, 1.2, 0.8, 1.1)))
    assert found.outcome == "unresolved"
    assert found.queries.high is None


def test_without_a_rate_there_are_no_days():
    assert repaid(gpu_point()).days is None


def test_a_cost_that_was_not_read_gives_no_number():
    found = repaid(cpu_point())
    assert (found.outcome, found.queries) == ("unknown", Span(value=None))


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(InputError, match="queries a day"):
        repaid(gpu_point(), queries_per_day=0)
