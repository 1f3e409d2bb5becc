"""Configurations before anything is built of them."""

import subprocess
import sys

import pytest

from suite.config.composition import compositions
from suite.errors import InputError

HEAVY = "{'torch', 'transformers', 'scipy', 'pandas'}"


def test_configurations_are_composed_without_a_library_of_weight():
    """So that the server of points can import them at the same time as the command does."""
    code = (
        "import sys\n"
        "from suite.config.composition import compositions\n"
        "list(compositions([['task=text_classification', 'mitigation=int8_dynamic']]))\n"
        f"heavy = {HEAVY} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_of_the_sweep_are_no_part_of_a_configuration():
    (found,) = compositions([["retry=all", "lock=wait", "budget=10m"]])
    assert found.own == {"retry": "all", "lock": "wait", "budget": "10m"}
    assert not set(found.own) & set(found.config)


@pytest.mark.parametrize(
    ("override", "words"), [("budget=soon", "budget is a time"), ("lock=maybe", "lock must be error, wait or none")]
)
def test_what_can_be_told_wrong_without_building_is(override, words):
    with pytest.raises(InputError, match=words):
        list(compositions([[override]]))
