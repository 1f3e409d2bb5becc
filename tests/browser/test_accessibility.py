"""WCAG 2.2 AA as far as a machine can check it (axe-core), and what it cannot: keyboard, contrast, reflow."""

import pytest

from suite.report.build import build_report
from tests.browser.test_report_page import draw_all
from tests.synthetic import write_run
from tests.synthetic_run import gpu_run

pytestmark = pytest.mark.browser
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],  # what passed is not written up, which takes seconds on a page of many elements
}


def violations(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    found = axe.Axe().run(page, options=RULES).response["violations"]
    return [(each["id"], [node["html"][:160] for node in each["nodes"][:4]]) for each in found]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing(visit, width, scheme):
    page, _, _ = visit(width=width, color_scheme=scheme)
    draw_all(page)
    for details in page.locator("details").all()[:40]:
        details.evaluate("each => { each.open = true }")
    page.locator("#gate-1").fill("-2")
    page.locator("#gate-2").fill("2")
    page.locator(".windows-chart svg").first.wait_for()
    assert violations(page) == []


def test_axe_finds_nothing_without_javascript_in_a_gpu_report(browser, visit, tmp_path):
    where = build_report(write_run(tmp_path / "gpu", gpu_run()), tmp_path / "report" / "index.html", language="it")
    page, _, _ = visit(where=where.as_uri())
    assert violations(page) == []


def test_no_identifier_stands_twice(visit):
    page, _, _ = visit()
    draw_all(page)
    found = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert sorted(name for name in set(found) if found.count(name) > 1) == []


def test_everything_that_acts_is_reached_by_tab_and_shows_focus(visit):
    page, _, _ = visit()
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.id || document.activeElement.textContent.trim().slice(0, 30)")
        )
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    assert {"gate-1", "gate-2", "gate-3"} <= reached


@pytest.mark.parametrize("width", [320, 390, 760])
def test_nothing_but_tables_scrolls_sideways(visit, width):
    page, _, _ = visit(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
