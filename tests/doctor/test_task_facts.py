"""What the doctor says of each task: its query, its model, and how far that is above simple baselines."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from rich.console import Console

from suite.checkpoints.card_scores import CardScores
from suite.doctor import facts
from suite.doctor import task_facts as module
from suite.doctor.tables import page
from suite.doctor.task_facts import task_facts, tasks
from suite.io.paths import CONF

NOT_EMBEDDED = {
    "object_detection": ("yolos_tiny", "hub"),
    "speech_recognition": ("whisper_tiny_en", "hub"),
    "video_generation": ("wan_tiny_random", "random"),
}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    return {task["name"]: task for task in tasks()}


def test_every_task_of_conf_is_listed(found: dict[str, dict[str, Any]]) -> None:
    assert list(found) == sorted(file.stem for file in (CONF / "task").glob("*.yaml"))


def test_every_embedded_model_is_whole_and_scored_beside_baselines(found: dict[str, dict[str, Any]]) -> None:
    for task in (task for name, task in found.items() if name not in NOT_EMBEDDED):
        assert (task["model"]["where"], task["model"]["state"], task["reason"]) == ("embedded", "ok", None)
        assert task["score"] is not None
        assert task["best_baseline"] in task["baselines"]


@pytest.mark.parametrize(("name", "model"), NOT_EMBEDDED.items())
def test_a_task_without_an_embedded_model_says_which_to_use(
    name: str, model: tuple[str, str], found: dict[str, dict[str, Any]]
) -> None:
    task = found[name]
    assert (task["model"]["name"], task["model"]["where"]) == model
    assert (task["score"], task["baselines"], task["better_than_best"]) == (None, [], None)
    assert (task["trivial_baseline"], task["better_than_trivial"]) == (None, None)


def test_a_query_is_told_with_its_numbers(found: dict[str, dict[str, Any]]) -> None:
    assert found["summarisation"]["query"] == "a document of 48 tokens, summed up in 16 new ones"


def test_figures_are_those_of_the_card(found: dict[str, dict[str, Any]]) -> None:
    """As models/t5_dates/README.md has them: 0.702 against 0.054 and 0.526."""
    task = found["summarisation"]
    assert (task["metric"], task["score"]) == ("rouge_l", 0.702)
    assert task["best_baseline"] == {"name": "first and last date, in full", "score": 0.526}
    assert task["better_than_best"] == 0.176
    assert task["trivial_baseline"] == {"name": "one summary of the train split for all", "score": 0.054}
    assert task["better_than_trivial"] == 0.648


def test_real_images_are_no_baseline_of_drawn_ones(found: dict[str, dict[str, Any]]) -> None:
    assert [each["score"] for each in found["image_generation"]["baselines"]] == [0.107]


@pytest.mark.parametrize(
    ("model", "higher_is_better", "best", "better_by"),
    [(0.5, True, "b", 0.1), (0.3, True, "b", -0.1), (0.1, False, "a", 0.1), (0.3, False, "a", -0.1)],
)
def test_the_best_baseline_is_the_one_on_the_metrics_good_side(
    model: float, higher_is_better: bool, best: str, better_by: float
) -> None:
    scores = CardScores(model=model, baselines=(("a", 0.2), ("b", 0.4)))
    told = module._scores(scores, higher_is_better=higher_is_better)
    assert (told["best_baseline"]["name"], told["better_than_best"]) == (best, better_by)
    assert told["trivial_baseline"]["name"] == "a"


def test_a_score_without_baselines_beats_none() -> None:
    told = module._scores(CardScores(model=0.5, baselines=()), higher_is_better=True)
    assert (told["score"], told["best_baseline"], told["better_than_best"]) == (0.5, None, None)


def embedded(folder: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes | None) -> dict[str, Any]:
    """What is said of a model of a checkout in ``folder``."""
    (folder / "models/some").mkdir(parents=True)
    (folder / "models/some/README.md").write_text(f"---\nmodel_sha256: {'0' * 64}\n---\n")
    if weights is not None:
        (folder / "models/some/model.safetensors").write_bytes(weights)
    monkeypatch.setattr(module, "EMBEDDED", folder / "models")
    monkeypatch.chdir(folder)
    return module._model(OmegaConf.create({"name": "some", "path": "models/some"}))


@pytest.mark.parametrize(("weights", "state"), [(None, "missing"), (b"others", "damaged")])
def test_the_state_of_an_embedded_model_is_told(
    weights: bytes | None, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = embedded(tmp_path, monkeypatch, weights)
    assert (told["where"], told["state"]) == ("embedded", state)


def test_an_embedded_model_whose_folder_is_gone_is_missing_and_no_hub_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = module._model(OmegaConf.create({"name": "gone", "path": "models/gone"}))
    assert (told["where"], told["state"]) == ("embedded", "missing")


def test_a_damaged_models_card_says_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "state_of", lambda folder: "damaged")
    assert task_facts("summarisation")["score"] is None


def test_a_task_that_does_not_compose_is_a_row_with_the_reason() -> None:
    task = task_facts("sumarisation")
    assert "did you mean summarisation?" in task["reason"]
    assert page(facts.gather(CONF.parent) | {"tasks": [task]})


def test_the_table_names_tasks_models_scores_and_margins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    shown = io.StringIO()
    Console(width=400, file=shown).print(page(facts.gather(CONF.parent)))
    (row,) = [line for line in shown.getvalue().splitlines() if "t5_dates: embedded, ok" in line]
    assert all(text in row for text in ("summarisation", "rouge l 0.7020", "0.5260", "+0.1760"))
    assert "model=whisper_tiny_en (openai/whisper-tiny.en, from the hub)" in shown.getvalue()
