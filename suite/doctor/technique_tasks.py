"""Which technique can run on which task: what the technique's class requires, against what the task's class says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from suite.config.compose import composed
from suite.config.targets import check_targets
from suite.errors import InputError
from suite.plugins.cards import read_card
from suite.plugins.conf_folders import conf_folders, options, techniques
from suite.plugins.requires import Requires
from suite.toolkit.requirements import Circumstances, explained, of_task, unmet_by_task

State = Literal["can run", "cannot", "depends on the model"]


class Statement(TypedDict):
    """Whether a technique can run on a task: why not, or on what it depends; no ``reasons`` where it can."""

    state: State
    reasons: list[str]


Matrix = dict[str, dict[str, Statement]]
"""Statements by the names of technique and task."""

MARKS: Mapping[State, str] = {"can run": "✓", "cannot": "✗", "depends on the model": "?"}
HEAD = """
## On which tasks each can run

Each task with the model that its yaml chooses, on a machine that has what the technique requires. ✓ can run; ✗ cannot:
the point is skipped before its model is loaded; ? depends on the model or the data, which is found out once they are
loaded. The numbers are those of the reasons below. Of tasks with an embedded model the tests try what is said here.

"""


def matrix(search_path: Sequence[str] = ()) -> Matrix:
    """Every technique of conf on every task; those that cannot be read or composed, which the doctor tells, left out.

    Args:
        search_path: entries of ``hydra.searchpath``, for techniques and tasks outside of this suite.

    Raises:
        InputError: the search path leads nowhere, or a technique's yaml cannot be read.
    """
    folders = conf_folders(search_path)
    found = {name: _task(name, search_path) for name in options("task", folders)}
    tasks = {name: circumstances for name, circumstances in found.items() if circumstances}
    rows = {name: _requires(str(settings["_target_"])) for name, settings in techniques(folders).items()}
    return {
        name: {task: statement(requires, circumstances) for task, circumstances in tasks.items()}
        for name, requires in rows.items()
        if requires is not None
    }


def statement(requires: Requires, task: Circumstances) -> Statement:
    """Whether a technique that ``requires`` this can run on ``task``; device, phase and packages are no part of it."""
    refusals = [explained(requires, field, text) for field, text in unmet_by_task(requires, task)]
    if refusals:
        return {"state": "cannot", "reasons": refusals}
    values = f"a value for {', '.join(requires.parameters)}" if requires.parameters else ""
    conditions = [text for text in (f"suits {requires.suits}" if requires.suits else "", values) if text]
    return {"state": "depends on the model" if conditions else "can run", "reasons": conditions}


def _task(name: str, search_path: Sequence[str]) -> Circumstances | None:
    """What is known of a task and the model that it chooses before either is made."""
    from hydra.utils import get_class

    where = [f"hydra.searchpath=[{','.join(search_path)}]"] if search_path else []
    try:
        config = composed([*where, f"task={name}"])
        target: Any = config.task["_target_"]
        check_targets({"task": {"_target_": target}}, search_path)
    except InputError:
        return None
    known = {"trained": config.model.weights != "random", **of_task(get_class(target))}
    return Circumstances(device="cpu", compute_capability=None, phase=None, **known)  # of no machine yet


def _requires(target: str) -> Requires | None:
    try:
        return read_card(target).requires
    except InputError:
        return None


def markdown(found: Matrix) -> str:
    """The matrix as one table, and its reasons numbered in the order in which they come."""
    names = list(next(iter(found.values()), {}))
    numbers: dict[str, int] = {}
    rows = [_row(["`mitigation=`", *(name.replace("_", " ") for name in names)]), _row(["---"] * (len(names) + 1))]
    for technique, statements in found.items():
        cells = [_cell(statements[name], numbers) for name in names]
        rows.append(_row([f"[`{technique}`](#{technique})", *cells]))
    reasons = [f"{number}. {reason}" for reason, number in numbers.items()]
    return HEAD + "\n".join([*rows, "", *reasons])


def _cell(stated: Statement, numbers: dict[str, int]) -> str:
    told = [str(numbers.setdefault(reason, len(numbers) + 1)) for reason in stated["reasons"]]
    return f"{MARKS[stated['state']]} {', '.join(told)}".rstrip()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
