"""Stack search on known answers: which stacks are proposed when, and what is concluded."""

from __future__ import annotations

import pytest

from suite.errors import InputError
from suite.search.search import new_ones
from tests.search.found import found, search, stacks

NONE = {("none",): 1.0}
ALONE = NONE | {("structured_pruning",): 0.8, ("bf16",): 0.9, ("batch_size",): 0.7}
THREE = ("structured_pruning", "bf16", "batch_size")


def test_at_first_the_baseline_and_each_technique_alone() -> None:
    assert stacks(new_ones(search(*THREE), {})) == [("none",), *((name,) for name in THREE)]


def test_then_the_pairs_of_those_that_save() -> None:
    alone = ALONE | {("bf16",): 1.2}
    assert stacks(new_ones(search(*THREE), found(alone))) == [("structured_pruning", "batch_size")]
    assert len(new_ones(search(*THREE, pairs="all"), found(alone))) == 3


def test_a_technique_that_loses_more_than_the_margin_is_in_no_pair() -> None:
    measured = found(ALONE, losing={("bf16",): 100})
    assert stacks(new_ones(search(*THREE), measured)) == [("structured_pruning", "batch_size")]
    assert len(new_ones(search(*THREE, largest_loss=0.2), measured)) == 3


def test_pairs_stand_in_the_order_that_rules_ask_for_and_conflicts_are_left_out() -> None:
    names = ("int8_dynamic", "nf4", "distillation")
    measured = found(NONE | {(name,): 0.8 for name in names})
    assert stacks(new_ones(search(*names), measured)) == [("distillation", "int8_dynamic"), ("distillation", "nf4")]


def test_the_best_pair_is_tried_with_each_of_the_others_and_no_other_pair_is() -> None:
    pairs = {
        ("structured_pruning", "bf16"): 0.72,
        ("structured_pruning", "batch_size"): 0.5,
        ("bf16", "batch_size"): 0.6,
    }
    assert stacks(new_ones(search(*THREE), found(ALONE | pairs))) == [THREE]
    assert new_ones(search(*THREE, largest=2), found(ALONE | pairs)) == []


def test_it_ends_where_no_pair_improves_on_the_best_technique() -> None:
    pairs = {
        ("structured_pruning", "bf16"): 0.8,
        ("structured_pruning", "batch_size"): 0.75,
        ("bf16", "batch_size"): 0.7,
    }
    assert new_ones(search(*THREE), found(ALONE | pairs)) == []


def test_parts_of_0_8_and_0_9_that_come_to_0_792_have_an_interaction_of_1_1() -> None:
    parts = {("structured_pruning",): 0.8, ("bf16",): 0.9}
    lines = search("structured_pruning", "bf16").conclusions(
        found(NONE | parts | {("structured_pruning", "bf16"): 0.8 * 0.9 * 1.1})
    )
    assert lines[0].startswith("search: best is structured_pruning+bf16")
    assert lines[1:] == [
        "search: structured_pruning+bf16 takes 1.100 [1.100, 1.100] times what its parts promise (saves less)"
    ]


def test_where_nothing_saves_that_is_the_conclusion() -> None:
    (line,) = search("structured_pruning", "bf16").conclusions(
        found(NONE | {("structured_pruning",): 1.2, ("bf16",): 1.1})
    )
    assert "saves within the loss" in line


def test_the_most_points_counted_by_hand() -> None:
    assert search("bf16", "fp16", "tf32", "nf4").most_points == 1 + 4 + 6 + 2
    assert search("bf16", "fp16", "tf32", "nf4", largest=4).most_points == 1 + 4 + 6 + 2 + 1


@pytest.mark.parametrize(
    ("names", "changes", "words"),
    [
        (("bf16", "bf16"), {}, "each once"),
        (("bf16",), {}, "two techniques"),
        (("bf16", "nf5"), {}, "did you mean nf4"),
        (("bf16", "nf4"), {"pairs": "some"}, "saving or all"),
        (("bf16", "nf4"), {"largest": 1}, "at least 2"),
        (("bf16", "nf4"), {"largest_loss": -1}, "above 0"),
    ],
)
def test_bad_settings_are_one_line(names, changes, words) -> None:
    with pytest.raises(InputError, match=words):
        search(*names, **changes)
