import re

import msgspec
import pytest

from suite.report.charts.scaling_chart import knob_words
from suite.report.sections.scaling import context, exponent, interval
from suite.stats.interval import Interval
from tests.report.section_html import drawings_of, html_of, report_of, rows_of, words_of
from tests.synthetic import record, windows

BF16 = (("bf16", {}),)


def at_batch(size, joules, stack=(), ratio=1.0, **changes):
    seen = windows([ratio] * 4, baseline_j=joules)
    return record(mitigations=stack, batch_size=size, run_windows=seen, minute=size % 60, **changes)


def with_tokens(tokens, joules):
    made = at_batch(8, joules, task=f"text_generation[new_tokens={tokens}]")
    task = made.config["task"] | {"name": "text_generation", "new_tokens": tokens}
    return msgspec.structs.replace(made, config=made.config | {"task": task})


@pytest.fixture
def halving(tmp_path):
    """Energy halves with each doubling; bf16 takes 0.8 of it at 1 and 0.4 at 8."""
    baseline = [at_batch(size, 8.0 / size) for size in (1, 2, 4, 8)]
    return report_of(tmp_path, *baseline, at_batch(1, 8.0, BF16, 0.8), at_batch(8, 1.0, BF16, 0.4))


def test_the_table_says_values_energies_exponent_and_words(halving):
    baseline, technique = rows_of(html_of("scaling", halving))
    assert baseline[0] == "baseline"
    assert re.findall(r"[\d.]+ m?J", baseline[2])[::3] == ["8.00 J", "4.00 J", "2.00 J", "1.00 J"]
    assert baseline[1] == "1 2 4 8"
    assert baseline[3] == "-1.00 [-1.00, -1.00]"
    assert baseline[4] == "doubling the batch changes energy per query by -50.0 % [-50.0, -50.0]"
    assert technique[0] == "bf16"
    assert technique[1] == "1 8"


def test_two_values_are_a_line_without_an_exponent(halving):
    """0.8 of 8 J at batch 1, 0.4 of 1 J at batch 8: one sixteenth."""
    _, technique = rows_of(html_of("scaling", halving))
    assert technique[3] == "-"
    assert technique[4] == "from 1 to 8 (batch size) energy per query changes by -93.8 %"


def test_the_chart_has_a_curve_for_each_arm(halving):
    view = context(halving)["views"][0]
    (lines, rules, points) = view.chart.wide["layer"]
    assert lines["encoding"]["color"]["scale"]["domain"] == ["baseline", "bf16"]
    drawn = view.chart.wide["datasets"][lines["data"]["name"]]
    assert [(row["curve"], row["value"]) for row in drawn] == [
        ("baseline", 1), ("baseline", 2), ("baseline", 4), ("baseline", 8), ("bf16", 1), ("bf16", 8)
    ]  # fmt: skip
    assert rules["encoding"]["y2"] == {"field": "high"}
    assert points["mark"]["filled"] is True
    assert [lines["encoding"][axis]["scale"]["type"] for axis in "xy"] == ["log", "log"]


def test_a_reading_of_the_technique_batch_size_is_hollow_and_explained(tmp_path):
    stack = (("batch_size", {"size": 64}),)
    larger = at_batch(8, 1.0, stack, 0.5, candidate={"batch_size": 64})
    made = report_of(tmp_path, at_batch(8, 1.0), at_batch(16, 1.0), larger)
    hollow = context(made)["views"][0].chart.wide["layer"][-1]
    assert hollow["mark"]["filled"] is False
    assert (
        "Hollow points of the baseline come from a technique that changes the batch size and nothing else"
        in words_of(html_of("scaling", made))
    )


def test_without_such_a_reading_nothing_is_said_of_it(halving):
    assert "Hollow" not in words_of(html_of("scaling", halving))


def test_two_values_alone_have_no_chart_and_the_page_says_why(tmp_path):
    made = report_of(tmp_path, *(at_batch(size, 8.0 / size) for size in (1, 2)))
    html = html_of("scaling", made)
    assert drawings_of(html) == []
    assert "through two any line fits" in words_of(html)
    assert [row[4] for row in rows_of(html)] == ["from 1 to 2 (batch size) energy per query changes by -50.0 %"]


def test_a_number_of_the_task_is_called_by_its_name(tmp_path):
    made = report_of(tmp_path, *(with_tokens(tokens, (tokens / 16) ** 0.5) for tokens in (16, 32, 64)))
    html = html_of("scaling", made)
    assert "Text generation: new tokens" in words_of(html).replace("text generation", "Text generation")
    assert "doubling it (new tokens) changes energy per query by +41.4 % [+41.4, +41.4]" in words_of(html)
    assert knob_words("vocoder.frames_a_second") == "vocoder frames a second"


def test_training_is_said_per_sample(tmp_path):
    training = {"phase": "training", "workload": "training_steps"}
    made = report_of(tmp_path, *(at_batch(size, 8.0 / size, **training) for size in (1, 2, 4)))
    html = html_of("scaling", made)
    assert "changes energy per training sample by -50.0 %" in words_of(html)
    assert "energy per training sample, J (estimated)" in drawings_of(html)[0]


def test_two_sets_of_parameters_are_told_apart(tmp_path):
    stacks = [(("structured_pruning", {"share": share}),) for share in (0.25, 0.5)]
    made = report_of(tmp_path, *(at_batch(size, 1.0, stack, 0.5) for stack in stacks for size in (8, 16)))
    names = sorted(row[0] for row in rows_of(html_of("scaling", made)))
    assert names == ["baseline", "structured pruning (share 0.25)", "structured pruning (share 0.5)"]


def test_more_curves_than_can_be_told_apart_stand_in_the_table(tmp_path):
    stacks = [(("structured_pruning", {"share": n / 100}),) for n in range(1, 16)]
    made = report_of(tmp_path, *(at_batch(size, 1.0, stack, 0.5) for stack in stacks for size in (8, 16, 32)))
    html = html_of("scaling", made)
    assert len(rows_of(html)) == 16
    assert "A chart shows the baseline and the first 12 techniques." in words_of(html)
    view = context(made)["views"][0]
    assert len(view.chart.wide["layer"][0]["encoding"]["color"]["scale"]["domain"]) == 13


def test_without_a_series_there_is_no_section(tmp_path):
    assert html_of("scaling", report_of(tmp_path, at_batch(8, 1.0), at_batch(8, 1.0, BF16, 0.5))) is None


def test_what_has_no_interval_shows_none():
    assert interval(Interval(1.0)) == ""
    assert words_of(exponent(None)) == "-"
    assert words_of(exponent(Interval(-0.5))) == "-0.50"
