"""What the documentation shows runs: here with brief windows and ten watts of wall time, so that no figure matters."""

import json
import re

import pytest

from suite.api import measuring
from suite.io.paths import CHECKOUT
from tests.api.ledger import brief
from tests.world import WallMeter

DOCS = CHECKOUT / "docs"


@pytest.fixture(autouse=True)
def _briefly(monkeypatch):
    monkeypatch.setattr(measuring, "protocol_of", lambda name: brief())
    monkeypatch.setattr(measuring, "meter_of", lambda name: WallMeter())
    monkeypatch.setattr(measuring, "device_meant", lambda name: "cpu")


def test_a_script_of_at_most_ten_lines_compares_two_functions_with_an_interval(capsys):
    script = re.search(r"```python\n(.*?)```", (DOCS / "python-api.md").read_text("utf-8"), re.DOTALL).group(1)
    assert len(script.splitlines()) <= 10
    exec(compile(script, "python-api.md", "exec"), {})
    assert re.match(
        r"list against generator: \S+ % \[\S+, \S+\] energy per query.* \d\.\d+ \d\.\d+$",
        plain(capsys.readouterr().out),
    )


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_notebook_runs_from_top_to_bottom():
    notebook = json.loads((DOCS / "notebook.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    names = {}
    for number, cell in enumerate(cells):
        exec(compile(cell, f"cell {number}", "exec"), names)
    assert names["alone"].name == "one at a time"
    assert names["result"].ratio.low < names["result"].ratio.high
    assert names["result"].to_dict()["queries_a_call"] == [1, 32]
