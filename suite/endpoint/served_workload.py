"""What every workload says that puts requests to servers, and what it cannot do: run a model that is loaded here."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import ClassVar

from suite.core.setup import Setup
from suite.core.task import Task
from suite.core.workload import Loop, Workload
from suite.endpoint.load import Arrivals, Load
from suite.endpoint.prompts import Metric, Prompt, listed_s, of_examples, read_prompts
from suite.errors import NotApplicable
from suite.record.schema import Phase


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServedWorkload(Workload):
    """Requests to a server.

    Attributes:
        arrivals: ``closed``, ``poisson``, ``fixed`` or ``listed``, see ``suite.endpoint.load``.
        concurrency: requests at a time.
        rate_per_s: requests that arrive in a second, for ``poisson`` and ``fixed``; else None.
        requests: of a window; None for as many as fill the protocol's.
        new_tokens: most tokens of an answer.
        prompts: a file of the user's; None for the texts of the task's queries.
        metric: by which answers are scored, where prompts have some.
    """

    phase: ClassVar[Phase] = "inference"
    is_paced: ClassVar[bool] = True
    arrivals: Arrivals
    concurrency: int
    rate_per_s: float | None
    requests: int | None
    new_tokens: int
    prompts: str | None
    metric: Metric

    def asked(self, task: Task) -> tuple[Prompt, ...]:
        """The prompts: the user's, else the texts of the task's queries.

        Raises:
            InputError: a line is wrong, or the task's queries are no texts.
        """
        return read_prompts(Path(self.prompts)) if self.prompts is not None else of_examples(task.queries())

    def load(self, asked: tuple[Prompt, ...], seed: int) -> Load:
        """How requests arrive.

        Raises:
            InputError: arrivals are listed, and a prompt does not say when it arrives.
        """
        return Load(
            arrivals=self.arrivals,
            concurrency=self.concurrency,
            rate_per_s=self.rate_per_s,
            listed_s=listed_s(asked) if self.arrivals == "listed" else (),
            seed=seed,
        )

    def loop(self, setup: Setup, pass_queries: int) -> Loop:
        """There is none: no model is loaded here."""
        raise NotApplicable("a served model is asked over the network, and none is loaded here")

    def evaluate(self, setup: Setup) -> list[float]:
        """There is no setup: answers to the prompts are scored as they come from the servers."""
        raise NotApplicable("a served model is scored by its answers to workload.prompts")
