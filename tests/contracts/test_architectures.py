"""Techniques on models of many architectures: measured, or refused with a reason that is true of the architecture."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch

from suite.core.setup import Setup
from suite.errors import NotApplicable
from tests.architectures import CONFIGS, architecture_setup
from tests.contracts.test_mitigations import technique
from tests.fakes import admit, answers

TECHNIQUES = (
    "autocast_bf16", "bf16", "fp16", "int8_bitsandbytes", "int8_dynamic", "int8_onnxruntime", "int8_quanto",
    "int8_weight_only", "int8_static", "nf4", "magnitude_pruning", "structured_pruning", "distillation",
    "gptq",
)  # fmt: skip
QUANTISERS = tuple(name for name in TECHNIQUES if name.startswith("int8") or name == "nf4")
PRODUCTS_ONLY = tuple(name for name in QUANTISERS if name != "int8_static")
TRACED = ("int8_onnxruntime", "int8_static")
NO_BLOCKS = ("structured_pruning", "distillation")

TWO_STACKS = "two stacks of 2 blocks"
STAGES = "stages or blocks of different widths"
CONVOLUTIONS = r"[89]\d % of .* parameters are in convolutions"
UNSUPPORTED = "torch's exporter makes no ONNX graph of .*: Exporting the operator"
REFUSED: dict[tuple[str, str], str] = {
    ("fnet", "bf16"): "FNetForSequenceClassification does not run in bfloat16",
    ("fnet", "fp16"): "FNetForSequenceClassification does not run in float16",
    **{("fnet", name): UNSUPPORTED for name in TRACED},
    ("deberta", "autocast_bf16"): "DebertaForSequenceClassification does not run under autocast to bfloat16",
    ("longformer", "int8_onnxruntime"): "the exported graph of Longformer.* does not run on another batch",
    ("longformer", "int8_static"): "the exported graph of Longformer.* does not run on the samples that calibrate it",
    **{("dinov2_with_registers", name): UNSUPPORTED for name in TRACED},
    ("dinov2_with_registers", "structured_pruning"): "the config names no one MLP size",
    **{
        (architecture, "gptq"): "Linear layers have not outputs in multiples of 16 and inputs in multiples of 32"
        for architecture in ("albert", "mamba", "swin", "swinv2", "convnext", "segformer", "swiftformer")
    },
    **{(cnn, "gptq"): CONVOLUTIONS for cnn in ("mobilenet_v2", "resnet")},
    ("albert", "distillation"): "2 layers of the model share one block",
    ("convnext", "int8_bitsandbytes"): "all Linear layers of the model get inputs of more than 3 dimensions",
    **{(name, "structured_pruning"): "the config names no one MLP size" for name in ("gpt_neo", "openai-gpt")},
    **{(name, "structured_pruning"): "MLP of .* was not recognised" for name in ("mamba", "mixtral")},
    **{(architecture, name): TWO_STACKS for architecture in ("t5", "bart", "xlm") for name in NO_BLOCKS},
    **{
        (architecture, name): STAGES
        for architecture in ("swin", "swinv2", "convnext", "segformer")
        for name in NO_BLOCKS
    },
    **{("swiftformer", name): "no stack of equal blocks|in convolutions" for name in NO_BLOCKS},
    **{(name, "distillation"): STAGES for name in ("mobilenet_v2", "resnet")},
    **{(name, "structured_pruning"): CONVOLUTIONS for name in ("mobilenet_v2", "resnet")},
    **{(cnn, name): f"{CONVOLUTIONS}.*static" for cnn in ("mobilenet_v2", "resnet") for name in PRODUCTS_ONLY},
}
"""Where a technique does not apply, and why; everywhere else it must."""


@functools.cache
def setup_of(architecture: str) -> Setup:
    return architecture_setup(architecture)


CASES = [
    pytest.param(name, kind, id=f"{name}-{kind}", marks=[pytest.mark.slow] if name in TRACED else [])
    for kind in CONFIGS
    for name in TECHNIQUES
]


@pytest.mark.parametrize(("name", "architecture"), CASES)
def test_a_technique_answers_or_says_why_not(name: str, architecture: str) -> None:
    setup = setup_of(architecture)
    try:
        admit(technique(name), setup)
    except NotApplicable:
        pytest.skip("not for this kind of task")
    reason = REFUSED.get((architecture, name))
    if reason is not None:
        with pytest.raises(NotApplicable, match=reason):
            technique(name).proof(setup, technique(name).apply(setup))
        return
    changed = technique(name).apply(setup)
    technique(name).proof(setup, changed)
    given, wanted = answers(changed).float(), answers(setup)
    assert given.shape == wanted.shape
    assert torch.isfinite(given).all()
    if name in QUANTISERS and name != "nf4":
        assert (given - wanted).norm() < 0.3 * wanted.norm()


@pytest.mark.parametrize("architecture", ["t5", "falcon", "mamba", "gpt2"])
def test_four_bit_weights_are_multiplied_and_nothing_else(architecture: str) -> None:
    """A model that reads a packed weight itself (T5 asks for its dtype) answers nonsense, which looks finite."""
    from suite.toolkit import layers, libraries

    bitsandbytes: Any = libraries.load("bitsandbytes")
    setup = setup_of(architecture)
    changed = technique("nf4").apply(setup)
    model, chosen = layers.copy_to_quantise(setup)
    for name, layer in chosen.items():
        weight = changed.model.get_submodule(name).weight
        layer.weight.data = bitsandbytes.functional.dequantize_4bit(weight.data, weight.quant_state).float()
    wanted = answers(setup.replace(model=model))
    assert (answers(changed) - wanted).norm() < 0.05 * wanted.norm()  # the kernel may compute in bfloat16


def test_the_experts_of_a_mixture_are_not_quantised_and_the_share_says_so() -> None:
    setup = setup_of("mixtral")
    seen = technique("nf4").proof(setup, technique("nf4").apply(setup))["after"]
    # Two blocks of width 32: query and output 32 x 32, key and value 32 x 32; embeddings, head, norms and experts stay.
    attention = 2 * 4 * 32 * 32
    assert seen["quantised_share_of_all"] == pytest.approx(attention / seen["parameters"])
    assert seen["quantised_share_of_all"] < 0.2
