import re

import pytest

from suite.record.schema import Reason
from suite.report.sections.crossover import DARKEST, PALEST, context
from tests.report.section_html import drawings_of, html_of, report_of, rows_of, words_of
from tests.synthetic import COUNTER, binary_scores, record, windows
from tests.synthetic_run import crossover_run

FLOAT8, NF4 = (("float8", {}),), (("nf4", {}),)


def at(batch_size, ratio, stack=FLOAT8, noise=0.0, **changes):
    how = {key: changes.pop(key) for key in ("component", "method") if key in changes}
    ratios = [ratio * (1 - noise), ratio * (1 + noise)] * 2
    return record(
        mitigations=stack, batch_size=batch_size, run_windows=windows(ratios, **how), minute=batch_size % 60, **changes
    )


def answers_of(*points, tmp_path):
    """The last column of each row that is ours."""
    rows = rows_of(html_of("crossover", report_of(tmp_path, *points)))
    return {row[0]: row[-1] for row in rows if not row[0].startswith("published")}


@pytest.fixture
def run(tmp_path):
    return report_of(tmp_path, *crossover_run())


def test_a_row_has_a_ratio_with_its_interval_for_each_batch_size(tmp_path):
    html = html_of("crossover", report_of(tmp_path, at(1, 1.25, NF4), at(16, 0.8, NF4)))
    (row,) = rows_of(html)
    assert row[:3] == ["nf4", "+25.0 % [+25.0, +25.0]", "-20.0 % [-20.0, -20.0]"]
    assert re.findall(r'<th scope="col" class="number"[^>]*>(\d+)</th>', html) == ["1", "16"]


def test_the_crossover_stands_last_with_its_interval_and_what_was_measured(tmp_path):
    """Exact ratios of 1.25 and 0.8 cross at 4; within 0.5 % of no change from 16^0.48882 = 3.9 to 16^0.51118 = 4.1."""
    assert answers_of(at(1, 1.25), at(16, 0.8), tmp_path=tmp_path) == {
        "float8": "4.0 [3.9, 4.1] costs energy at 1; saves at 16"
    }


@pytest.mark.parametrize(
    ("ratios", "words"),
    [
        ((0.8, 0.7, 0.6), "no crossover saves everywhere from 1 to 64"),
        ((1.3, 1.2, 1.1), "no crossover costs energy everywhere from 1 to 64"),
        ((1.0, 1.001, 0.999), "no crossover no detectable change from 1 to 64"),
    ],
)
def test_without_a_flip_the_side_is_said(tmp_path, ratios, words):
    points = [at(size, ratio) for size, ratio in zip((1, 8, 64), ratios, strict=True)]
    assert answers_of(*points, tmp_path=tmp_path) == {"float8": words}


def test_two_flips_are_two_lines(tmp_path):
    (answer,) = answers_of(at(1, 0.8), at(16, 1.25), at(256, 0.8), tmp_path=tmp_path).values()
    assert answer == ("4.0 [3.9, 4.1] saves at 1; costs energy at 16 64 [62, 66] costs energy at 16; saves at 256")


def test_a_flip_that_the_largest_batch_size_does_not_show_is_beyond_it(tmp_path):
    """1.3 exactly at 1, 1.01 -+ 3 % at 64: on the way the band reaches 1, and its middle does not."""
    (answer,) = answers_of(at(1, 1.3), at(64, 1.01, noise=0.03), tmp_path=tmp_path).values()
    assert re.fullmatch(r"beyond 64 \[\d+, beyond 64\] costs energy at 1; not resolved at 64", answer)


def test_a_flip_that_the_smallest_batch_size_does_not_show_is_below_it(tmp_path):
    (answer,) = answers_of(at(8, 0.99, noise=0.03), at(64, 0.7), tmp_path=tmp_path).values()
    assert re.fullmatch(r"below 8 \[below 8, \d+\] not resolved at 8; saves at 64", answer)


def test_an_estimate_with_an_open_interval_is_given(tmp_path):
    (answer,) = answers_of(at(1, 1.3), at(64, 0.98, noise=0.1), tmp_path=tmp_path).values()
    assert re.fullmatch(r"\d+ \[\d+(\.\d)?, beyond 64\] costs energy at 1; not resolved at 64", answer)


def test_a_ratio_that_only_touches_no_change_is_not_resolved(tmp_path):
    (answer,) = answers_of(at(1, 0.8), at(8, 1.0, noise=0.1), at(64, 0.8), tmp_path=tmp_path).values()
    assert re.fullmatch(r"not resolved between [\d.]+ and \d+; saves on either side", answer)


def test_wide_intervals_everywhere_are_not_resolved(tmp_path):
    (answer,) = answers_of(*(at(size, 1.0, noise=0.2) for size in (1, 8)), tmp_path=tmp_path).values()
    assert answer == "not resolved no interval from 1 to 8 is clear of no change"


def test_one_batch_size_says_so(tmp_path):
    answers = answers_of(at(1, 0.8), at(8, 0.8), at(8, 0.9, NF4), tmp_path=tmp_path)
    assert answers["nf4"] == "- an interval at one batch size only"


def test_inconclusive_cells_are_marked_and_say_so(tmp_path):
    html = html_of("crossover", report_of(tmp_path, at(1, 1.0, noise=0.2), at(8, 0.8)))
    assert len(re.findall(r'<td class="cell unresolved"', html)) == 1
    assert rows_of(html)[0][1].endswith("not resolved")


def test_a_loss_of_accuracy_is_said_in_the_cell(tmp_path):
    lossy = at(8, 0.8, scores=binary_scores(800, 100, 0, 100))
    (row,) = rows_of(html_of("crossover", report_of(tmp_path, at(1, 0.8), lossy)))[:1]
    assert row[2].endswith("loses accuracy")
    assert not row[1].endswith("loses accuracy")


def test_a_batch_size_that_could_not_run_says_so(tmp_path):
    reason = Reason(kind="not_applicable", message="it does not fit")
    skipped = record(mitigations=FLOAT8, batch_size=64, status="skipped", reason=reason)
    html = html_of("crossover", report_of(tmp_path, at(1, 0.8), at(8, 0.8), at(64, 0.9, NF4), skipped))
    rows = {row[0]: row for row in rows_of(html)}
    assert rows["float8"][3] == "skipped"
    assert rows["nf4"][1:3] == ["-", "-"]


def test_estimated_energies_are_called_so_and_measured_ones_are_not(tmp_path):
    measured = [at(size, 0.8, NF4, component="gpu", method=COUNTER, device="cuda") for size in (1, 8)]
    html = html_of("crossover", report_of(tmp_path, at(1, 0.8), at(8, 0.9), *measured))
    assert "at batch size (estimated)" in words_of(html)
    assert "Estimated" in words_of(html)
    estimated = [svg for svg in drawings_of(html) if "batch size of both arms (estimated)" in svg]
    assert len(estimated) == 2  # wide and narrow
    assert all("url(#texture-estimated" in svg for svg in estimated)
    assert sum("estimated" in svg for svg in drawings_of(html)) == 2


def test_every_figure_is_the_points_own(run):
    by_id = {point.point_id: point for point in run.points}
    html = html_of("crossover", run)
    cells = re.findall(r'data-point="(\w+)">(.*?)</td>', html, re.S)
    shown = [(name, cell) for name, cell in cells if "data-field" in cell]
    assert len(shown) == 27
    for name, cell in shown:
        assert f'data-value="{by_id[name].energy_ratio}"' in cell
        assert f'data-low="{by_id[name].energy_ratio_low}"' in cell


def test_published_figures_stand_beside_ours_by_batch_size_with_their_hardware(run):
    rows = rows_of(html_of("crossover", run))
    (place,) = (number for number, row in enumerate(rows) if row[0] == "float8")
    first, second = rows[place + 1 : place + 3]
    assert first[:5] == [
        "published, H100 and B200", "-", "+30.0 % +13.0 % to +56.0 % batch 8-16",
        "+1.0 % -12.0 % to +32.0 % batch 17-64", "-11.0 % -29.0 % to 0.0 % batch 65-256",
    ]  # fmt: skip
    assert "arXiv:2601.22076" in first[5]
    assert first[5].endswith("full text")
    assert second[:4] == [
        "published, 8 H100 / 4 B200", "-", "+46.0 % to +85.0 % batch 8", "-16.0 % to -4.0 % batch 64-256"
    ]  # fmt: skip


def test_a_series_for_no_batch_size_of_ours_is_left_out(tmp_path):
    rows = rows_of(html_of("crossover", report_of(tmp_path, at(1, 1.25), at(2, 0.8))))
    assert [row[0] for row in rows] == ["float8"]


def test_a_stack_has_no_published_rows(tmp_path):
    html = html_of("crossover", report_of(tmp_path, *(at(size, 0.8, FLOAT8 + NF4) for size in (8, 64))))
    assert [row[0] for row in rows_of(html)] == ["float8 + nf4"]
    assert "Published rows" not in words_of(html)


def test_techniques_with_a_crossover_come_first_then_by_name(run):
    names = [row[0] for row in rows_of(html_of("crossover", run)) if not row[0].startswith("published")]
    flipping = [name for name in names if name in ("float8", "nf4", "semi structured pruning")]
    assert names[: len(flipping)] == sorted(flipping)
    assert names[len(flipping) :] == sorted(names[len(flipping) :])


def test_two_sets_of_parameters_are_told_apart(tmp_path):
    stacks = [(("structured_pruning", {"ratio": ratio}),) for ratio in (0.25, 0.5)]
    answers = answers_of(*(at(size, 0.8, stack) for stack in stacks for size in (1, 8)), tmp_path=tmp_path)
    assert list(answers) == ["structured pruning (ratio 0.25)", "structured pruning (ratio 0.5)"]


def test_the_chart_has_a_strip_for_each_side_and_a_mark_at_the_crossover(tmp_path):
    report = report_of(
        tmp_path, at(1, 1.25, component="gpu", method=COUNTER), at(16, 0.8, component="gpu", method=COUNTER)
    )
    chart = context(report)["views"][0].chart
    saves, costs, unresolved, marks = (chart.wide["datasets"][layer["data"]["name"]] for layer in chart.wide["layer"])
    assert [(row["low"], row["high"]) for row in costs] == [(1, pytest.approx(3.878, abs=0.001))]
    assert [(row["low"], row["high"]) for row in saves] == [(pytest.approx(4.126, abs=0.001), 16)]
    assert [(row["low"], row["high"]) for row in unresolved] == [
        (pytest.approx(3.878, abs=0.001), pytest.approx(4.126, abs=0.001))
    ]
    assert [row["size"] for row in marks] == pytest.approx([4])


def test_the_stronger_the_change_the_more_colour(tmp_path):
    """Half, and twice, the energy have the strongest colour; what is beyond them no stronger one."""
    html = html_of("crossover", report_of(tmp_path, *(at(n, ratio) for n, ratio in enumerate((0.5, 2, 4, 0.999), 1))))
    heats = [int(found) for found in re.findall(r"--heat:(\d+)%", html)]
    assert heats == [DARKEST, DARKEST, DARKEST, PALEST]


def test_training_is_said_per_sample(tmp_path):
    training = {"phase": "training", "workload": "training_steps"}
    html = html_of("crossover", report_of(tmp_path, *(at(size, 0.8, **training) for size in (1, 8))))
    assert "change of energy per training sample at batch size" in words_of(html)


def test_cells_open_the_point(run):
    html = html_of("crossover", run)
    anchors = {entry.anchor for group in run.groups for entry in group.entries}
    assert set(re.findall(r'<a href="#([^"]+)">', html)) <= anchors
    assert len(re.findall(r'<a href="#', html)) == 27


def test_one_batch_size_alone_makes_no_section(tmp_path):
    assert html_of("crossover", report_of(tmp_path, at(8, 0.8), at(8, 1.2, NF4))) is None
