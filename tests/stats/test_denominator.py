import msgspec
import pytest

from suite.stats.denominator import as_compared
from suite.stats.paired import paired_ratio
from tests.synthetic import windows


def written(*tokens):
    made = windows([0.5, 0.5], tokens=1)
    counts = dict(zip(("baseline", "candidate"), tokens, strict=True))
    return [msgspec.structs.replace(each, tokens=counts[each.arm]) for each in made]


def test_by_token_answers_have_the_length_of_the_baselines():
    found = as_compared(written(800, 200), "token")
    assert {window.arm: window.queries for window in found} == pytest.approx({"baseline": 100, "candidate": 25})
    assert paired_ratio(found, "cpu").estimate == pytest.approx(2.0)


def test_by_query_nothing_changes():
    made = written(800, 200)
    assert as_compared(made, "query") == made


def test_without_tokens_or_a_baseline_there_is_no_length():
    for made in (written(800, None), [window for window in written(800, 200) if window.arm == "candidate"], []):
        assert as_compared(made, "token") == made
