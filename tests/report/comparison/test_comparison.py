import html
import json
import re

import msgspec
import pytest
from markdown_it import MarkdownIt

from suite.analysis.run.run_comparison import compare
from suite.analysis.summary import summarise
from suite.compare import main
from suite.report.build import build_report
from suite.report.comparison.comparison_markdown import MOST_ROWS, comparison_markdown
from suite.report.comparison.comparison_page import MOST_DRAWN, comparison_page
from suite.report.comparison.view import two_runs
from tests.synthetic import binary_scores, environment, record, windows, write_run
from tests.synthetic_run import embedded_run, gpu_run

TOLERANCES = {"energy_tolerance": 0.05, "ratio_tolerance": 0.05}
ATTACK = "<script>alert(1)</script> | [x](https://evil.example)"
PRUNING = (("structured_pruning", {"ratio": 0.5}),)


def runs(first, second, **tolerances):
    """Two lists of records as a comparison."""
    found = TOLERANCES | tolerances
    made = compare(*(summarise("run", records, 0.0) for records in (first, second)), **found)
    return two_runs(made, "before", "after", **found)


def point(ratio=0.8, *, baseline_j=1.0, mitigations=PRUNING, where=None, scores=None, **fields):
    seen = windows([ratio, ratio * 1.01, ratio * 0.99, ratio], baseline_j=baseline_j)
    return record(mitigations=mitigations, run_windows=seen, where=where, scores=scores, **fields)


def plain(markup):
    markup = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", markup, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup))).replace("\N{NO-BREAK SPACE}", " ")


def rows(markup):
    return re.findall(r'<tr data-point="(\w+)"(.*?)</tr>', markup, re.S)


@pytest.fixture(scope="module")
def embedded_runs():
    return runs(embedded_run(1), embedded_run(3))


@pytest.fixture(scope="module")
def embedded_page(embedded_runs):
    return comparison_page(embedded_runs)


def test_the_result_is_a_sentence_with_the_tolerances(embedded_page, embedded_runs):
    said = plain(embedded_page)
    assert embedded_runs.regressed > 0
    assert f"Regression: {embedded_runs.regressed} of 67 points got worse beyond the tolerances." in said
    assert (
        "joules per query that rose by more than 5.0 %, or the ratio to the paired baseline by more than 5.0 %" in said
    )


def test_no_regression_is_said_as_plainly():
    said = plain(comparison_page(runs([point()], [point()], energy_tolerance=0.25)))
    assert "No regression: the 1 point of both runs did not get worse beyond the tolerances." in said
    assert "rose by more than 25.0 %" in said


def test_what_got_worse_comes_first_with_words_and_a_sign(embedded_page):
    flags = ["Regression: " in row for _, row in rows(embedded_page)]
    assert flags == sorted(flags, reverse=True)
    for _, row in rows(embedded_page)[: sum(flags)]:
        assert '<use href="#v-costs-energy"/>' in row
        assert row.lstrip().startswith('class="regressed"')


def test_every_figure_is_that_of_the_comparison(embedded_page, embedded_runs):
    by_id = {row.found.point_id: row.found for row in embedded_runs.rows}
    checked = 0
    for point_id, row in rows(embedded_page):
        found = by_id[point_id]
        seen = {}
        for field, value in re.findall(r'data-field="(\w+)" data-value="([^"]*)"', row):
            seen.setdefault(field, []).append(value)
        for field in ("energy_per_query_j", "energy_ratio", "score"):
            figures = [getattr(side, field) for side in (found.a, found.b)]
            assert seen.pop(field) == ["" if figure is None else str(figure) for figure in figures]
        for field, values in seen.items():
            change = getattr(found, field)
            assert values == [str(change.estimate)]
            assert f'data-low="{change.low}" data-high="{change.high}"' in row
            checked += 1
    assert checked == 2 * 60


def test_joules_of_other_hardware_are_a_dash_and_draw_no_chart():
    found = runs([point()], [point(baseline_j=9.0, where=environment("another CPU"))])
    page = comparison_page(found)
    assert 'data-field="energy"' not in page
    assert 'data-field="ratio"' in page
    assert "Energy against the paired baseline, B against A" in page
    assert "Joules per query, B against A" not in page


def test_a_point_that_is_gone_is_in_the_table_and_in_the_list_of_what_is_in_one_run_only():
    found = runs([point(), point(batch_size=8)], [point(), point(batch_size=16)])
    said = plain(comparison_page(found))
    assert "Regression: missing in the second run" in said
    assert "A (before): 1 point" in said
    assert "B (after): 1 point" in said


def test_a_chart_of_many_points_shows_the_worst_and_says_so():
    first = [point(0.5, batch_size=size, minute=size) for size in range(1, MOST_DRAWN + 6)]
    second = [point(0.5 * (1 + size / 1000), batch_size=size, minute=size) for size in range(1, MOST_DRAWN + 6)]
    page = comparison_page(runs(first, second))
    assert "5 further points stand in the table alone." in plain(page)
    assert len(rows(page)) == MOST_DRAWN + 5
    (chart,) = re.findall(
        r'<div class="drawing wide"[^>]*>(.*?)</div>', page[page.index("Joules per query, B") :], re.S
    )[:1]
    assert f"batch {MOST_DRAWN + 5})" in chart  # the worst
    assert "(batch 2)" not in chart


def test_points_of_one_name_are_told_apart_by_what_differs():
    first = [point(batch_size=size, minute=size) for size in (1, 8)]
    found = runs(first, first)
    assert [row.name for row in found.rows] == [
        "structured pruning · image classification",
        "structured pruning (batch 8) · image classification",
    ]


def test_the_page_runs_and_loads_nothing(embedded_page):
    assert "<script" not in embedded_page
    assert "default-src 'none'; style-src 'unsafe-inline'" in html.unescape(embedded_page)
    addresses = re.findall(r'(?:src|href|action|data)="([^"]*)"', embedded_page)
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert not re.search(r"url\((?!#)|@import", embedded_page)
    identifiers = re.findall(r'\bid="([^"]+)"', re.sub(r'<div class="drawing.*?</div>', "", embedded_page, flags=re.S))
    assert len(identifiers) == len(set(identifiers))


def test_what_a_record_says_is_escaped():
    hostile = [
        point(task=ATTACK, model=ATTACK, mitigations=((ATTACK, {}),), where=environment(ATTACK)),
        point(task=ATTACK, mitigations=((ATTACK, {}),), batch_size=8),
    ]
    page = comparison_page(
        two_runs(compare(*[summarise("x", hostile, 0)] * 2, **TOLERANCES), ATTACK, ATTACK, **TOLERANCES)
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 5


def test_the_markdown_table_holds_every_point_the_worst_first(embedded_runs):
    rendered = MarkdownIt("commonmark").enable("table").render(comparison_markdown(embedded_runs))
    body = re.search(r"<tbody>(.*?)</tbody>", rendered, re.S).group(1)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)]
    assert [row[0] for row in cells] == [row.name for row in embedded_runs.rows]
    assert all(len(row) == 7 for row in cells)
    assert sum("<strong>Regression: " in row[1] for row in cells) == embedded_runs.regressed
    assert (
        f"<strong>Regression: {embedded_runs.regressed} of 67 points got worse beyond the tolerances.</strong>"
        in rendered
    )


def test_a_hostile_name_stays_a_cell_of_the_markdown_table():
    made = [point(task=ATTACK, mitigations=((ATTACK, {}),), where=environment(ATTACK))]
    found = two_runs(compare(*[summarise("x", made, 0)] * 2, **TOLERANCES), ATTACK, "b", **TOLERANCES)
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(comparison_markdown(found))
    assert set(re.findall(r"<(\w+)", rendered)) <= {
        "h3",
        "p",
        "ul",
        "li",
        "strong",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert len(re.findall(r"<td", rendered)) == 7


def test_a_long_markdown_table_is_cut_with_words():
    made = [point(batch_size=size, minute=size) for size in range(1, MOST_ROWS + 4)]
    said = comparison_markdown(runs(made, made))
    assert "3 further points are not shown." in said
    assert len(said) < 65_536


@pytest.fixture
def folders(tmp_path):
    def write(name, baseline_j):
        scores = binary_scores(900, 3, 2, 95)
        return str(write_run(tmp_path / name, [point(baseline_j=baseline_j, scores=scores)]))

    return write


def test_the_command_writes_the_page_and_keeps_its_exit_code_and_output(folders, tmp_path, capsys):
    target = tmp_path / "pages" / "compared.html"
    assert main([folders("a", 1.0), folders("b", 1.2), "--html", str(target)]) == 1
    assert "REGRESSION: energy" in capsys.readouterr().out
    assert "Regression: 1 of 1 points got worse" in plain(target.read_text("utf-8"))
    assert main([folders("c", 1.0), folders("d", 1.01), "--html", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["regressions"] == 0
    assert "No regression" in target.read_text("utf-8")


def test_the_command_prints_a_markdown_table(folders, capsys):
    assert main([folders("a", 1.0), folders("b", 1.2), "--markdown"]) == 1
    assert capsys.readouterr().out.startswith("### Energy comparison: a and b\n\n**Regression: 1 of 1 points")


def test_a_page_that_cannot_be_written_is_bad_input(folders, tmp_path, capsys):
    assert main([folders("a", 1.0), folders("b", 1.0), "--html", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: the page cannot be written")


def test_an_unknown_language_is_bad_input(folders, tmp_path, capsys):
    target = tmp_path / "x.html"
    assert main([folders("a", 1.0), folders("b", 1.0), "--html", str(target), "--language", "xx"]) == 2
    assert "no such language" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.usefixtures("without_drawing")
def test_a_report_of_several_runs_is_no_run(folders, tmp_path, capsys):
    first, second = (tmp_path / name for name in ("a", "b"))
    folders("a", 1.0), folders("b", 1.0)
    published = build_report([first, second], tmp_path / "a+b" / "index.html").parent
    assert main([str(published), str(first)]) == 2
    assert "a report of several runs" in capsys.readouterr().err


def test_a_gpu_run_against_itself_has_no_regression():
    found = runs(gpu_run(), [msgspec.structs.replace(one) for one in gpu_run()])
    assert found.regressed == 0
    assert len(found.rows) == 9
