"""Before anything imports torch: the same quiet as the command line's. Locks of their own, for all tests together."""

import shutil

import pytest

from suite.machine import device_lock
from suite.machine.log_levels import quieten

quieten()

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(autouse=True, scope="session")
def _own_locks_for_all(tmp_path_factory):
    """A measurement on this machine must not fail the tests, nor they it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(device_lock.FOLDER_VARIABLE, str(tmp_path_factory.mktemp("locks")))
        yield


@pytest.fixture(scope="module")
def browser():
    """A real browser, of one module: Playwright cannot be started twice at a time."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield chromium
        chromium.close()
