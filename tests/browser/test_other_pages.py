"""Pages beside the report of one run: several runs, a comparison, the list of what is published."""

import pytest

from suite.analysis.run.run_comparison import compare
from suite.analysis.summary import summarise
from suite.report.build import build_report
from suite.report.comparison.comparison_page import comparison_page
from suite.report.comparison.view import two_runs
from suite.report.site.publish import publish
from tests.browser.test_accessibility import violations
from tests.synthetic import write_run
from tests.synthetic_run import embedded_run, gpu_run

pytestmark = pytest.mark.browser
TOLERANCES = {"energy_tolerance": 0.05, "ratio_tolerance": 0.05}


def build_pages(root):
    """Every page below ``root``."""
    before, after = embedded_run(1), [*embedded_run(3)[3:], *gpu_run()[:2]]
    folders = [
        write_run(root / "runs" / name, made)
        for name, made in (("before", before), ("after", after), ("gpu", gpu_run()))
    ]
    build_report(folders, root / "reports" / "several" / "index.html")
    (root / "reports" / "broken").mkdir()
    (root / "reports" / "broken" / "results.json").write_text("{")
    points = [summarise(name, made, 0.0) for name, made in (("before", before), ("after", after))]
    found = two_runs(compare(*points, **TOLERANCES), "before", "after", **TOLERANCES)
    (root / "compared.html").write_text(comparison_page(found), "utf-8")
    publish(root / "reports", root / "site")


@pytest.fixture(scope="module")
def pages(made_once):
    """The address of each page by its name."""
    root = made_once("other-pages", build_pages)
    places = {"several": "reports/several/index.html", "compared": "compared.html", "site": "site/index.html"}
    return {name: (root / place).as_uri() for name, place in places.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [  # the first has the sections of pages that are looked at in both ways elsewhere
        ("several", 390, "dark"),
        ("compared", 1280, "light"),
        ("compared", 390, "dark"),
        ("site", 1280, "light"),
        ("site", 390, "dark"),
    ],
)
def test_axe_finds_nothing(visit, pages, name, width, scheme):
    page, said, requested = visit(where=pages[name], width=width, color_scheme=scheme)
    assert violations(page) == []
    assert said == []
    assert [url for url in requested if not url.startswith("data:")] == [pages[name]]


@pytest.mark.parametrize("name", ["several", "compared", "site"])
@pytest.mark.parametrize("width", [320, 390, 760])
def test_nothing_but_tables_scrolls_sideways(visit, pages, name, width):
    page, _, _ = visit(where=pages[name], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["several", "compared", "site"])
def test_no_identifier_stands_twice(visit, pages, name):
    page, _, _ = visit(where=pages[name])
    found = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert sorted(each for each in set(found) if found.count(each) > 1) == []


def test_a_verdict_of_the_runs_side_by_side_opens_the_point_of_its_run(visit, pages):
    page, _, _ = visit(where=pages["several"])
    cell = page.locator("#runs td[data-run=after]").first
    cell.get_by_role("link").click()
    opened = page.locator("details.point[open]:target")
    assert cell.get_attribute("data-point") in opened.get_attribute("id")
    assert "name=after-again" in opened.locator("pre.command").text_content()


def test_a_link_of_the_site_opens_the_report(visit, pages):
    page, _, _ = visit(where=pages["site"], java_script_enabled=False)
    page.get_by_role("link", name="several", exact=True).click()
    page.locator("#runs").wait_for(state="visible")  # the click returns before the page is there
    assert page.locator("#runs").is_visible()
