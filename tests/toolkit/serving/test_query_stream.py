"""Streams in which queries come again."""

from collections import Counter

import pytest

from suite.errors import InputError
from suite.toolkit.serving.query_stream import check_repeats, with_repeats

EXAMPLES = [{"text": str(number)} for number in range(1000)]


def texts(share, exponent=1.0, seed=0, count=1000):
    stream = with_repeats(EXAMPLES[:count], repeat_share=share, zipf_exponent=exponent, seed=seed)
    return [example["text"] for example in stream]


def test_the_share_of_repeats_is_exact():
    assert [len(set(texts(share))) for share in (0.0, 0.25, 0.9)] == [1000, 750, 100]


def test_without_repeats_the_queries_are_as_they_were():
    assert texts(0.0) == [example["text"] for example in EXAMPLES]


def test_new_queries_keep_their_order_and_a_repeat_was_asked_before():
    found = texts(0.5)
    assert list(dict.fromkeys(found)) == [str(number) for number in range(500)]


def test_the_stream_is_that_of_the_seed():
    assert texts(0.5, seed=1) == texts(0.5, seed=1) != texts(0.5, seed=2)


def test_the_first_is_asked_most_and_the_more_so_the_higher_the_exponent():
    counts = [Counter(texts(0.9, exponent)) for exponent in (0.0, 1.0, 2.0)]
    assert counts[1].most_common(1)[0][0] == "0"
    assert counts[0]["0"] < counts[1]["0"] < counts[2]["0"]


def test_one_query_cannot_repeat():
    assert texts(0.9, count=1) == ["0"]


@pytest.mark.parametrize(("share", "exponent"), [(1.2, 1.0), (1.0, 1.0), (-0.1, 1.0), (0.5, -1.0), (0.5, 11.0)])
def test_what_is_no_stream_is_refused(share, exponent):
    with pytest.raises(InputError, match="workload"):
        check_repeats(share, exponent)
