"""task_specific_model: what is known of it beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from suite.checkpoints.model_spec import ModelSpec
from suite.core.setup import Setup
from suite.errors import NoEffect, NotApplicable
from suite.io.paths import CHECKOUT
from suite.mitigations.efficient_architectures.task_specific_model import TaskSpecificModel
from tests.embedded import embedded_setup

BERT = ModelSpec(
    name="bert_languages",
    path=str(CHECKOUT / "models" / "bert_languages"),
    revision=None,
    weights="pretrained",
    architecture=None,
)


@pytest.fixture(scope="module")
def asked() -> Setup:
    return embedded_setup("prompted_classification", "llama_languages", max_scored=60)


@pytest.fixture(scope="module")
def specific(asked: Setup) -> Setup:
    return TaskSpecificModel(specialist=BERT).apply(asked)


def test_both_arms_are_asked_the_same_items(asked: Setup, specific: Setup) -> None:
    assert specific.task.queries() == asked.task.queries()
    assert specific.task.test() == asked.task.test()


def test_the_specialist_scores_as_it_does_on_its_own_task(specific: Setup) -> None:
    own = embedded_setup("text_classification", "bert_languages", max_scored=60)
    assert specific.task.evaluate(specific) == own.task.evaluate(own)


def test_the_proof_names_both_models_and_both_ways_of_asking(asked: Setup, specific: Setup) -> None:
    found: Any = TaskSpecificModel(specialist=BERT).proof(asked, specific)
    assert found["task"] == {"before": "prompted_classification", "after": "text_classification"}
    assert found["architecture"] == {"before": "LlamaForCausalLM", "after": "BertForSequenceClassification"}


def test_a_setup_that_still_writes_its_answers_is_no_effect(asked: Setup) -> None:
    with pytest.raises(NoEffect, match="still writes its answers"):
        TaskSpecificModel(specialist=BERT).proof(asked, asked)


def test_a_task_that_has_a_model_of_its_own_is_left_alone() -> None:
    with pytest.raises(NotApplicable, match="text_classification asks a model that is made for it already"):
        TaskSpecificModel(specialist=BERT).apply(embedded_setup("text_classification", "bert_languages"))
