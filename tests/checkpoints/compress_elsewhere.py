"""Stands in for llm-compressor: ``python compress_elsewhere.py SOURCE TARGET`` writes 8-bit weights in its format."""

import sys

import torch
import transformers
from compressed_tensors.compressors import ModelCompressor
from compressed_tensors.quantization import (
    QuantizationArgs,
    QuantizationConfig,
    QuantizationScheme,
    QuantizationStatus,
    apply_quantization_config,
)

LARGEST = 127  # of a signed byte


def main(source: str, target: str) -> None:
    """Rounds every Linear layer but the head to the nearest multiple of its row's scale."""
    model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    weights = QuantizationArgs(num_bits=8, type="int", symmetric=True, strategy="channel")
    scheme = QuantizationScheme(targets=["Linear"], weights=weights)
    config = QuantizationConfig(
        config_groups={"group_0": scheme},
        ignore=["lm_head"],
        quantization_status=QuantizationStatus.FROZEN,
    )
    apply_quantization_config(model, config, show_progress=False)
    for part in model.modules():
        if hasattr(part, "weight_scale"):
            part.weight_scale.data = part.weight.detach().abs().amax(dim=1, keepdim=True) / LARGEST
    compressor = ModelCompressor.from_pretrained_model(model)
    compressor.compress_model(model)
    model.save_pretrained(target)
    compressor.update_config(target)
    transformers.AutoTokenizer.from_pretrained(source).save_pretrained(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
