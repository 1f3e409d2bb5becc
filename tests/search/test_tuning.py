"""Tuning on a known function: the same figures give the same trials, and what is told of each."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from suite.errors import InputError
from suite.search.search import Outcome, key_of, new_ones
from suite.search.tuning import STOPPED_RATIO, Tuning, objectives
from tests.search.found import found as outcomes

pytest.importorskip("optuna")

SPACE: dict[str, Any] = {"mitigation.bf16.share": {"low": 0.1, "high": 0.8}, "batch_size": {"choices": [8, 16]}}


def tuning(**changes: Any) -> Tuning:
    values: dict[str, Any] = {
        "mitigation": ["bf16"], "space": SPACE, "trials": 12, "sampler": "tpe", "startup_trials": 4, "seed": 0,
    }  # fmt: skip
    return Tuning(**(values | changes))


def outcome(ratio: float, lost: int = 0) -> Outcome:
    (made,) = outcomes({("bf16",): ratio}, losing={("bf16",): lost}).values()
    return Outcome(point=made.point, score_delta=-lost / 1000)


def run(search: Tuning) -> dict[str, Outcome]:
    """A world in which energy falls with the share, and the score beyond a share of one half."""
    found: dict[str, Outcome] = {}
    while new := new_ones(search, found):
        (proposal,) = new
        share = proposal["mitigation.bf16.share"]
        found[key_of(proposal)] = outcome(1 - share, lost=round(max(0.0, share - 0.5) * 1000))
    return found


def test_one_trial_at_a_time_within_the_space() -> None:
    (first,) = new_ones(tuning(), {})
    assert set(first) == {"mitigation", *SPACE}
    assert first["mitigation"] == "[bf16]"
    assert 0.1 <= first["mitigation.bf16.share"] <= 0.8
    assert first["batch_size"] in (8, 16)


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_resumed_search_asks_for_the_same_points(sampler: str) -> None:
    whole = run(tuning(sampler=sampler))
    assert len(whole) > 6  # nsga2 comes back to values that did well
    half = dict(list(whole.items())[:6])
    assert [key_of(each) for each in new_ones(tuning(sampler=sampler), half)] == [list(whole)[6]]
    assert new_ones(tuning(sampler=sampler), whole) == []


def test_another_seed_asks_for_other_points() -> None:
    assert new_ones(tuning(), {}) != new_ones(tuning(seed=1), {})


def test_between_whole_numbers_only_whole_ones_are_tried() -> None:
    search = tuning(space={"mitigation.bf16.steps": {"low": 20, "high": 200, "step": 20}})
    (first,) = new_ones(search, {})
    assert first["mitigation.bf16.steps"] in range(20, 201, 20)


def test_the_conclusion_names_the_cheapest_trial() -> None:
    found = run(tuning())
    cheapest = min(found, key=lambda key: found[key].point.energy_ratio or 9)
    lines = tuning().conclusions(found)
    assert lines[0] == "search: 12 different trials, 0 stopped by the gate on scores before any window"
    assert lines[1].endswith(cheapest)


def test_energy_and_score_are_told_as_they_are() -> None:
    assert objectives(outcome(0.8, lost=20), None) == (pytest.approx(0.8), -0.02)


def test_a_trial_that_the_gate_stopped_is_told_as_one_that_saves_nothing() -> None:
    stopped = Outcome(point=outcome(0.8).point, score_delta=-0.3, stopped_early=True)
    assert objectives(stopped, None) == (STOPPED_RATIO, -0.3)


def test_a_ratio_to_another_baseline_is_told_as_one_to_the_first() -> None:
    import msgspec

    first = outcome(0.8).point
    other = msgspec.structs.replace(first, baseline_batch_size=64, baseline_energy_per_query_j=0.5)
    assert first.baseline_energy_per_query_j == 1.0
    assert objectives(Outcome(point=other), first) == (pytest.approx(0.8 * 0.5), 0.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trials": 0}, "trials"),
        ({"sampler": "grid"}, "tpe or nsga2"),
        ({"space": {}}, "is empty"),
        ({"space": {"batch_size": 3}}, "no range"),
        ({"space": {"batch_size": {"low": 3, "high": 2}}}, "no range"),
        ({"space": {"batch_size": {"low": 3}}}, "no range"),
        ({"space": {"batch_size": {"low": "a", "high": "b"}}}, "no range"),
        ({"space": {"batch_size": {"choices": 8}}}, "no list"),
        ({"mitigation": "bf16"}, "is a stack"),
    ],
)
def test_bad_settings_are_one_line(changes, words) -> None:
    with pytest.raises(InputError, match=words):
        tuning(**changes)


def test_without_optuna_the_command_that_installs_it_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"pip install -c constraints\.txt optuna"):
        tuning()
