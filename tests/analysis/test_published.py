import tomllib
from pathlib import Path

import pytest

import suite
from suite.analysis.published import DATA, effects_on, published_effects

ROOT = Path(suite.__file__).parent.parent
TECHNIQUES = sorted(path.stem for path in (ROOT / "conf" / "mitigation").glob("*.yaml"))


def effect(identifier):
    (found,) = [each for each in published_effects() if each.id == identifier]
    return found


def test_every_row_has_a_source_and_a_name_of_its_own():
    rows = published_effects()
    assert len(rows) >= 30
    assert len({row.id for row in rows}) == len(rows)
    assert all(row.source and row.techniques and row.confidence for row in rows)


def test_every_row_concerns_a_technique_of_this_suite():
    assert [row.id for row in published_effects() if not any(map(row.concerns, TECHNIQUES))] == []


def test_ends_are_in_order_and_given_together():
    for row in published_effects():
        assert (row.low_percent is None) == (row.high_percent is None), row.id
        assert row.low_percent is None or row.low_percent <= row.high_percent, row.id


@pytest.mark.parametrize(
    ("identifier", "percent"),
    [("R02", 100 * (1 / 1.6 - 1)), ("R16", 100 * (0.070 / 0.455 - 1)), ("R17", 100 * (0.373 / 3.76 - 1)),
     ("R33", 100 * (1 / 3 - 1)), ("R36", 100 * (1 / 1.2 - 1))],
)  # fmt: skip
def test_figures_that_were_given_otherwise_are_worked_out(identifier, percent):
    """As 60 % faster, from 0.455 to 0.070 J, from 3.76 to 0.373 J, three times and 1.2 times as fast."""
    assert effect(identifier).low_percent == pytest.approx(percent, abs=0.05)


def test_a_single_figure_is_one_ratio_and_a_range_two():
    assert effect("R05").ratios == pytest.approx((0.56,))
    assert effect("R09").ratios == pytest.approx((1.17, 1.33))


@pytest.mark.parametrize("identifier", ["R01", "R03", "R12", "R33"])
def test_parameters_scores_tendencies_and_best_cases_are_no_ratio_of_energy(identifier):
    assert effect(identifier).ratios == ()


def test_effects_are_found_by_the_names_of_techniques():
    assert {row.id for row in effects_on({"nf4"})["quantisation"]} == {
        "R10a", "R10b", "R10c", "R10d", "R11a", "R11b", "R12", "R15"
    }  # fmt: skip
    assert [row.id for row in effects_on({"gradient_checkpointing", "none"})["gradient_checkpointing"]] == ["R31"]
    assert list(effects_on({"magnitude_pruning", "bf16"})) == ["precision", "pruning"]


def test_techniques_that_nobody_published_about_have_none():
    assert effects_on({"none", "checkpoint"}) == {}
    assert effects_on(set()) == {}


def test_the_table_is_part_of_the_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    data = settings["tool"]["setuptools"]["package-data"]["suite.analysis"]
    assert any(DATA.match(pattern) for pattern in data)
