"""docs/techniques.md says what the techniques say of themselves."""

import functools
import re
from pathlib import Path

import pytest

from suite.analysis.summary import summarise
from suite.doctor.technique_pages import HEAD, markdown, published_reports, section
from suite.io.paths import CONF
from suite.plugins.cards import read_card
from suite.plugins.conf_folders import techniques
from tests.synthetic import record, windows

CHECKOUT = Path(__file__).parents[1]
PAGE = (Path(__file__).parents[1] / "docs" / "techniques.md").read_text()
SHOWN = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)


def test_the_page_is_no_hand_made_one():
    assert PAGE.startswith(HEAD)
    assert len(SHOWN) > 10


@functools.cache
def reports():
    return published_reports(CHECKOUT / "reports")


@pytest.mark.parametrize("name", SHOWN)
def test_what_the_page_says_of_a_technique_is_what_its_class_says(name):
    """A technique may be missing until ``make techniques`` is run, but nothing on the page may be out of date."""
    wanted = section(name, read_card(techniques([CONF])[name]["_target_"]), reports())
    assert wanted + "\n" in PAGE


def test_a_table_comes_before_the_sections():
    page = markdown({"bf16": {"_target_": "suite.mitigations.batch_and_precision.bf16.Bf16"}}, {}, {})
    needs = "compute capability 8.0 or newer where the device is a GPU"
    row = f"| [`bf16`](#bf16) | the whole model in bfloat16 | batch size and mixed precision | {needs} |"
    assert page.removeprefix(HEAD).startswith(f"{row}\n\n## bf16\n- **Idea**: Weights and activations in 16 bits")


def test_the_page_ends_with_the_tasks_that_each_can_run_on_and_reasons_by_number():
    can = {"state": "can run", "reasons": []}
    cannot = {"state": "cannot", "reasons": ["it has no cache", "it reads images"]}
    depends = {"state": "depends on the model", "reasons": ["models of equal blocks"]}
    one = {"image_captioning": can, "summarisation": cannot}
    other = {"image_captioning": depends, "summarisation": cannot}
    page = markdown({}, {}, {"bf16": one, "nf4": other})
    assert page.endswith(
        "| `mitigation=` | image captioning | summarisation |\n| --- | --- | --- |\n"
        "| [`bf16`](#bf16) | ✓ | ✗ 1, 2 |\n| [`nf4`](#nf4) | ? 3 | ✗ 1, 2 |\n\n"
        "1. it has no cache\n2. it reads images\n3. models of equal blocks"
    )


def test_a_card_has_what_reports_measured_and_what_others_published():
    """Two points of one task are a range; another task is a line of its own; a stack is neither."""
    bf16, nf4 = ("bf16", {}), ("nf4", {})
    chosen = [
        ((bf16,), "image_classification", 0.5, 8),
        ((bf16,), "image_classification", 0.75, 32),
        ((bf16,), "text_generation", 1.5, 8),
        ((bf16, nf4), "text_generation", 0.1, 8),
    ]
    records = [
        record(mitigations=stack, task=task, run_windows=windows([ratio] * 4), batch_size=size, minute=minute)
        for minute, (stack, task, ratio, size) in enumerate(chosen)
    ]
    card = read_card("suite.mitigations.batch_and_precision.bf16.Bf16")
    page = section("bf16", card, {"a-run": summarise("a-run", records, None)})
    lines = page.replace("\u00a0", " ").replace("\u2212", "-").splitlines()
    where = "Example CPU, 2 logical CPUs; estimated): [a-run](../reports/a-run)"
    assert [line for line in lines if line.startswith("- **Measured**")] == [
        f"- **Measured**: energy -50.0 % to -25.0 % over 2 points (image classification, {where}",
        f"- **Measured**: energy +50.0 % [+50.0, +50.0] (text generation, {where}",
    ]
    assert "Tchakoute et al. 2025" in next(line for line in lines if line.startswith("- **Published**"))
