"""The twelve tiles: figures of the best technique, or the reason why there are none."""

import re
from types import SimpleNamespace

import msgspec
import pytest

from suite.plugins.interventions import INTERVENTIONS
from suite.record.schema import ApplyCost, Reason
from suite.report.prose import tiles as module
from suite.report.prose.tiles import tiles
from tests.report.section_html import html_of, report_of, words_of
from tests.synthetic import ESTIMATED, binary_scores, record, windows

SAME = binary_scores(900, 0, 0, 100)
COST = ApplyCost(duration_s=2.0, energy_j={"cpu": 10.0}, method={"cpu": ESTIMATED})
NAMES = {f"by_{key}": key for key in INTERVENTIONS}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    made = {name: SimpleNamespace(intervention=key) for name, key in NAMES.items()}
    monkeypatch.setattr(module, "cards", lambda points: made)


def one(key, minute, **fields):
    return record(mitigations=((f"by_{key}", {}),), minute=minute, **fields)


def refused(key, minute):
    return one(key, minute, status="skipped", reason=Reason(kind="not_applicable", message="needs a GPU"))


def twelve(**instead):
    return [instead[key] if key in instead else refused(key, 60 + n) for n, key in enumerate(INTERVENTIONS)]


def shown(tmp_path, **instead):
    """The tile of each intervention as a reader sees it."""
    html = html_of("overview", report_of(tmp_path, *twelve(**instead)))
    found = [
        words_of(tile) for tile in re.findall(r'<li class="tile".*?</li>\s*(?=<li class="tile"|</ol>)', html, re.S)
    ]
    return dict(zip(INTERVENTIONS, found, strict=True))


def test_a_saving_is_told_with_its_interval_its_score_and_its_price(tmp_path):
    made = one("pruning", 0, run_windows=windows([0.5] * 4), scores=SAME, apply_cost=COST)
    tile = shown(tmp_path, pruning=made)["pruning"]
    assert tile == (
        "pruning saves -50.0 % [-50.0, -50.0] by pruning, image classification "
        "the same answer on all 1,000 items 10.0 J once, repaid after 20 queries"
    )


def test_a_loss_is_no_saving_and_never_repaid(tmp_path):
    made = one("quantisation", 0, run_windows=windows([1.5] * 4), scores=SAME, apply_cost=COST)
    tile = shown(tmp_path, quantisation=made)["quantisation"]
    assert "costs energy here +50.0 %" in tile
    assert tile.endswith("10.0 J once, never repaid")


def test_a_saving_whose_loss_is_open_says_which_of_the_two_is_not_known(tmp_path):
    """Six of 100 answers lost and five won: -1 pt, and far more not ruled out."""
    made = one("pruning", 0, run_windows=windows([0.5] * 4), scores=binary_scores(79, 6, 5, 10))
    tile = shown(tmp_path, pruning=made)["pruning"]
    assert tile.startswith("pruning saves, loss of accuracy not ruled out -50.0 %")


def test_what_cannot_run_says_why_and_has_no_figure(tmp_path):
    tile = shown(tmp_path)["distillation"]
    assert tile == "knowledge distillation cannot run here by distillation, image classification needs a GPU"


def test_carbon_is_told_as_carbon_with_the_energy_beside_it(tmp_path):
    made = one("carbon_aware", 0, run_windows=windows([1.0] * 4), scores=SAME)
    proof = {"by_carbon_aware": {"after": {"relative_carbon_intensity": 0.8}}}
    made = msgspec.structs.replace(made, effect=made.effect | {"proof": proof})
    tile = shown(tmp_path, carbon_aware=made)["carbon_aware"]
    assert "lowers carbon, not energy -20.0 % CO₂e" in tile
    assert "the carbon is modelled" in tile


def test_others_of_the_intervention_are_counted(tmp_path, monkeypatch):
    made = {name: SimpleNamespace(intervention=key) for name, key in (NAMES | {"more": "pruning"}).items()}
    monkeypatch.setattr(module, "cards", lambda points: made)
    more = record(mitigations=(("more", {}),), run_windows=windows([0.9] * 4), scores=SAME)
    first = next(tile for tile in tiles(report_of(tmp_path, more, *twelve())) if tile.name == "pruning")
    assert (first.technique, first.others) == ("more, image classification", "one more technique tried")


def test_a_run_without_one_of_them_has_no_tiles(tmp_path):
    report = report_of(tmp_path, *twelve()[1:])
    assert tiles(report) == []
    assert "tile" not in html_of("overview", report)
