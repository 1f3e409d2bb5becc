import dataclasses

import pytest

from suite.core.meter import Readings
from suite.endpoint.load import Load, ask_all, run
from suite.errors import ServerFailed


def load(arrivals="closed", **given):
    return Load(**{"arrivals": arrivals, "concurrency": 2, "rate_per_s": None, "listed_s": (), "seed": 0, **given})


class Counting:
    """A meter that counts how often it is opened and closed."""

    def __init__(self):
        self.calls = []

    def start(self):
        self.calls.append("start")
        return "token"

    def stop(self, token):
        self.calls.append(token)
        return Readings(duration_s=1.0, energy_j={"cpu": 2.0}, method={"cpu": "estimated:x"})


def test_arrivals_bring_exactly_the_rate():
    drawn = load("poisson", rate_per_s=5.0).arrivals_s(20)
    assert drawn[-1] == pytest.approx(4.0)
    assert drawn == sorted(drawn)
    assert drawn == load("poisson", rate_per_s=5.0).arrivals_s(20)  # the same for both arms
    assert load("fixed", rate_per_s=5.0).arrivals_s(3) == pytest.approx([0.2, 0.4, 0.6])
    assert load().arrivals_s(3) is None


def test_a_list_of_arrivals_is_gone_through_again():
    """Two requests at 1 and 3 s: a turn lasts 3 s and a mean gap of 1.5 s."""
    assert load("listed", listed_s=(1.0, 3.0)).arrivals_s(4) == pytest.approx([1.0, 3.0, 5.5, 7.5])


def test_a_run_is_metered_in_its_steady_state(serve):
    client, _ = serve(new_tokens=4)
    meter = Counting()
    ran = run(client, [f"prompt {index}" for index in range(7)], load(), meter)
    assert meter.calls == ["start", "token"]
    assert len(ran.answers) == 7
    assert [answer.tokens for answer in ran.answers] == [4] * 7
    assert all(answer.is_counted and len(answer.chunks_s) == 4 for answer in ran.answers)
    firsts = sorted(answer.chunks_s[0] for answer in ran.answers[:2])
    assert firsts[-1] <= ran.from_s < ran.to_s
    assert sum(answer.ended_s > ran.to_s for answer in ran.answers) <= 2  # what is left is drain
    assert ran.readings.energy_j == {"cpu": 2.0}


def test_without_a_meter_energy_is_absent(serve):
    client, _ = serve()
    ran = run(client, ["a"] * 5, load(), None)
    assert ran.readings.energy_j == {}
    assert ran.readings.duration_s == pytest.approx(ran.to_s - ran.from_s)


def test_no_more_requests_run_at_a_time_than_asked(serve):
    client, _ = serve()
    answers = ask_all(client, ["a"] * 6, concurrency=2)
    for answer in answers:
        assert sum(other.due_s < answer.ended_s and answer.due_s < other.ended_s for other in answers) <= 4
        # at most two at any moment: each meets the one beside it, and the one that follows that
    assert [answer.text for answer in answers] == [" yes" * 4] * 6


def test_requests_that_arrive_over_time_wait_for_their_moment(serve):
    client, _ = serve(burn_s=0.0001)
    ran = run(client, ["a"] * 6, load("fixed", rate_per_s=20.0), None)
    gaps = [after.due_s - before.due_s for before, after in zip(ran.answers, ran.answers[1:], strict=False)]
    assert gaps == pytest.approx([0.05] * 5)
    assert all(answer.chunks_s[0] > answer.due_s for answer in ran.answers)


def test_chat_is_asked_as_chat(serve):
    client, _ = serve(api="chat", per_chunk=3, answer="no")
    (answer,) = ask_all(client, ["a"], 1)
    assert answer.text == " no" * 4
    assert (answer.tokens, len(answer.chunks_s), answer.prompt_tokens) == (4, 2, 5)


def test_chunks_count_where_the_server_does_not(serve):
    client, _ = serve(usage=0, per_chunk=2)
    (answer,) = ask_all(client, ["a"], 1)
    assert (answer.tokens, answer.is_counted, answer.prompt_tokens) == (2, False, None)


def test_a_refusal_is_told_without_the_key(serve):
    client, _ = serve(asks="the-right-one")
    with_key = dataclasses.replace(client, key="the-right-one")
    assert ask_all(with_key, ["a"], 1)[0].tokens == 4
    with pytest.raises(ServerFailed, match="answered 401") as error:
        ask_all(dataclasses.replace(client, key="a-wrong-secret"), ["a"], 1)
    assert "a-wrong-secret" not in str(error.value)
    assert "[secret]" in str(error.value)


def test_a_server_that_dies_is_told(serve):
    client, process = serve(dies_after=3)
    with pytest.raises(ServerFailed, match="broke off"):
        run(client, ["a"] * 9, load(), Counting())
    with pytest.raises(ServerFailed, match=r"exit code 7[\s\S]*out of luck"):
        process.check_alive(patience_s=5)
