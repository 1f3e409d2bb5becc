"""lora: what is trained, worked by hand, and that training moves nothing else."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from suite.errors import InputError, NotApplicable
from suite.mitigations.efficient_architectures.lora import Lora
from suite.workloads.training_steps import TrainingSteps
from tests.fakes import fake_setup, tiny_bert, tiny_llama

pytest.importorskip("peft")
STEPS = TrainingSteps(default_batch_size=8, learning_rate=1e-2, scored_steps=2)


def lora(rank=8):
    return Lora(rank=rank, alpha=16, dropout=0.0)


def training(kind, model=None):
    return fake_setup(kind, model=model, phase="training") if model else fake_setup(kind, phase="training")


def test_under_five_percent_of_a_bert_of_width_512_is_trained():
    config = BertConfig(
        vocab_size=64, hidden_size=512, num_hidden_layers=2, num_attention_heads=4, intermediate_size=2048, num_labels=3
    )
    setup = training("text", BertForSequenceClassification(config).eval())
    proof = lora().proof(setup, lora().apply(setup))
    # A block: four matrices of 512 x 512 and two of 512 x 2048; the pooler is one more of the former; the head is
    # trained whole. A matrix of a x b gets 8 (a + b).
    block = 4 * 8 * (512 + 512) + 2 * 8 * (512 + 2048)
    expected = 2 * block + 8 * (512 + 512) + (512 * 3 + 3)
    assert proof["trained_parameters"]["after"] == expected
    assert expected < 0.05 * proof["trained_parameters"]["before"]


@pytest.mark.parametrize(("kind", "make"), [("text", tiny_bert), ("generation", tiny_llama)])
def test_training_moves_adapters_and_head_and_nothing_else(kind, make):
    setup = training(kind)
    changed = lora().apply(setup)
    loop = STEPS.loop(changed, 16)
    before = {name: weight.clone() for name, weight in loop.model.named_parameters()}
    loop.run(16)
    moved = {name for name, weight in loop.model.named_parameters() if not torch.equal(weight, before[name])}
    assert moved
    assert all("lora_" in name or "modules_to_save" in name for name in moved)


def test_it_starts_with_the_models_own_answers():
    setup = training("text")
    changed = lora().apply(setup)
    batch = setup.task.batch(setup, setup.task.train()[:4])
    with torch.no_grad():
        torch.testing.assert_close(changed.model(**batch).logits, setup.model(**batch).logits)


def test_twice_is_refused():
    changed = lora().apply(training("text"))
    with pytest.raises(NotApplicable, match="adapters already"):
        lora().apply(changed)


def test_a_rank_of_nought_is_refused():
    with pytest.raises(InputError, match=r"lora\.rank must be a whole number of at least 1"):
        lora(rank=0)
