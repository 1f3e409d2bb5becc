"""A search as the command line runs it: rounds, resuming, dry runs, budgets."""

from __future__ import annotations

import pytest

from suite.__main__ import main
from suite.config.expand import experiment
from suite.io.paths import CONF
from suite.record.store import load_run
from suite.search.driver import search_run
from tests.commands.test_command_line import FAST, HERE

SMALL = [
    "experiment=stack", HERE, "search.techniques=[batch_size,attention_implementation]", "search.pairs=all",
    "mitigation.batch_size.size=16", "mitigation.attention_implementation.kind=eager", "batch_size=8",
]  # fmt: skip


@pytest.fixture
def suite_in(tmp_path, capsys):
    def run(*arguments):
        code = main([*FAST, f"runs_dir={tmp_path}/runs", *arguments])
        return code, capsys.readouterr()

    return run


def labels(tmp_path):
    return [record.point.label for _, record in load_run(tmp_path / "runs" / "stack")[0]]


@pytest.mark.slow
def test_rounds_follow_from_records_and_a_resumed_search_finds_them_done(suite_in, tmp_path):
    code, printed = suite_in(*SMALL)
    assert code == 0
    assert "at most 4 points, 3 of them known beforehand" in printed.out
    assert sorted(labels(tmp_path)) == [
        "attention_implementation", "batch_size", "batch_size+attention_implementation", "none",
    ]  # fmt: skip
    assert "batch_size+attention_implementation takes" in printed.out
    again, printed = suite_in(*SMALL)
    assert again == 0
    assert "0 points to measure, 3 already measured" in printed.out
    assert len(labels(tmp_path)) == 4
    _, printed = suite_in(*SMALL, "--dry-run", "search.largest=2")
    assert "takes" in printed.out


@pytest.mark.slow
def test_trials_are_points_with_records_and_equal_ones_are_one(suite_in, tmp_path):
    tune = [
        "experiment=tune", HERE, "search.mitigation=[batch_size]", "search.trials=4", "batch_size=8",
        "search.space={mitigation.batch_size.size: {choices: [16, 32]}}",
    ]  # fmt: skip
    code, printed = suite_in(*tune)
    assert code == 0
    records = [record for _, record in load_run(tmp_path / "runs" / "tune")[0]]
    assert 1 <= len(records) <= 2
    assert {record.config["search"] for record in records} == {"tune"}
    assert f"search: {len(records)} different trials, 0 stopped" in printed.out
    assert "search: least energy" in printed.out


def test_a_dry_run_says_what_is_known_and_measures_nothing(suite_in, tmp_path):
    code, printed = suite_in(*SMALL, "--dry-run")
    assert code == 0
    assert "batch_size" in printed.out
    assert not (tmp_path / "runs").exists()


def test_a_budget_that_leaves_no_time_ends_the_search(suite_in, tmp_path):
    code, printed = suite_in(*SMALL, "budget=1s")
    assert code == 0
    assert "left out" in printed.out
    assert len(labels(tmp_path)) == 3


@pytest.mark.parametrize(
    "name", [path.stem for path in sorted((CONF / "experiment").glob("*.yaml")) if "search" in experiment(path.stem)]
)
def test_the_first_round_of_every_search_composes(name):
    search = search_run(name, [])
    assert 0 < len(search.next_round()) <= search.search.most_points


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("mitigation=bf16", "the search chooses this itself"),
        ("search.bigest=3", "did you mean search.largest"),
        ("search.largest=[", "this is no value"),
        ("batch_size=8,16", "one value a key"),
    ],
)
def test_what_a_search_does_not_take_is_one_line(suite_in, override, words):
    code, printed = suite_in("experiment=stack", "--dry-run", override)
    assert code == 2
    assert words in printed.err
    assert len(printed.err.splitlines()) == 1
