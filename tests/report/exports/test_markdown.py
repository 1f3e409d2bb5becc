import re

import pytest
from markdown_it import MarkdownIt

from suite.report.build import read_report
from suite.report.exports import markdown
from suite.report.exports.markdown import escape, summary
from tests.synthetic import binary_scores, environment, record, windows, write_run

PRUNING = (("structured_pruning", {"ratio": 0.5}),)
ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example)",
    "![seen](https://evil.example/x.png)",
    "<https://evil.example>",
    "a | b | c",
    "a \\| b \\",
    "`code` ``more``",
    "line one\n\n# heading\n- item\n| x |",
    "line\r|---|\u2028next\x85end",
    "**bold** _em_ *em* ~~gone~~",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "[ref]: https://evil.example",
    "$x$ and $$y$$",
    "- item",
    "1. item",
    "# heading",
    "> quote",
    "---",
    "\u202egnp.exe",
)
RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render


def report_of(tmp_path, *records):
    return read_report(write_run(tmp_path / "run", records))


def point(ratio=0.5, mitigations=PRUNING, **fields):
    return record(
        mitigations=mitigations, run_windows=windows([ratio] * 4), scores=binary_scores(900, 3, 2, 95), **fields
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_escaped_name_shows_as_it_is_and_is_nothing_else(attack):
    """In a cell, where it may neither end the cell nor open anything."""
    rendered = RENDER(f"| a | b |\n|---|---|\n| {escape(attack)} | end |\n")
    assert set(re.findall(r"<(\w+)", rendered)) == {"table", "thead", "tbody", "tr", "th", "td"}
    cells = re.findall(r"<td>(.*?)</td>", rendered, re.S)
    assert len(cells) == 2
    assert cells[1] == "end"
    shown = cells[0].replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    assert shown.replace("\u2060", "") == re.sub(r"[\n\r\u2028\x85]+", " ", attack).replace("\u202e", "").strip()


@pytest.mark.parametrize(
    "words",
    ["http://evil.example", "HTTPS://evil.example", "www.evil.example", "me@evil.example", "@someone", "fixes #12"],
)
def test_no_renderer_makes_an_address_a_mention_or_a_reference_of_a_name(words):
    escaped = escape(words)
    assert escaped.replace("\u2060", "") == words
    assert not re.search(r"(?i)://|www\.|@\w|#\d", escaped)


def test_plain_names_stay_readable():
    assert escape("structured pruning (ratio 0.5) + int8") == "structured pruning (ratio 0.5) + int8"


def test_a_hostile_model_breaks_neither_table_nor_page(tmp_path):
    made = [point(model=attack, task=attack, where=environment(attack)) for attack in ATTACKS]
    made += [point(mitigations=((attack, {attack: attack}),), minute=1) for attack in ATTACKS]
    rendered = RENDER(summary(report_of(tmp_path, *made)))
    tags = set(re.findall(r"<(\w+)", rendered))
    assert tags <= {"h2", "h3", "ul", "li", "p", "strong", "em", "table", "thead", "tbody", "tr", "th", "td"}
    for row in re.findall(r"<tr>(.*?)</tr>", rendered, re.S):
        assert len(re.findall(r"<t[hd]", row)) == 6
    assert rendered.count("<ul>") == 1  # the answers: no name has opened a list of its own


def test_the_summary_says_where_what_and_how(embedded):
    said = summary(embedded).splitlines()
    assert said[0] == "## Energy report: embedded"
    assert said[2] == (
        "Hardware: Example CPU, 2 logical CPUs · Energy: **estimated** (CPU: CPU time \N{MULTIPLICATION SIGN} TDP) · "
        "Points: 60 ok, 6 skipped, 1 failed · Date: 2026-01-02"
    )
    answers = [line for line in said if line.startswith("- **") and " saves **" in line]
    assert [answer.split(":**")[0] for answer in answers] == [
        "- **image classification", "- **text classification", "- **text generation",
    ]  # fmt: skip


def test_every_row_of_a_table_is_the_point_of_the_leading_comparison(embedded):
    rendered = RENDER(summary(embedded))
    tables = re.findall(r"<tbody>(.*?)</tbody>", rendered, re.S)
    leading = [group for group in embedded.groups if not group.is_training]
    assert len(tables) == len(leading) == 3
    for markup, group in zip(tables, leading, strict=True):
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", markup, re.S)]
        assert rows == [list(markdown.cells(entry)) for entry in group.entries]


def test_comparisons_without_a_table_are_counted(embedded):
    """Three of training, with three points each."""
    assert "3 further comparisons (9 points) are in the report and in results.csv." in summary(embedded)


def test_a_table_of_many_points_is_cut_with_words(tmp_path):
    made = [point(mitigations=(("structured_pruning", {"ratio": n / 100}),), minute=n) for n in range(70)]
    said = summary(report_of(tmp_path, *made))
    assert len([line for line in said.splitlines() if line.startswith("| structured")]) == markdown.MOST_ROWS
    assert "10 further points of this comparison are in results.csv." in said


def test_many_tasks_have_no_more_tables_than_a_reader_reads(tmp_path):
    made = [point(task=f"task_{number}", minute=number) for number in range(20)]
    said = summary(report_of(tmp_path, *made))
    assert said.count("### ") == markdown.MOST_TABLES
    assert "8 further comparisons (8 points)" in said


def test_several_runs_are_named_at_every_answer(tmp_path):
    folders = [write_run(tmp_path / name, [point(ratio)]) for name, ratio in (("one", 0.5), ("two", 0.6))]
    said = summary(read_report(folders))
    assert "- **image classification, one:** **Structured pruning** saves **50" in said
    assert "- **image classification, two:** **Structured pruning** saves **40" in said


def test_what_was_not_measured_is_a_dash_and_no_number(tmp_path):
    said = summary(report_of(tmp_path, point(), record(mitigations=(("tf32", {}),), status="skipped", minute=1)))
    assert "| tf32 | \N{EN DASH} |  | \N{EN DASH} |  | skipped |" in said


def test_a_simulated_saving_is_called_so(tmp_path):
    made = record(mitigations=PRUNING, run_windows=windows([0.5] * 4, method="simulated:nvml_energy_counter"))
    said = summary(report_of(tmp_path, made))
    assert "Energy: **simulated** (" in said
    assert "of the energy per query (simulated)" in said


def test_a_run_without_a_result_still_has_a_summary(tmp_path):
    said = summary(report_of(tmp_path, record(mitigations=PRUNING, status="skipped")))
    assert "No point of this task ended with a result." in said
    assert "Energy: no energy figures" in said
