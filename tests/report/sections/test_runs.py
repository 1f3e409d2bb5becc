import html
import re

import pytest

from suite.analysis.run.run_comparison import compare
from suite.report.build import read_report
from suite.report.page import render
from suite.report.sections import runs as section
from tests.report.section_html import html_of
from tests.synthetic import COUNTER, binary_scores, environment, record, windows, write_run
from tests.synthetic_run import embedded_run, gpu_run

PRUNING = (("structured_pruning", {"ratio": 0.5}),)


def point(ratio=0.5, *, baseline_j=1.0, where=None, mitigations=PRUNING, method=None, **fields):
    kinds = {} if method is None else {"method": method}
    return record(
        mitigations=mitigations,
        run_windows=windows([ratio, ratio * 1.01, ratio * 0.99, ratio], baseline_j=baseline_j, **kinds),
        where=where,
        **fields,
    )


@pytest.fixture
def report(tmp_path):
    """Makes a report of the runs given as lists of records, called a, b, …"""

    def make(*runs):
        folders = [write_run(tmp_path / name, records) for name, records in zip("abcd", runs, strict=False)]
        return read_report(folders)

    return make


def context(found):
    context = section.context(found)
    assert context is not None
    return context


def words_of(markup):
    plain = re.sub(r"<style>.*?</style>", " ", markup, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", plain)))


def test_one_run_has_no_such_section(report):
    assert section.context(report([point()])) is None


def test_points_of_different_runs_share_no_group_no_front_and_no_title(report):
    scores = binary_scores(900, 3, 2, 95)
    found = report([point(0.5, scores=scores)], [point(0.4, scores=scores)])
    assert [(group.run, len(group.entries)) for group in found.groups] == [("a", 1), ("b", 1)]
    assert [group.title.split(" · ")[0] for group in found.groups] == ["a", "b"]
    assert [each.pareto for each in found.points] == [True, True]  # b's saves more and would beat a's
    assert found.run == "a, b"


def test_a_single_run_is_not_named_in_its_titles(report):
    assert report([point()]).groups[0].title.startswith("inference")


@pytest.mark.slow
def test_anchors_are_unique_though_the_same_points_are_in_both_runs(report):
    found = report([point(), point(0.9, batch_size=8)], [point(), point(0.9, batch_size=8)])
    anchors = [entry.anchor for group in found.groups for entry in group.entries]
    assert len(set(anchors)) == 4
    identifiers = re.findall(r'\bid="([^"]+)"', render(found))
    assert len(identifiers) == len(set(identifiers))


def test_agreeing_and_differing_points_are_counted(report):
    first = [point(0.5), point(0.8, batch_size=8), point(1.3, batch_size=16)]
    second = [point(0.5), point(1.2, batch_size=8)]
    found = report(first, second)
    made = context(found)
    assert (made["agreeing"], made["differing"], made["alone"]) == (1, 1, 1)
    said = words_of(html_of("runs", found))
    assert "2 points have a result in more than one run: the verdict agrees for 1 and differs for 1." in said
    assert "1 point has a result in one run at most." in said
    assert "1 comparison was measured in one run only" in said


def test_a_point_that_was_skipped_in_one_run_neither_agrees_nor_differs(report):
    skipped = record(mitigations=PRUNING, status="skipped")
    made = context(report([point()], [skipped]))
    assert (made["agreeing"], made["differing"], made["alone"]) == (0, 0, 1)


def test_a_simulated_run_is_not_held_against_a_real_one(report):
    made = context(report([point()], [point(1.4, method="simulated:nvml_energy_counter")]))
    assert (made["agreeing"], made["differing"]) == (0, 0)


def test_joules_are_those_of_the_comparison_of_two_runs(report):
    found = report([point(baseline_j=1.0)], [point(baseline_j=1.2)], [point(baseline_j=0.9)])
    (table,) = context(found)["tables"]
    (row,) = table.rows
    first, second, third = found.points
    for cell, other in zip(row.cells[1:], (second, third), strict=True):
        (expected,) = compare([first], [other], energy_tolerance=0.05, ratio_tolerance=0.05)
        assert cell.joules == expected.energy
    assert row.cells[0].joules is None
    assert row.cells[1].joules.estimate == pytest.approx(1.2)


def test_joules_of_other_hardware_are_not_compared_and_the_page_says_so(report):
    found = report([point()], [point(baseline_j=9.0, where=environment("another CPU"))])
    markup = html_of("runs", found)
    assert "data-joules" not in markup
    assert "its joules are not compared with those of a: hardware, component or method differs" in words_of(markup)
    (row,) = context(found)["tables"][0].rows
    assert row.agrees  # the verdict carries over to another machine


def test_joules_of_another_method_are_not_compared(report):
    found = report([point(method=COUNTER)], [point()])
    assert [run.compared for run in context(found)["seen"]] == [0, 0]


def test_rows_of_one_technique_are_told_apart_though_each_run_has_only_one(report):
    other = (("structured_pruning", {"ratio": 0.75}),)
    found = report([point(), point(1.0, mitigations=())], [point(mitigations=other), point(1.0, mitigations=())])
    (table,) = context(found)["tables"]
    assert [row.label for row in table.rows] == [
        "baseline (A/A)", "structured pruning (ratio 0.5)", "structured pruning (ratio 0.75)",
    ]  # fmt: skip
    assert [[cell.entry is None for cell in row.cells] for row in table.rows] == [
        [False, False], [False, True], [True, False],
    ]  # fmt: skip


def test_every_figure_of_the_section_is_that_of_its_run(report):
    found = report(embedded_run(1), embedded_run(3), gpu_run())
    by_place = {(each.run, each.point_id): each for each in found.points}
    cells = re.split(r'<td class="begins" data-point="', html_of("runs", found))[1:]
    checked = 0
    for cell in cells:
        point_id, run = re.match(r'(\w+)" data-run="(\w+)"', cell).groups()
        known = by_place[run, point_id]
        assert f"verdict-{known.claim}" in cell
        for field, value in re.findall(r'data-field="(\w+)" data-value="([^"]*)"', cell):
            expected = getattr(known, field)
            assert value == ("" if expected is None else str(expected))
            checked += 1
    assert len(cells) == 2 * len(embedded_run())
    assert checked == 2 * len(cells)


@pytest.mark.slow
def test_names_of_runs_and_machines_are_escaped(tmp_path):
    attack = "<img src=x onerror=alert(1)>"
    folders = [
        write_run(tmp_path / name, [point(where=environment(attack))])
        for name in ("<b>one</b>".replace("/", "_"), "two")
    ]
    markup = render(read_report(folders))
    assert "<img src=x" not in markup
    assert "<b>one<" not in markup
    assert "&lt;b&gt;one&lt;_b&gt;" in markup
