"""Rules on stacks: which techniques stand together, in which order, and what is said where they do not."""

from __future__ import annotations

import pytest

from suite.errors import InputError
from suite.plugins.stacking import StackRules, check_stack, order_of

PRUNING = StackRules(intervention="pruning", before=("quantisation",))
EIGHT = StackRules(intervention="quantisation", conflicts=("quantisation",))
FOUR = StackRules(intervention="quantisation", conflicts=("quantisation",), stack_reason="bits are few")
LAST = StackRules(intervention="optimised_hardware", after=("eight", "pruning"))
FREE = StackRules(intervention="batch_and_precision")


def test_a_kind_and_a_name_say_what_comes_first() -> None:
    assert order_of({"last": LAST, "eight": EIGHT, "cut": PRUNING}) == ["cut", "eight", "last"]


def test_the_order_that_would_do_is_told_with_the_reason() -> None:
    with pytest.raises(InputError) as raised:
        check_stack({"eight": EIGHT, "free": FREE, "cut": PRUNING})
    assert str(raised.value) == (
        "in a stack cut and eight go in this order only (weights of few bits can be neither cut nor trained, and are "
        "quantised once), got '[eight,free,cut]', give mitigation=[cut,free,eight]"
    )


def test_of_two_that_do_not_go_together_no_order_is_told() -> None:
    with pytest.raises(InputError, match=r"eight and four do not go together \(weights of few") as raised:
        check_stack({"eight": EIGHT, "cut": PRUNING, "four": FOUR})
    assert raised.value.remedy == "leave one of them out"


def test_a_techniques_own_reason_wins() -> None:
    with pytest.raises(InputError, match="bits are few"):
        check_stack({"four": FOUR, "eight": EIGHT})


def test_kinds_take_the_interventions_place() -> None:
    cache = StackRules(intervention="quantisation", kinds=("decoding",))
    check_stack({"eight": EIGHT, "cache": cache})
    with pytest.raises(InputError, match="do not go together"):
        check_stack({"eight": EIGHT, "cache": StackRules(intervention="", kinds=("quantisation",))})


def test_rules_that_go_round_in_a_circle_have_no_order() -> None:
    assert order_of({"a": StackRules(before=("b",)), "b": StackRules(before=("a",))}) is None


def test_what_has_no_rules_goes_anywhere() -> None:
    check_stack({"free": FREE, "eight": EIGHT})
    check_stack({"eight": EIGHT, "free": FREE})
    assert FREE.in_words() == ""
    assert LAST.in_words() == "after eight, pruning"
