"""Answer: one request as its client saw it, chunk by chunk, and the steady state of many of them. Pure functions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from suite.errors import ImpossibleOutput


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """One request and its answer. Moments are those of ``time.perf_counter``, in seconds.

    Attributes:
        due_s: when the request arrived; it was sent then, or as soon as the client came to it.
        chunks_s: when each piece of text came, in order; a server may put several tokens into one, or none.
        ended_s: when the answer was complete.
        tokens: of the answer: as the server counts them, else one a chunk.
        prompt_tokens: as the server counts them; None where it does not.
        is_counted: whether ``tokens`` is the server's own count.
        text: of the answer.
    """

    due_s: float
    chunks_s: tuple[float, ...]
    ended_s: float
    tokens: int
    prompt_tokens: int | None
    is_counted: bool
    text: str

    @property
    def latency_s(self) -> float:
        """Seconds from the request's arrival to the answer's end."""
        return self.ended_s - self.due_s

    @property
    def first_token_s(self) -> float | None:
        """Seconds from the request's arrival to the first text; None where no text came."""
        return self.chunks_s[0] - self.due_s if self.chunks_s else None

    @property
    def between_tokens_s(self) -> float | None:
        """Mean seconds between two tokens, the first left out; None where there are fewer than two."""
        if len(self.chunks_s) < 2 or self.tokens < 2:
            return None
        return (self.chunks_s[-1] - self.chunks_s[0]) / (self.tokens - 1)

    def tokens_within(self, from_s: float, to_s: float) -> float:
        """Tokens that came between two moments; those of an answer are spread evenly over its chunks."""
        moments_s = self.chunks_s or (self.ended_s,)
        return self.tokens * sum(from_s <= at_s <= to_s for at_s in moments_s) / len(moments_s)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SteadyState:
    """What came while a server was under its full load.

    Attributes:
        tokens: of all answers, as far as they came within; need not be whole.
        queries: that these tokens are worth, at the mean length of the run's answers: the energy of the steady state
            over them is that of a request, by its share of the tokens.
        whole: the requests that arrived and were answered within, in the order in which they arrived.
    """

    tokens: float
    queries: float
    whole: tuple[Answer, ...]


def steady_state(answers: Sequence[Answer], from_s: float, to_s: float) -> SteadyState:
    """Cuts ramp-up and drain off.

    Args:
        answers: of one run, all of them complete.
        from_s: when the first requests, as many as run at a time, had all given a token.
        to_s: when no more requests than run at a time were left.

    Raises:
        ImpossibleOutput: no token came within.
    """
    tokens = math.fsum(answer.tokens_within(from_s, to_s) for answer in answers)
    if not tokens > 0:
        raise ImpossibleOutput(f"no token came in the {to_s - from_s:.3f} s of steady state")
    whole = (answer for answer in answers if from_s <= answer.due_s and answer.ended_s <= to_s)
    return SteadyState(
        tokens=tokens,
        queries=tokens * len(answers) / sum(answer.tokens for answer in answers),
        whole=tuple(sorted(whole, key=lambda answer: answer.due_s)),
    )
