"""The report in a real browser: offline, quiet, readable with and without JavaScript."""

import shutil

import pytest

from suite.report.build import build_report
from tests.synthetic import write_run
from tests.synthetic_run import embedded_run

pytestmark = pytest.mark.browser
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "embedded", embedded_run())
    return build_report(folder, folder.parent / "report" / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """Opens the report and gives the page, what the console said and what was requested."""
    contexts = []

    def open_page(width=1280, **settings):
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        page, said, requested = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: requested.append(request.url))
        page.goto(address)
        return page, said, requested

    yield open_page
    for context in contexts:
        context.close()


def draw_all(page):
    """Scrolls every drawing that the script redraws into view until the script has drawn it."""
    count = page.locator(".drawing[data-chart]:visible").count()
    for number in range(count):
        drawing = page.locator(".drawing[data-chart]:visible").nth(number)
        drawing.scroll_into_view_if_needed()
        drawing.locator("xpath=self::*[@data-drawn]").wait_for(timeout=20_000)
    return count


def test_no_console_message_and_no_request_while_all_charts_are_drawn(visit, address):
    page, said, requested = visit()
    assert draw_all(page) == 15  # three on the first screen, six trade-offs, six forests
    assert said == []
    assert [url for url in requested if not url.startswith("data:")] == [address]


def test_charts_and_tables_show_without_javascript(visit):
    page, said, _ = visit(java_script_enabled=False)
    assert said == []
    drawing = page.locator("#tradeoff .drawing.wide svg").first
    assert drawing.is_visible()
    assert "distillation" in drawing.text_content()
    assert page.locator("#techniques tbody tr").first.is_visible()
    assert not page.locator("#filter").is_visible()


def test_a_phone_needs_no_sideways_scrolling(visit):
    page, _, _ = visit(width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not page.locator("#tradeoff .drawing.wide").first.is_visible()
    assert page.locator("#tradeoff .drawing.narrow svg").first.is_visible()


def test_a_click_sorts_the_numbers(visit):
    page, _, _ = visit()
    table = page.locator("#techniques table").first
    table.get_by_role("button", name="energy change").click()

    def ratios():
        cells = table.locator("tbody [data-field=energy_ratio]").all()
        return [float(cell.get_attribute("data-value")) for cell in cells]

    assert ratios() == sorted(ratios())
    table.get_by_role("button", name="energy change").click()
    assert ratios() == sorted(ratios(), reverse=True)
    assert "skipped" in table.locator("tbody tr").last.text_content()


def test_the_filter_leaves_what_matches(visit):
    page, _, _ = visit()
    page.locator("#filter").fill("distillation")
    assert page.locator("#techniques tbody tr:visible").count() == 3  # one a task


def test_a_link_to_a_point_opens_it(visit):
    page, _, _ = visit()
    page.locator("#techniques tbody th a", has_text="distillation").first.click()
    assert page.locator("details.point[open] pre.command").first.is_visible()


def test_colours_follow_the_system(visit):
    light, _, _ = visit(color_scheme="light")
    dark, _, _ = visit(color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert light.evaluate(background) != dark.evaluate(background)


def test_downloads_are_files(visit):
    page, _, _ = visit()
    with page.expect_download() as download:
        page.get_by_role("link", name="results.csv").click()
    assert download.value.suggested_filename == "results.csv"
