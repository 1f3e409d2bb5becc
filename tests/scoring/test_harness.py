"""Tasks of lm-evaluation-harness, of the user's own and local, as further scores of an embedded language model."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from suite.analysis.point.further_scores import further_scores
from suite.config.build import plan_of, plan_on
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.errors import InputError, NotApplicable, OutOfReach
from suite.record.hashing import config_hash
from suite.scoring import harness
from suite.scoring.harness import Harness, harness_of
from suite.tasks.text_classification import items
from tests.commands.test_own_model import run
from tests.embedded import MODELS, embedded_setup

NAMES = ["en", "it", "fr", "de"]
CHOICE = """
task: own_languages
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{text}}\\nLanguage:"
doc_to_target: gold
doc_to_choice: choices
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
"""
WRITTEN = """
task: own_words
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
test_split: test
output_type: generate_until
doc_to_text: "{{text}}\\nLanguage:"
doc_to_target: "{{' ' + choices[gold]}}"
generation_kwargs: {until: ["<|endoftext|>"], max_gen_toks: 4, do_sample: false}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true}
  - {metric: bleu, aggregation: bleu, higher_is_better: true}
"""
CORPUS = WRITTEN.replace("own_words", "own_corpus").replace(
    "  - {metric: exact_match, aggregation: mean, higher_is_better: true}\n", ""
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tasks on 24 names of territories in four languages, and one whose only score is of all items together."""
    pytest.importorskip("lm_eval", reason=harness.MISSING)
    made = tmp_path_factory.mktemp("my_tasks")
    chosen = [item for item in items("test") if item["label"] in NAMES][:24]
    rows = [{"text": item["text"], "choices": NAMES, "gold": NAMES.index(item["label"])} for item in chosen]
    (made / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    for text in (CHOICE, WRITTEN, CORPUS):
        name = text.split()[1]
        (made / f"{name}.yaml").write_text(text.replace("FILE", str(made / "items.jsonl")), "utf-8")
    return made


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library of data sets keeps what it has read."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.mktemp("data sets"))


def setup_of() -> Any:
    return embedded_setup("prompted_classification", "llama_languages")


def asked(folder: Path, *tasks: str, limit: int | None = None) -> Harness:
    return Harness(tasks=tasks, folder=str(folder), limit=limit)


def test_the_figures_are_those_of_the_harness_called_plainly(folder: Path) -> None:
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    found = {each.metric: each for each in asked(folder, "own_languages", "own_words").scores(setup_of(), 0)}
    model = HFLM(pretrained=str(MODELS / "llama_languages"), device="cpu", dtype="float32", batch_size=4)
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    plain = simple_evaluate(model, tasks=["own_languages", "own_words"], task_manager=manager, bootstrap_iters=0)
    for task, metric in (("own_languages", "acc"), ("own_languages", "acc_norm"), ("own_words", "exact_match")):
        scores = found.pop(f"{task}.{metric}")
        assert math.fsum(scores.items) / 24 == pytest.approx(plain["results"][task][f"{metric},none"])
        assert scores.items == [float(sample[metric]) for sample in plain["samples"][task]]
        assert scores.higher_is_better
        assert 0.5 < math.fsum(scores.items) / 24 <= 1
    assert not found  # bleu is of all items together


def test_the_first_items_of_each_task_are_enough_where_a_limit_says_so(folder: Path) -> None:
    assert {len(each.items) for each in asked(folder, "own_languages", limit=5).scores(setup_of(), 0)} == {5}


def test_a_model_is_asked_as_a_technique_left_it(folder: Path) -> None:
    """The harness ties weights of models that it is given, and gives tokenizers a padding token."""
    setup = setup_of()
    changed = setup.replace(model=copy.deepcopy(setup.model), processor=copy.deepcopy(setup.processor))
    assert changed.model.config.tie_word_embeddings
    changed.model.lm_head.weight = torch.nn.Parameter(torch.zeros_like(changed.model.lm_head.weight))
    changed.processor.pad_token = None
    choice, _ = asked(folder, "own_languages").scores(changed, 0)
    golds = [json.loads(line)["gold"] for line in (folder / "items.jsonl").read_text("utf-8").splitlines()]
    assert choice.items == [float(gold == 0) for gold in golds]  # all answers are as likely: the first is taken
    assert not changed.model.lm_head.weight.any()
    assert changed.processor.pad_token is None


@pytest.mark.parametrize(("runtime", "asked_for"), [("eager", 3), ("compiled", 0)])
def test_answers_are_written_as_the_technique_writes_them(folder: Path, runtime: str, asked_for: int) -> None:
    """One at a time where queries are; a static cache, which answers the same, is left as it is."""
    sizes = []

    def options(batch: Any, new_tokens: int) -> dict[str, Any]:
        sizes.append((len(batch["input_ids"]), new_tokens))
        return {"prompt_lookup_num_tokens": 2}  # which transformers refuses for more than one query

    setup = setup_of().replace(batch_size=1, generate_options=options, runtime=runtime)
    (found,) = asked(folder, "own_words", limit=3).scores(setup, 0)
    assert found.items == asked(folder, "own_words", limit=3).scores(setup_of(), 0)[0].items
    assert sizes == [(1, 4)] * asked_for


def test_a_task_without_a_score_of_each_item_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"no score of the task own_corpus is a mean .* got \['bleu'\], name a task"):
        asked(folder, "own_corpus", limit=2).scores(setup_of(), 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("FILE", "/no/such/items.jsonl", r"Unable to find '/no/such/items.jsonl'"),
        ("{{text}}", "{{no_such}}", "no_such"),
    ],
)
def test_a_task_that_does_not_load_is_refused_in_one_sentence(
    folder: Path, tmp_path: Path, old: str, new: str, words: str
) -> None:
    broken = CHOICE.replace(old, new).replace("FILE", str(folder / "items.jsonl"))
    (tmp_path / "broken.yaml").write_text(broken)
    with pytest.raises(InputError, match=rf"cannot be loaded \(.*{words}.*\), got 'own_languages', correct its yaml"):
        asked(tmp_path, "own_languages").scores(setup_of(), 0)


def test_data_of_a_hub_that_does_not_answer_is_a_reason_to_skip(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    (tmp_path / "hub.yaml").write_text(CHOICE.replace("dataset_path: json", "dataset_path: acme/none"))
    with pytest.raises(OutOfReach, match="the data of own_languages is out of reach"):
        asked(tmp_path, "own_languages").scores(setup_of(), 0)


def test_an_unknown_task_is_refused_with_near_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lm_eval.tasks.manager.__file__", str(folder / "manager.py"))  # the index of all takes seconds
    with pytest.raises(InputError, match=r"no such task, got 'own_language', did you mean own_languages.*lm_eval ls"):
        asked(folder, "own_language").check()
    asked(folder, "own_words").check()


def test_without_the_library_it_is_a_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
    task = dataclasses.replace(setup_of().task, lm_eval=Harness(tasks=("some_task",), folder=None, limit=None))
    with pytest.raises(NotApplicable, match=r"lm-evaluation-harness is missing: pip install -e '\.\[lm-eval\]'"):
        task.check_model(setup_of().model, setup_of().processor)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "three keys"),
        ({"tasks": []}, "three keys"),
        ({"tasks": [3], "folder": None, "limit": None}, "must be names"),
        ({"tasks": {"a": 1}, "folder": None, "limit": None}, "must be names"),
        ({"tasks": [" "], "folder": None, "limit": None}, "must be names"),
        ({"tasks": ["a"], "folder": None, "limit": 0}, "at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        harness_of(given)


def test_one_name_is_a_list_of_one() -> None:
    assert harness_of({"tasks": "a", "folder": None, "limit": 3}) == Harness(tasks=("a",), folder=None, limit=3)


def planned(tmp_path: Path, *overrides: str) -> Any:
    every = ["task=text_generation", f"runs_dir={tmp_path}/runs", *overrides]
    config = resolved(composed(every))
    return plan_on("cpu", config, labels(config, every))


def without_lm_eval(plan: Any) -> dict[str, Any]:
    """Its task's settings as records from before there were such keys have them."""
    return {key: value for key, value in plan.config["task"].items() if key != "lm_eval"}


def test_what_is_scored_beside_is_a_part_of_the_configuration_where_something_is(tmp_path: Path) -> None:
    own = tmp_path / "my_tasks"
    own.mkdir()
    (own / "a.yaml").write_text("task: a")
    nothing, something = planned(tmp_path), planned(tmp_path, "task.lm_eval.tasks=[a]", f"task.lm_eval.folder={own}")
    named = {"task": "t", "model": "m", "workload": "w"}
    assert plan_of(nothing.config, named).config == nothing.config  # a point's own process builds it again
    assert config_hash(nothing.config) == config_hash(nothing.config | {"task": without_lm_eval(nothing)})
    assert something.point.point_id == nothing.point.point_id
    hashes = {config_hash(nothing.config), config_hash(something.config)}
    (own / "a.yaml").write_text("task: b")
    hashes.add(config_hash(planned(tmp_path, "task.lm_eval.tasks=[a]", f"task.lm_eval.folder={own}").config))
    assert len(hashes) == 3
    with pytest.raises(InputError, match=r"lm_eval\.folder does not exist"):
        planned(tmp_path, "task.lm_eval.tasks=[a]", f"task.lm_eval.folder={own}s")


@pytest.mark.slow
def test_both_arms_of_a_point_are_scored_in_pairs(folder: Path, tmp_path: Path) -> None:
    code, records = run(
        tmp_path, "task=text_generation", "model=llama_languages", "protocol.max_scored=6", "task.new_tokens=2",
        "mitigation=magnitude_pruning", "mitigation.magnitude_pruning.sparsity=0.9",
        "task.lm_eval.tasks=[own_languages]", f"task.lm_eval.folder={folder}",
    )  # fmt: skip
    assert [(code, record.status, record.reason) for record in records] == [(0, "ok", None)]
    (record,) = records
    perplexity, choice, _ = record.further_scores
    assert [each.metric for each in record.further_scores] == [
        "log_perplexity", "own_languages.acc", "own_languages.acc_norm",
    ]  # fmt: skip
    assert len(perplexity.baseline) == len(record.scores.baseline)
    assert len(choice.baseline) == len(choice.candidate) == 24
    expected = asked(folder, "own_languages").scores(setup_of(), 0)[0].items
    assert choice.baseline == expected
    assert choice.candidate != expected
    other, found, _ = further_scores(record)
    assert (found.metric, found.items) == ("own_languages.acc", 24)
    assert found.delta == pytest.approx((sum(choice.candidate) - sum(choice.baseline)) / 24)
    assert found.delta_low <= found.delta <= found.delta_high
    assert other.delta == pytest.approx(other.baseline - other.score)  # lower is better
