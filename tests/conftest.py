"""Before anything imports torch: the same quiet as the command line's, and one thread a process.

Models of the tests are too small for a second thread, and processes whose threads outnumber the cores wait for each
other most of the time. Locks of their own, for all tests together.
"""

import contextlib
import fcntl
import os
import shutil
import sys

import pytest

from suite.machine import device_lock
from suite.machine.log_levels import quieten

quieten()
os.environ.setdefault("OMP_NUM_THREADS", "1")

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


def pytest_xdist_auto_num_workers(config):
    """One more than there are cores: windows, servers and browsers are waited for in half of the tests' time."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else None


POINTS = ("tests/benchmarks/test_bench_running.py", "tests/commands/", "tests/sweep/")
"""Tests that measure points in processes of their own, forked from a server that takes seconds to start."""


def pytest_collection_modifyitems(items):
    """Tests of points first, as neighbours, so that one worker has most of them and few others start such a server."""
    items.sort(key=lambda item: not item.nodeid.startswith(POINTS))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """Makes a folder once for all workers; the first that asks makes it, the others wait for it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder_of(name, make):
        folder, unfinished = shared / f"shared-{name}", shared / f"shared-{name}.unfinished"
        with (shared / f"shared-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return folder_of


@pytest.fixture(scope="session")
def embedded_folder(tmp_path_factory):
    """A run like the default experiment's, with one torn record."""
    from tests.synthetic import write_run
    from tests.synthetic_run import embedded_run

    folder = write_run(tmp_path_factory.mktemp("runs") / "embedded", embedded_run())
    (folder / "records" / "0123456789ab-1.json").write_text('{"schema_version": 1, ')
    return folder


@pytest.fixture(scope="session")
def embedded(embedded_folder):
    from suite.report.build import read_report

    return read_report(embedded_folder)


@pytest.fixture(scope="session")
def built(embedded_folder, made_once):
    """The report of the embedded run on disk."""
    from suite.report.build import build_report

    return made_once("embedded", lambda folder: build_report(embedded_folder, folder / "index.html")) / "index.html"


@pytest.fixture(scope="session")
def page(built):
    return built.read_text("utf-8")


@pytest.fixture(scope="session")
def gpu_folder(tmp_path_factory):
    """A run of one GPU."""
    from tests.synthetic import write_run
    from tests.synthetic_run import gpu_run

    return write_run(tmp_path_factory.mktemp("runs") / "gpu", gpu_run())


@pytest.fixture(scope="session")
def gpu(gpu_folder):
    from suite.report.build import read_report

    return read_report(gpu_folder)


@pytest.fixture(scope="session")
def gpu_page(gpu, made_once):
    from suite.report.page import render

    folder = made_once("gpu", lambda folder: (folder / "index.html").write_text(render(gpu), "utf-8"))
    return (folder / "index.html").read_text("utf-8")


@pytest.fixture
def serve(tmp_path):
    """Starts the small server of ``tests/endpoint_server.py``; gives its client and process. It ends with the test."""
    from suite.endpoint.client import Client
    from suite.endpoint.server_process import ServerProcess, free_port, wait_until_ready
    from tests import endpoint_server

    with contextlib.ExitStack() as running:

        def start(*, key=None, api="completions", new_tokens=4, **settings):
            port = free_port()
            words = [sys.executable, endpoint_server.__file__, str(port), *(f"{k}={v}" for k, v in settings.items())]
            process = running.enter_context(ServerProcess(words, tmp_path / f"{port}.log", []))
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address, 30, process, uses_proxy=False)
            client = Client(
                base_url=address, model=None, api=api, key=key, new_tokens=new_tokens, body={}, silent_s=10.0,
                uses_proxy=False,
            )  # fmt: skip
            return client, process

        yield start
