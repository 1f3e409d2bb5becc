import re
import shutil
import subprocess

import pytest

from suite.record.schema import Scores
from suite.report.build import read_report
from suite.report.exports import latex
from suite.report.exports.latex import escape, tables
from suite.report.exports.markdown import cells
from tests.synthetic import binary_scores, environment, record, windows, write_run

PRUNING = (("structured_pruning", {"ratio": 0.5}),)
HOSTILE = (
    '\\input{/etc/passwd} % & $ # _ {x ~ ^ <a> |b| [1] *c* "q" `d\' --- µ \N{MULTIPLICATION SIGN} ± → é ß Ð 中 '
    "\U0001f525 \n\\end{table}\x00"
)


def point(ratio=0.5, mitigations=PRUNING, **fields):
    return record(
        mitigations=mitigations, run_windows=windows([ratio] * 4), scores=binary_scores(900, 3, 2, 95), **fields
    )


def report_of(tmp_path, *records):
    return read_report(write_run(tmp_path / "run", records))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("50 % & more_of #1", r"50 \% \& more\_of \#1"),
        ("a\\b", r"a\textbackslash{}b"),
        ("{x}^2~$", r"\{x\}\textasciicircum{}2\textasciitilde{}\$"),
        ("[1] *", "{[}1{]} {*}"),
        ("a--b", "a{-}{-}b"),
        ("\N{MINUS SIGN}5\N{NO-BREAK SPACE}%", r"$-$5~\%"),
        ("two\nlines\r\nand\x00more", "two lines and more"),
        ("perché", "perché"),
        ("中", "{[}U+4E2D{]}"),
        ("Ð", "{[}U+00D0{]}"),
        ("a\N{EM SPACE}b\N{ZERO WIDTH SPACE}c", "a b c"),
    ],
)
def test_escapes(words, expected):
    assert escape(words) == expected


def test_nothing_of_a_name_is_left_that_latex_acts_on():
    escaped = escape("".join(map(chr, range(0x250))) + HOSTILE)
    commands = {found.group() for found in re.finditer(r"\\(?:[a-zA-Z]+|.)", escaped)}
    assert commands == {
        *(f"\\{sign}" for sign in "{}$&%#_`"),
        *(f"\\text{name}" for name in ("backslash", "asciitilde", "asciicircum", "less", "greater", "bar")),
        *(f"\\{name}" for name in ("times", "pm", "mu", "cdot", "circ", "rightarrow")),
    }
    rest = re.sub(r"\$[^$]*\$", "", re.sub(r"\\(?:[a-zA-Z]+|.)", "", escaped))
    assert not re.search(r"[$%&#_^\\\n\[\]*]", rest.replace("{[}", "").replace("{]}", "").replace("{*}", ""))
    assert rest.count("{") == rest.count("}")


def test_a_table_names_task_hardware_and_basis(embedded):
    found = tables(embedded)
    assert found.count(r"\begin{table}") == found.count(r"\end{table}") == 3
    caption = re.search(r"\\caption\{(.*)\}", found).group(1)
    assert caption.startswith("Change of energy per query against the paired baseline: image classification (inference")
    assert "on Example CPU, 2 logical CPUs. Energy: estimated." in caption
    assert "Intervals are 95 \\% intervals of the paired comparison" in found


def test_every_row_is_the_point_of_the_leading_comparison_with_units_above_it(embedded):
    rows = [line for line in tables(embedded).splitlines() if line.endswith(r" \tabularnewline")]
    points = [entry for group in embedded.groups if not group.is_training for entry in group.entries]
    assert len(rows) == len(points) == 3 * 19 + 1
    for row, entry in zip(rows, points, strict=True):
        found = re.split(r" +(?<!\\)& ", row.removesuffix(r" \tabularnewline"))
        label, change, interval, score, score_interval, verdict = map(escape, cells(entry))
        assert found == [
            rf"    \raggedright {label}", change.replace(r"~\%", ""), interval,
            score.replace("~pt", ""), score_interval, rf"\raggedright {verdict}",
        ]  # fmt: skip
    heads = re.findall(r"\\multicolumn\{2\}\{c\}\{(score change.*?)\}", tables(embedded))
    assert heads == ["score change, pt", "score change, pt", "score change, bits per byte"]


def test_scores_that_do_not_count_the_same_keep_their_units(tmp_path):
    bits = Scores(metric="bits_per_byte", higher_is_better=False, baseline=[1.7, 1.8], candidate=[1.7, 1.9])
    other = record(mitigations=(("bf16", {}),), run_windows=windows([0.8] * 4), scores=bits, minute=1)
    found = tables(report_of(tmp_path, point(), other))
    assert r"\multicolumn{2}{c}{score change}" in found
    assert "$-$0.1~pt &" in found


def test_labels_are_unique_and_plain(tmp_path):
    made = [point(task=task, minute=number) for number, task in enumerate(("a b", "a_b", "{}", "A-B"))]
    labels = re.findall(r"\\label\{(.*?)\}", tables(report_of(tmp_path, *made)))
    assert len(set(labels)) == 4
    assert all(re.fullmatch(r"tab:energy-[a-z0-9-]+-\d", label) for label in labels)


def test_a_table_that_would_leave_the_page_is_cut_with_words(tmp_path):
    made = [point(mitigations=(("structured_pruning", {"ratio": n / 100}),), minute=n) for n in range(45)]
    found = tables(report_of(tmp_path, *made))
    assert (
        len([line for line in found.splitlines() if line.startswith(r"    \raggedright structured")]) == latex.MOST_ROWS
    )
    assert "5 further points are in results.csv." in found


def test_a_run_without_a_result_is_a_comment(tmp_path):
    lines = tables(report_of(tmp_path, record(mitigations=PRUNING, status="skipped"))).splitlines()
    assert all(line.startswith("%") for line in lines)
    assert lines[-1] == "% No point ended with a result."


def test_a_name_cannot_end_the_comment_it_stands_in(tmp_path):
    folder = write_run(tmp_path / "run\n\\input{x}", [point()])
    assert [line for line in tables(read_report(folder)).splitlines() if line.startswith("% Energy")] == [
        "% Energy report: run \\textbackslash{}input\\{x\\}"
    ]


def test_it_compiles(tmp_path, embedded):
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex on this machine (Debian: apt-get install texlive-latex-base)")
    hostile = report_of(
        tmp_path, point(model=HOSTILE, where=environment(HOSTILE)), point(mitigations=((HOSTILE, {}),), minute=1)
    )
    (tmp_path / "a.tex").write_text(tables(embedded), "utf-8")
    (tmp_path / "b.tex").write_text(tables(hostile), "utf-8")
    (tmp_path / "main.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{a}\\input{b}\\end{document}\n"
    )
    done = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "main.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in embedded_log(done.stdout)


def embedded_log(log):
    """What was said of the tables of the embedded run."""
    return log[log.index("(./a.tex") : log.index("(./b.tex")]
