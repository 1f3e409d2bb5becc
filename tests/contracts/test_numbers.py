"""Every number of conf/: what is none, or none of its kind, is refused by name as the component is built."""

import importlib
import math
import re
import typing

import pytest
import yaml

from suite.config import build
from suite.config.compose import composed, resolved
from suite.errors import InputError
from suite.io.paths import CONF
from suite.record.dotted_keys import flatten

FILES = {
    (group, path.stem): yaml.safe_load(path.read_text("utf-8"))
    for group in ("task", "mitigation", "workload", "meter")
    for path in sorted((CONF / group).glob("*.yaml"))
}
CHOICES = [("protocol", "quick"), *(each for each, content in FILES.items() if set("0123456789") & set(str(content)))]
NO_NUMBERS = (math.nan, math.inf, -math.inf, True, "abc", "", [1], {"a": 1})


def hint_of(settings, key):
    """What the class says of the field, where it is one of the class's own."""
    module, _, name = settings["_target_"].rpartition(".")
    return str(typing.get_type_hints(getattr(importlib.import_module(module), name)).get(key, ""))


def is_number(settings, key, value):
    if isinstance(value, bool) or key.startswith("architecture."):
        return False
    if isinstance(value, int | float):
        return True
    return value is None and bool(re.search(r"\b(int|float)\b", hint_of(settings, key)))  # checkpoints hold an int, too


def changed(settings, key, value):
    """``settings`` with another ``value`` at the dotted ``key``."""
    first, _, rest = key.partition(".")
    return settings | {first: changed(settings[first], rest, value) if rest else value}


def accepted(settings):
    found = []
    for key, value in flatten(settings).items():
        if not is_number(settings, key, value):
            continue
        whole = isinstance(value, int) or "int" in hint_of(settings, key)
        fractions = (1.5,) if whole and "float" not in hint_of(settings, key) else ()
        for wrong in (*NO_NUMBERS, -1, *fractions):
            try:
                build.build(changed(settings, key, wrong))
            except InputError as error:
                found += [(key, wrong, str(error))] if "cannot be built" in str(error) else []
            else:
                found.append((key, wrong))
    return found


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_what_is_no_number_of_its_kind_is_refused_by_name(group, name):
    """Not by whatever error the class ends in: the sentence names the key."""
    settings = resolved(composed([f"{group}={name}"]))[group]
    blocks = settings.values() if group == "mitigation" else [settings]
    assert [each for block in blocks for each in accepted(block)] == []


@pytest.mark.parametrize("key", ["batch_size", "seed", "point_timeout_s", "threads"])
@pytest.mark.parametrize("wrong", [*NO_NUMBERS, -1, 1.5, 2**31, 10**400], ids=lambda wrong: str(wrong)[:12])
def test_a_count_of_the_configuration_itself_is_a_whole_number(key, wrong):
    config = resolved(composed([]))
    with pytest.raises(InputError, match=key):
        build._check_counts(config | {key: wrong})
