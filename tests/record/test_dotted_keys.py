import pytest

from suite.record.dotted_keys import DEEPEST_LEVEL, common, flatten, nested

SETTINGS = {"task": {"name": "t", "recipe": {"steps": 2}}, "seed": 0}
FLAT = {"task.name": "t", "task.recipe.steps": 2, "seed": 0}


def test_nested_keys_are_joined_by_dots():
    assert flatten(SETTINGS) == FLAT


def test_empty_mappings_vanish():
    assert flatten({"a": {}, "b": {"c": {}}}) == {}


def test_flat_keys_are_nested_again():
    assert nested(FLAT) == SETTINGS


@pytest.mark.parametrize("flat", [{"a": 1, "a.b": 2}, {"a.b": 2, "a": 1}])
def test_keys_that_contradict_each_other_are_refused(flat):
    with pytest.raises(ValueError, match="a"):
        nested(flat)


def test_a_key_deeper_than_any_configuration_is_refused():
    assert nested({".".join("a" * DEEPEST_LEVEL): 1})
    with pytest.raises(ValueError, match="33 levels"):
        nested({".".join("a" * (DEEPEST_LEVEL + 1)): 1})


def test_what_mappings_share_is_common():
    assert common([SETTINGS, {"task": {"name": "t"}, "seed": 1}]) == {"task.name": "t"}
    assert common([]) == {}
