"""A real browser, and a report to open in it."""

import shutil

import pytest

from suite.report.build import build_report
from tests.synthetic import write_run
from tests.synthetic_run import embedded_run

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "embedded", embedded_run())
    return build_report(folder, folder.parent / "report" / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    """Of one module: Playwright cannot be started twice, and other tests start one of their own."""
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
    """Opens a report and gives the page, what the console said and what was requested."""
    contexts = []

    def open_page(width=1280, where=address, **settings):
        context = browser.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        page, said, requested = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: requested.append(request.url))
        page.goto(where)
        return page, said, requested

    yield open_page
    for context in contexts:
        context.close()
