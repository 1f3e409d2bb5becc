"""One section of the page as HTML, drawn from records made up for a test."""

import re

from suite.report.build import read_report
from suite.report.page import _Charts, _section, template_environment
from suite.text import numbers as text
from tests.synthetic import write_run


def report_of(tmp_path, *records, **options):
    return read_report(write_run(tmp_path / "run", list(records)), **options)


def html_of(name, report):
    """The section's HTML; None where it is left out."""
    environment = template_environment()
    environment.globals["draw"] = _Charts().draw
    found = _section(environment, name, report)
    return None if found is None else str(found.html)


def words_of(html):
    """What a reader sees, drawings left out; a minus sign and a dash are written as hyphens."""
    without = re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", html, flags=re.S))
    for sign, plain in ((text.GAP, " "), (text.MINUS, "-"), (text.NOTHING, "-"), ("&#39;", "'")):
        without = without.replace(sign, plain)
    return re.sub(r"\s+", " ", without).strip()


def rows_of(html):
    """Cells of every row of every table body, as a reader sees them."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", "".join(re.findall(r"<tbody>(.*?)</tbody>", html, re.S)), re.S)
    return [[words_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in rows]


def drawings_of(html):
    """Every SVG of a chart."""
    return re.findall(r'<div class="drawing[^>]*>(<svg.*?</svg>)</div>', html, re.S)
