"""Tasks of lm-evaluation-harness (Gao et al., doi:10.5281/zenodo.12608602) as further scores of a language model.

The model is asked as it is measured: already loaded, pruned or quantised, and with its own arguments of ``generate``.
Every score that the harness takes the mean of is kept item by item, so that both arms are compared in pairs.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from suite.checkpoints import hub
from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import FurtherScore
from suite.errors import InputError, NotApplicable, OutOfReach
from suite.scoring import items
from suite.text.suggest import near_names, question

MISSING = "lm-evaluation-harness is missing: pip install -e '.[lm-eval]'"
_MEANS = ("mean", "nanmean")
"""What the harness calls the functions that make one figure of the items' scores by their mean."""
_KEYS = ("tasks", "folder", "limit")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Harness:
    """Which of its tasks are asked.

    Attributes:
        tasks: names of tasks, groups or tags; empty: nothing is asked.
        folder: of the user's own tasks, yaml files in the harness's form; None where all are the harness's.
        limit: the first so many items of each task at most; None for all.
    """

    tasks: tuple[str, ...]
    folder: str | None
    limit: int | None

    def check(self) -> None:
        """Passes where the harness knows every task.

        Raises:
            InputError: it does not.
            NotApplicable: it is not installed.
        """
        if self.tasks:
            _manager(self)

    def scores(self, setup: Setup, seed: int) -> list[FurtherScore]:
        """The scores of each task in the harness's order of items, under ``TASK.METRIC``; ``seed`` draws its examples.

        Raises:
            InputError: a task cannot be loaded, or gives no score that is a mean over its items.
            OutOfReach: a task's data lies on a hub that does not answer.
            NotApplicable: the harness is not installed.
        """
        if not self.tasks:
            return []
        with _quiet(), items.scoring(setup):
            return self._scores(setup, seed)

    def _scores(self, setup: Setup, seed: int) -> list[FurtherScore]:
        from lm_eval.evaluator import evaluate  # simple_evaluate describes the machine too, which takes seconds
        from lm_eval.models.huggingface import HFLM

        loaded = self._loaded()
        for task in loaded["tasks"].values():
            task.set_fewshot_seed(seed=seed)
            if task.get_config("num_fewshot") is None:
                task.set_config(key="num_fewshot", value=0)
        asked = HFLM(
            pretrained=AsMeasured(setup),
            backend="causal",
            tokenizer=copy.deepcopy(setup.processor),  # it is given a padding token
            batch_size=1 if setup.batch_size == 1 else items.scored_batch_size(setup),  # guesses take one at a time
        )
        found = evaluate(asked, loaded, limit=self.limit, bootstrap_iters=0)["samples"]
        return [score for name, task in loaded["tasks"].items() for score in _of_task(name, task, found[name])]

    def _loaded(self) -> Any:
        manager = _manager(self)
        try:
            return manager.load(list(self.tasks))
        except Exception as error:  # a yaml of the user's may name code of its own
            names, reason = ", ".join(self.tasks), hub.first_line(error)[:300]
            if hub.is_connection_failure(error):
                raise OutOfReach(f"the data of {names} is out of reach ({reason})") from error
            remedy = "correct its yaml, and see that its data is there"
            raise InputError(
                f"a task of lm-evaluation-harness cannot be loaded ({reason})", got=names, remedy=remedy
            ) from error


def harness_of(given: object) -> Harness:
    """What the value of ``task.lm_eval`` means.

    Raises:
        InputError: it has other keys, or a value of another kind.
    """
    if isinstance(given, Harness):
        return given
    if not isinstance(given, Mapping) or set(given) != set(_KEYS):
        remedy = f"set {', '.join(f'task.lm_eval.{key}' for key in _KEYS)}"
        raise InputError("task.lm_eval must have its three keys", got=given, remedy=remedy)
    tasks = [given["tasks"]] if isinstance(given["tasks"], str) else given["tasks"]
    if not isinstance(tasks, Sequence) or not all(isinstance(name, str) and name.strip() for name in tasks):
        raise InputError("task.lm_eval.tasks must be names", got=tasks, remedy="write task.lm_eval.tasks=[NAME,…]")
    if given["limit"] is not None:
        checks.count("task.lm_eval.limit", given["limit"], least=1)
    folder = None if given["folder"] is None else str(Path(str(given["folder"])).expanduser())
    return Harness(tasks=tuple(dict.fromkeys(tasks)), folder=folder, limit=given["limit"])


class AsMeasured:
    """A setup's model as the harness calls one.

    No module to it, so that it does not tie weights anew which a technique has untied.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.config = setup.model.config
        self.device = torch.device(setup.device)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._setup.model, name)

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """The model's own answer."""
        return self._setup.model(*inputs, **named)

    def generate(self, *, input_ids: torch.Tensor, max_length: int, **named: Any) -> Any:
        """Continues ``input_ids`` to at most ``max_length`` tokens, as the setup generates.

        Not over the static cache of compiled decoding: it answers the same, and would grow for all that is measured.
        """
        batch = {"input_ids": input_ids, "attention_mask": named.get("attention_mask")}
        is_compiled = self._setup.runtime == "compiled"
        options = {} if is_compiled else self._setup.generate_options(batch, max_length - input_ids.shape[1])
        return self._setup.model.generate(input_ids=input_ids, max_length=max_length, **{**named, **options})


def _of_task(name: str, task: Any, samples: Sequence[Mapping[str, Any]]) -> list[FurtherScore]:
    means = [metric for metric, made in task.aggregation().items() if getattr(made, "__name__", "") in _MEANS]
    by_filter: dict[str, list[Mapping[str, Any]]] = {}
    for sample in samples:
        by_filter.setdefault(sample["filter"], []).append(sample)
    found = [
        FurtherScore(
            metric=f"{name}.{metric}" + ("" if kind == "none" else f"[{kind}]"),
            higher_is_better=bool(task.higher_is_better()[metric]),
            items=[float(sample[metric]) for sample in chosen],
        )
        for kind, chosen in by_filter.items()
        for metric in means
        if all(_is_number(sample.get(metric)) for sample in chosen)
    ]
    if not found:
        what = f"no score of the task {name} is a mean over its items"
        remedy = "name a task with acc, acc_norm, exact_match or another score of each item"
        raise InputError(what, got=[*task.aggregation()], remedy=remedy)
    return found


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)


@functools.cache
def _manager(harness: Harness) -> Any:
    """What loads the tasks; reading the index of all that the harness ships takes seconds, so only where one is its."""
    try:
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise NotApplicable(MISSING) from error
    with _quiet():
        own = TaskManager(include_path=harness.folder, include_defaults=False) if harness.folder else None
        if own is not None and set(harness.tasks) <= set(own.all_tasks):
            return own
        made = TaskManager(include_path=harness.folder)
    for name in harness.tasks:
        if name not in made.all_tasks:
            near = question(near_names(name, made.all_tasks))
            remedy = f"{near}list them: lm_eval ls tasks" + (f" --include_path {harness.folder}" if own else "")
            raise InputError("lm-evaluation-harness has no such task", got=name, remedy=remedy)
    return made


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without its progress bars, and without its advice."""
    logger = logging.getLogger("lm_eval")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
