"""Techniques and runtimes that need one row of logits a query say so of tasks whose models answer in another way."""

import pytest
from transformers import BertConfig, BertForQuestionAnswering, BertModel

from suite.checkpoints.before_loading import is_shipped_for
from suite.checkpoints.model_spec import ModelSpec
from suite.errors import NotApplicable
from suite.io.paths import CHECKOUT
from suite.toolkit import confidence
from suite.toolkit.onnx_graph import export

NAMES = ("token_classification", "question_answering", "sentence_similarity")
SIZES = {"vocab_size": 28, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}


@pytest.mark.parametrize("name", NAMES)
def test_no_technique_of_sure_classifiers_takes_them(make_task, make_setup, name):
    setup = make_setup(make_task(name), BertModel(BertConfig(**SIZES)), None)
    with pytest.raises(NotApplicable, match=f"cascade is for one label a query, which the task {name} does"):
        confidence.require_classifier(setup, "cascade")


def test_a_model_without_logits_is_not_exported(make_task, make_setup, tmp_path):
    task = make_task("question_answering")
    setup = make_setup(task, BertForQuestionAnswering(BertConfig(**SIZES)), None)
    with pytest.raises(NotApplicable, match=r"not start_logits, end_logits \(BertForQuestionAnswering\)"):
        export(setup.model, task.random_batch(setup, [{"text": "a"}]), tmp_path / "model.onnx")


def test_a_shipped_model_of_another_task_is_not_meant_for_sentence_similarity(make_task):
    digits = ModelSpec(
        name="vit_digits",
        path=str(CHECKOUT / "models" / "vit_digits"),
        revision=None,
        weights="pretrained",
        architecture=None,
    )
    assert not is_shipped_for(digits, make_task("sentence_similarity"))
