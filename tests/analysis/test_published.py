from pathlib import Path

import pytest

import suite
from suite.analysis.published import effects_on, published_effects, series_on

ROOT = Path(suite.__file__).parent.parent
GPU_TECHNIQUES = {"compile", "float8", "int4_weight_only", "semi_structured_pruning", "static_cache"}
TECHNIQUES = sorted({path.stem for path in (ROOT / "conf" / "mitigation").glob("*.yaml")} | GPU_TECHNIQUES)


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
     ("R33", 100 * (1 / 3 - 1)), ("R36", 100 * (1 / 1.2 - 1)),
     ("E03a", 100 * (2770.8 / 9713.7 - 1)), ("E03d", 100 * (33096.4 / 122523.1 - 1)),
     ("E04a", 100 * (7.87 / 17.6 - 1)), ("E04b", 100 * (7.11 / 17.6 - 1)), ("E11", 100 * (251 / 312 - 1)),
     ("E12", 100 * (1 / 1.9 - 1)), ("E13", 100 * (1 / 2.1 - 1)), ("E15", 100 * (1 / 3.3 - 1))],
)  # fmt: skip
def test_figures_that_were_given_otherwise_are_worked_out(identifier, percent):
    """As 60 % faster, from 0.455 to 0.070 J, from 3.76 to 0.373 J, three times and 1.2 times as fast, and the like."""
    assert effect(identifier).low_percent == pytest.approx(percent, abs=0.05)


def test_medians_lie_within_their_range_and_batch_sizes_in_order():
    for row in published_effects():
        assert row.median_percent is None or row.low_percent <= row.median_percent <= row.high_percent, row.id
        assert (row.batch_low is None) == (row.batch_high is None), row.id
        assert row.batch_low is None or 1 <= row.batch_low <= row.batch_high, row.id


def test_a_series_says_its_batch_sizes_and_reads_alike():
    series = {}
    for row in published_effects():
        if row.series:
            assert row.batch_low, row.id
            series.setdefault(row.series, set()).add((row.source, row.hardware, row.read_from, row.techniques))
    assert {len(alike) for alike in series.values()} == {1}


def test_fp8_by_batch_size_is_as_published():
    """Medians of 1.30, 1.01 and 0.89 on H100 and B200, arXiv:2601.22076; the longest series first."""
    found = series_on("float8")
    assert [(each.batch_low, each.batch_high, each.median_ratio, each.ratios) for each in found[0]] == [
        (8, 16, pytest.approx(1.30), pytest.approx((1.13, 1.56))),
        (17, 64, pytest.approx(1.01), pytest.approx((0.88, 1.32))),
        (65, 256, pytest.approx(0.89), pytest.approx((0.71, 1.00))),
    ]
    assert {each.hardware for each in found[0]} == {"H100 and B200"}
    assert [each.id for each in found[1]] == ["R13", "R14"]
    assert series_on("nf4") == []


@pytest.mark.parametrize(("batch_size", "holds"), [(7, False), (8, True), (16, True), (17, False)])
def test_a_figure_holds_at_both_ends_of_its_batch_sizes(batch_size, holds):
    assert effect("E01a").holds_at(batch_size) is holds


def test_a_figure_without_batch_sizes_is_known_to_hold_at_none():
    assert not effect("R24a").holds_at(1)


def test_torch_compile_and_cuda_graphs_on_each_gpu():
    """Fernandez et al. 2025, section 3.4: improvements of 29.90, 13.28 and 1.96 %, and of 25.47 and 2.97 %."""
    rows = [row for row in effects_on({"compile"})["runtime"] if row.id.startswith(("R24", "R25"))]
    assert [(row.hardware, row.low_percent) for row in rows] == [
        ("A100", -29.90), ("RTX 6000 Ada", -13.28), ("A6000", -1.96), ("A100", -25.47), ("A6000", -2.97)
    ]  # fmt: skip


def test_what_was_read_in_an_abstract_alone_says_so():
    assert {row.id for row in published_effects() if row.read_from == "abstract"} >= {
        "E12",
        "E13",
        "E14a",
        "R12",
        "R43",
    }


def test_a_single_figure_is_one_ratio_and_a_range_two():
    assert effect("R05").ratios == pytest.approx((0.56,))
    assert effect("R09").ratios == pytest.approx((1.17, 1.33))


@pytest.mark.parametrize("identifier", ["R01", "R03", "R12", "R33"])
def test_parameters_scores_tendencies_and_best_cases_are_no_ratio_of_energy(identifier):
    assert effect(identifier).ratios == ()


def test_effects_are_found_by_the_names_of_techniques():
    assert {row.id for row in effects_on({"nf4"})["quantisation"]} == {
        "R10a", "R10b", "R10c", "R10d", "R11a", "R11b", "R12", "R15", "E09", "E14a"
    }  # fmt: skip
    assert [row.id for row in effects_on({"gradient_checkpointing", "none"})["gradient_checkpointing"]] == ["R31"]
    assert list(effects_on({"magnitude_pruning", "bf16"})) == ["precision", "pruning"]


def test_techniques_that_nobody_published_about_have_none():
    assert effects_on({"none", "checkpoint"}) == {}
    assert effects_on(set()) == {}
