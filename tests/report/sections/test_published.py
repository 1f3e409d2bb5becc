import pytest

from suite.analysis.published import published_effects
from suite.report.prose.published_words import (
    BOUNDS,
    CONFIDENCES,
    FAMILIES,
    MEASURES,
    READ_FROM,
    SERIES,
    UNITS,
    WORDS,
    batch_range,
    figure,
)
from suite.report.sections.published import context
from tests.report.section_html import drawings_of, html_of, report_of, rows_of, words_of
from tests.synthetic import COUNTER, record, windows

NF4, BATCH = (("nf4", {}),), (("batch_size", {"size": 64}),)
EFFECTS = {effect.id: effect for effect in published_effects()}


def ran(stack, ratio, minute=0, **changes):
    return record(mitigations=stack, run_windows=windows([ratio] * 4), minute=minute, **changes)


@pytest.fixture
def nf4(tmp_path):
    return report_of(tmp_path, ran((), 1.0), ran(NF4, 1.2, 1))


def test_every_row_has_its_words():
    assert set(WORDS) == set(EFFECTS)
    assert {effect.family for effect in EFFECTS.values()} == set(FAMILIES)
    assert {effect.measure for effect in EFFECTS.values()} <= set(MEASURES)
    assert {effect.confidence for effect in EFFECTS.values()} <= set(CONFIDENCES)
    assert {effect.bound for effect in EFFECTS.values() if effect.bound} <= set(BOUNDS)
    assert {effect.read_from for effect in EFFECTS.values()} == set(READ_FROM)
    assert {effect.series for effect in EFFECTS.values() if effect.series} == set(SERIES)
    assert {effect.unit for effect in EFFECTS.values() if effect.unit} <= set(UNITS)


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("R05", "-44.0 %"), ("R09", "+17.0 % to +33.0 %"), ("R11b", "about 0.0 %"), ("R32", "-12.0 % or more"),
        ("R33", "at best -66.7 %"), ("R12", "-"), ("E01a", "+30.0 %"),
    ],
)  # fmt: skip
def test_figures_read_as_they_were_given(identifier, words):
    assert words_of(figure(EFFECTS[identifier])) == words


def test_a_row_says_what_was_compared_where_and_who_says_so(nf4):
    rows = rows_of(html_of("published", nf4))
    assert rows[0] == [
        "1",
        "NF4 against fp16, a model of 1.1 billion parameters",
        "energy J per token",
        "+26.5 %",
        "RTX 5090",
        "1",
        "one query at a time; the work of one author",
        "hongping-zh.github.io web page",
        "medium",
    ]


def test_a_median_stands_with_its_range_and_batch_sizes(tmp_path):
    rows = rows_of(html_of("published", report_of(tmp_path, ran((("float8", {}),), 1.2))))
    (row,) = (row for row in rows if "17 to 64 requests" in row[1])
    assert row[3:6] == ["+1.0 % median; -12.0 % to +32.0 %", "H100 and B200", "17-64"]
    assert row[7].endswith("full text")


def test_a_median_is_drawn_as_one_dot_on_its_range(tmp_path):
    chart = context(report_of(tmp_path, ran((("float8", {}),), 1.2)))["views"][0].chart
    drawn = [row for rows in chart.wide["datasets"].values() for row in rows if row.get("kind") == "energy"]
    assert [row["ratio"] for row in drawn if row.get("ratio") in (1.3, 1.13, 1.56)] == [1.3]
    assert any((row.get("low"), row.get("high")) == pytest.approx((1.13, 1.56)) for row in drawn if "low" in row)
    assert "batch 8" in drawings_of(html_of("published", report_of(tmp_path, ran((("float8", {}),), 1.2))))[0]


def test_batch_sizes_read_as_one_or_a_range():
    assert [words_of(batch_range(EFFECTS[name])) for name in ("E07b", "E01c", "R24a")] == ["4", "65-256", "-"]


def test_points_of_one_technique_stand_by_rising_batch_size(tmp_path):
    made = [ran(NF4, 1.2, minute, batch_size=size) for minute, size in enumerate((64, 1, 8))]
    rows = rows_of(html_of("published", report_of(tmp_path, *made)))
    assert [row[1] for row in rows if row[0] == "nf4"] == ["1", "8", "64"]


def test_ours_stands_beside_with_its_interval(nf4):
    rows = rows_of(html_of("published", nf4))
    assert rows[-1][0] == "nf4"
    assert rows[-1][3] == "+20.0 % [+20.0, +20.0] estimated"


def test_a_difference_is_no_error_by_itself(nf4):
    assert "a difference from this run is no error by itself" in words_of(html_of("published", nf4))


def test_ours_is_filled_and_published_changes_are_hollow(nf4):
    chart = context(nf4)["views"][0].chart
    datasets = [(layer["mark"], chart.wide["datasets"][layer["data"]["name"]]) for layer in chart.wide["layer"]]
    found = {mark["filled"]: rows for mark, rows in datasets if "filled" in mark}
    assert [row["kind"] for row in found[True]] == ["ours"]
    assert [row["ratio"] for row in found[True]] == pytest.approx([1.2])
    assert [row["ratio"] for row in found[False]] == pytest.approx(
        [1.265, 1.294, 1.117, 0.886, 1.046, 1.0, 1.074, 1.399]
    )


def test_no_joules_are_drawn(nf4):
    for svg in drawings_of(html_of("published", nf4)):
        assert "change against the baseline" in svg
        assert " J" not in svg


def test_tendencies_stand_in_the_table_alone(nf4):
    html = html_of("published", nf4)
    assert any(row[1] == "fewer bits against 16" and row[3] == "-" for row in rows_of(html))
    assert "published 7, energy" not in drawings_of(html)[0]


def test_a_family_without_a_change_to_draw_has_a_table(tmp_path):
    """Published times of gradient checkpointing are drawn, apart from energies; ONNX has no figure at all."""
    training = ran((("gradient_checkpointing", {}),), 1.3, phase="training", workload="training_steps")
    onnx = ran((("int8_onnxruntime", {}),), 0.5, 1)
    quantisation, checkpointing = context(report_of(tmp_path, training, onnx))["views"]
    kinds = {row["kind"] for rows in checkpointing.chart.wide["datasets"].values() for row in rows if "kind" in row}
    assert kinds == {"ours", "time"}
    assert [effect.id for _, effect in quantisation.effects] == ["R12", "R15", "R43", "E14a", "E15"]


def test_numbers_run_on_from_family_to_family(tmp_path):
    made = report_of(tmp_path, ran(NF4, 1.2), ran(BATCH, 0.5, 1, candidate={"batch_size": 64}))
    numbers = [number for view in context(made)["views"] for number, _ in view.effects]
    assert numbers == list(range(1, len(numbers) + 1))


def test_stacks_are_not_set_beside_single_techniques(tmp_path):
    assert html_of("published", report_of(tmp_path, ran((*NF4, *BATCH), 0.5))) is None


def test_two_points_of_one_name_are_told_apart_by_their_batch(tmp_path):
    made = report_of(tmp_path, ran(NF4, 1.2, batch_size=1), ran(NF4, 0.9, 1, batch_size=64))
    svg = drawings_of(html_of("published", made))[0]
    assert ">nf4, batch 1<" in svg
    assert ">nf4, batch 64<" in svg


def test_measured_changes_are_not_called_estimated(tmp_path):
    seen = windows([1.2] * 4, component="gpu", method=COUNTER)
    made = report_of(tmp_path, record(mitigations=NF4, device="cuda", run_windows=seen))
    assert rows_of(html_of("published", made))[-1][3] == "+20.0 % [+20.0, +20.0]"


def test_without_a_known_technique_there_is_no_section(tmp_path):
    made = report_of(tmp_path, ran((), 1.0), ran((("my_own", {}),), 0.5, 1))
    assert html_of("published", made) is None
