"""Techniques that need a GPU, applied on one: what they store, and how near their answers stay."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from suite.core.mitigation import Mitigation
from suite.errors import NotApplicable
from suite.mitigations.pruning.semi_structured_pruning import SemiStructuredPruning, pruned
from suite.mitigations.quantisation.float8 import Float8
from suite.mitigations.quantisation.gptq import Gptq
from suite.mitigations.quantisation.int4_weight_only import Int4WeightOnly
from suite.toolkit import layers
from tests.fakes import admit, answers, fake_setup, tiny_llama

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device that torch can use"),
]


@pytest.fixture
def setup() -> Any:
    """A Llama of width 1024 in bfloat16: every kernel takes its shapes."""
    model = tiny_llama(
        hidden_size=1024, intermediate_size=2048, num_hidden_layers=2, num_attention_heads=8, initializer_range=0.02
    )
    return fake_setup("generation", model=model.to("cuda", torch.bfloat16), device="cuda", dtype="bfloat16")


def applied(technique: Mitigation, setup: Any) -> Any:
    """The setup with the technique; skips the test where the GPU is too old for it."""
    try:
        return technique.apply(admit(technique, setup, torch.cuda.get_device_capability()))
    except NotApplicable as refused:
        if "compute capability" in str(refused):
            pytest.skip(str(refused))
        raise


def relative_error(given: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((given - wanted).float().norm() / wanted.float().norm())


@pytest.mark.parametrize("algorithm", ["tinygemm", "hqq"])
def test_int4_stores_four_bits_a_weight(setup: Any, algorithm: str) -> None:
    technique = Int4WeightOnly(group_size=128, algorithm=algorithm)
    changed = applied(technique, setup)
    seen = technique.proof(setup, changed)
    weights = sum(layer.weight.numel() for layer in layers.linears(setup.model).values())
    # two bytes become half a byte, and a scale and a zero point of two bytes each for 128 weights
    saved = 2 * weights - weights // 2 - 4 * weights // 128
    assert seen["after"]["bytes"] == seen["before"]["bytes"] - saved
    assert seen["after"]["dtypes"]["int4"] == pytest.approx(weights / seen["before"]["parameters"])
    assert 0 < relative_error(answers(changed), answers(setup)) < 0.4  # rounding alone, emulated: 0.24


def test_gptq_stores_four_bits_a_weight_and_errs_less_than_rounding_to_nearest(setup: Any) -> None:
    technique = Gptq(bits=4, group_size=128, calibration_samples=16)
    changed = applied(technique, setup)
    seen = technique.proof(setup, changed)
    assert 0 < seen["output_error"]["gptq"] < seen["output_error"]["rounding_to_nearest"]
    assert seen["after"]["dtypes"]["int4"] > 0.5
    plain = Int4WeightOnly(group_size=128, algorithm="tinygemm")
    assert seen["after"]["bytes"] == plain.proof(setup, applied(plain, setup))["after"]["bytes"]
    assert 0 < relative_error(answers(changed), answers(setup)) < 0.4


def test_float8_stores_one_byte_a_weight_and_answers_nearly_alike(setup: Any) -> None:
    changed = applied(Float8(), setup)
    seen = Float8().proof(setup, changed)
    weights = sum(layer.weight.numel() for layer in layers.linears(setup.model).values())
    assert seen["after"]["dtypes"]["float8_e4m3fn"] == pytest.approx(weights / seen["before"]["parameters"])
    assert 0 < relative_error(answers(changed), answers(setup)) < 0.15  # rounding alone, emulated: 0.08


def test_sparse_kernels_answer_as_the_dense_model_with_zeros_does(setup: Any) -> None:
    technique = SemiStructuredPruning()
    changed = applied(technique, setup)
    masked = setup.replace(model=layers.editable_copy(setup))
    for layer in layers.linears(masked.model).values():
        layer.weight.data = pruned(layer.weight.data)
    assert relative_error(answers(changed), answers(masked)) < 0.05  # bfloat16 alone: 0.01
    assert relative_error(answers(masked), answers(setup)) > 0.1
    seen = technique.proof(setup, changed)
    assert seen["weight_type"].startswith("SparseSemiStructuredTensor")
    assert seen["packed_layers"] == len(layers.linears(setup.model)) == 14
    assert seen["after"]["bytes"] < seen["before"]["bytes"]
    assert 0.45 < seen["after"]["sparsity"] <= 0.5  # the output head is whole


@pytest.mark.parametrize(
    "technique",
    [Int4WeightOnly(group_size=128, algorithm="tinygemm"), Float8(), SemiStructuredPruning()],
    ids=lambda technique: type(technique).__name__,
)
def test_a_changed_model_generates_and_is_not_changed_again(setup: Any, technique: Mitigation) -> None:
    changed = applied(technique, setup)
    with changed.active():
        made = changed.task.run(changed, changed.task.batch(changed, list(changed.task.train()[:2])))
    assert made == 2 * 4
    with pytest.raises(NotApplicable, match="already"):
        technique.apply(changed)
