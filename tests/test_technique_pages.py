"""docs/techniques.md says what the techniques say of themselves."""

import re
from pathlib import Path

import pytest

from suite.doctor.technique_pages import HEAD, markdown, section
from suite.plugins.cards import read_card
from suite.plugins.conf_folders import CONF, techniques

PAGE = (Path(__file__).parents[1] / "docs" / "techniques.md").read_text()
SHOWN = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)


def test_the_page_is_no_hand_made_one():
    assert PAGE.startswith(HEAD)
    assert len(SHOWN) > 10


@pytest.mark.parametrize("name", SHOWN)
def test_what_the_page_says_of_a_technique_is_what_its_class_says(name):
    """A technique may be missing until ``make techniques`` is run, but nothing on the page may be out of date."""
    wanted = section(name, read_card(techniques([CONF])[name]["_target_"]))
    assert wanted + "\n" in PAGE


def test_a_table_comes_before_the_sections():
    page = markdown({"bf16": {"_target_": "suite.mitigations.batch_and_precision.bf16.Bf16"}})
    row = (
        "| [`bf16`](#bf16) | the whole model in bfloat16 | compute capability 8.0 or newer where the device is a GPU |"
    )
    assert page.removeprefix(HEAD).startswith(f"{row}\n\n## bf16\n- **Idea**: Weights and activations in 16 bits")
