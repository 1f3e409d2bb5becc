"""What tests of a report's files need not wait for."""

import pytest

from suite.report import build


@pytest.fixture
def without_drawing(monkeypatch):
    """Reports whose page and figure are not drawn, which takes a second or more: for tests of the files beside them."""
    monkeypatch.setattr(build, "render", lambda report, language: "<!doctype html>")
    monkeypatch.setattr(build, "drawn_figure", lambda report: None)
