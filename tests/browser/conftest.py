"""A report to open in the browser."""

import pytest


@pytest.fixture(scope="session")
def address(built):
    return built.as_uri()


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
