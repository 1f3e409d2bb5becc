import pytest

from suite.endpoint.answer import Answer, steady_state
from suite.errors import ImpossibleOutput


def answer(due_s, *chunks_s, ended_s=None, tokens=None):
    return Answer(
        due_s=due_s,
        chunks_s=chunks_s,
        ended_s=chunks_s[-1] if ended_s is None else ended_s,
        tokens=len(chunks_s) if tokens is None else tokens,
        prompt_tokens=None,
        is_counted=tokens is not None,
        text="",
    )


def test_an_answer_says_when_its_tokens_came():
    one = answer(10.0, 10.5, 10.7, 10.9, 11.1, ended_s=11.2)
    assert one.first_token_s == pytest.approx(0.5)
    assert one.between_tokens_s == pytest.approx(0.2)
    assert one.latency_s == pytest.approx(1.2)


def test_time_between_tokens_is_by_token_where_a_chunk_holds_several():
    one = answer(0.0, 1.0, 3.0, tokens=5)  # 2 s for the four tokens after the first
    assert one.between_tokens_s == pytest.approx(0.5)


@pytest.mark.parametrize("one", [answer(0.0, ended_s=1.0, tokens=3), answer(0.0, 1.0)])
def test_what_was_not_seen_is_absent(one):
    assert one.between_tokens_s is None
    assert (one.first_token_s is None) == (not one.chunks_s)


def test_tokens_are_spread_over_chunks():
    one = answer(0.0, 1.0, 2.0, 3.0, 4.0, tokens=8)
    assert one.tokens_within(1.5, 3.5) == pytest.approx(4.0)
    assert one.tokens_within(0.0, 9.0) == pytest.approx(8.0)


def test_an_answer_without_text_came_at_its_end():
    assert answer(0.0, ended_s=2.0, tokens=3).tokens_within(1.0, 2.0) == 3
    assert answer(0.0, ended_s=2.0, tokens=3).tokens_within(0.0, 1.9) == 0


def test_ramp_up_and_drain_are_cut_off():
    """One request at a time, four tokens each at 1 s, from 1.5 s (in the first) to 9.5 s (in the last of three).

    Tokens within: 2, 3, 4 of the first; 5 to 8 of the second; 9 of the third: 8 of 12, worth 8 / 4 = 2 requests. Only
    the second began and ended within.
    """
    asked = [answer(float(first), *(first + each for each in (1.0, 2.0, 3.0, 4.0))) for first in (0, 4, 8)]
    found = steady_state(asked, 1.5, 9.5)
    assert found.tokens == pytest.approx(8)
    assert found.queries == pytest.approx(2)
    assert found.whole == (asked[1],)


def test_a_request_counts_by_its_share_of_the_tokens():
    """Answers of 2 and 6 tokens, all within: 8 tokens, 4 a request on average, so two requests."""
    found = steady_state([answer(0.0, 1.0, 2.0), answer(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)], 0.0, 9.0)
    assert (found.tokens, found.queries) == (8, 2)


def test_whole_requests_are_in_order_of_arrival():
    late, early = answer(2.0, 3.0), answer(1.0, 4.0)
    assert steady_state([late, early], 0.0, 5.0).whole == (early, late)


def test_a_steady_state_without_tokens_cannot_be():
    with pytest.raises(ImpossibleOutput, match="no token came"):
        steady_state([answer(0.0, 5.0)], 1.0, 2.0)
