"""Tiny models of other architectures than those in ``tests.fakes``, made from their configs, and a task for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
import transformers

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from tests.fakes import CLASSES, PIXELS, WORDS, FakeTask, Kind, fake_setup, fake_task

BLOCKS = 2
END = WORDS
"""An id that no sample of the fake task has."""

_TOKENS = {"vocab_size": WORDS + 1, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": END}
_WIDTHS = {"hidden_size": 32, "num_hidden_layers": BLOCKS, "num_attention_heads": 2, "intermediate_size": 64}
_TEXT = _TOKENS | _WIDTHS | {"max_position_embeddings": 64}
_GPT = _TOKENS | {"n_embd": 32, "n_layer": BLOCKS, "n_head": 2, "n_positions": 64}
_IMAGE = {"image_size": PIXELS, "num_channels": 1}
_STAGES = _IMAGE | {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 4], "window_size": 2, "patch_size": 2}

CONFIGS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "gpt2": ("text", _GPT),
    "openai-gpt": ("text", _GPT),
    "gpt_neo": (
        "text",
        _TOKENS
        | {"hidden_size": 32, "num_layers": BLOCKS, "num_heads": 2, "max_position_embeddings": 64, "window_size": 8}
        | {"attention_types": [[["global", "local"], 1]]},
    ),
    "falcon": ("text", {name: value for name, value in _TEXT.items() if name != "intermediate_size"}),
    "albert": ("text", _TEXT | {"embedding_size": 16}),
    "fnet": ("text", _TEXT),
    "deberta": ("text", _TEXT | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
    "longformer": ("text", _TEXT | {"attention_window": [4] * BLOCKS}),
    "xlm": ("text", _TOKENS | {"emb_dim": 32, "n_layers": BLOCKS, "n_heads": 2, "max_position_embeddings": 64}),
    "t5": (
        "text",
        _TOKENS
        | {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": BLOCKS, "num_heads": 2, "decoder_start_token_id": 1},
    ),
    "bart": (
        "text",
        _TOKENS
        | {"d_model": 32, "max_position_embeddings": 64, "decoder_start_token_id": 1, "forced_eos_token_id": END}
        | {
            f"{side}_{name}": value
            for side in ("encoder", "decoder")
            for name, value in {"layers": BLOCKS, "attention_heads": 2, "ffn_dim": 64}.items()
        },
    ),
    "mamba": (
        "generation",
        _TOKENS | {"hidden_size": 32, "num_hidden_layers": BLOCKS, "state_size": 8, "time_step_rank": 2},
    ),
    "mixtral": (
        "generation",
        _TEXT | {"num_key_value_heads": 2, "num_local_experts": 4, "num_experts_per_tok": 2},
    ),
    "swin": ("image", _STAGES),
    "swinv2": ("image", _STAGES),
    "convnext": ("image", _IMAGE | {"num_stages": 2, "hidden_sizes": [8, 16], "depths": [1, 2], "patch_size": 2}),
    "segformer": (
        "image",
        _IMAGE
        | {"num_encoder_blocks": 2, "depths": [2, 2], "hidden_sizes": [8, 16], "num_attention_heads": [1, 2]}
        | {"sr_ratios": [2, 1], "mlp_ratios": [2, 2], "patch_sizes": [3, 3], "strides": [2, 2]},
    ),
    "dinov2_with_registers": (
        "image",
        _IMAGE | {"hidden_size": 32, "num_hidden_layers": BLOCKS, "num_attention_heads": 2, "mlp_ratio": 2}
        | {"patch_size": 4},
    ),
    "clip": (
        "image",
        {
            "text_config": _TEXT | {"num_hidden_layers": 3, "intermediate_size": 48},
            "vision_config": _WIDTHS | _IMAGE | {"patch_size": 4},
        },
    ),
    "swiftformer": (
        "image",
        _IMAGE | {"image_size": 32, "depths": [1, 1, 1, 1], "embed_dims": [8, 16, 16, 32], "mlp_ratio": 2},
    ),
    "mobilenet_v2": ("image", _IMAGE | {"depth_multiplier": 0.25}),
    "resnet": ("image", {"num_channels": 1, "embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}),
}  # fmt: skip
"""By model type: the task's kind, and what the config says beside its defaults."""

_AUTO_CLASSES: dict[Kind, Any] = {
    "text": transformers.AutoModelForSequenceClassification,
    "generation": transformers.AutoModelForCausalLM,
    "image": transformers.AutoModelForImageClassification,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class EndedTexts(FakeTask):
    """Texts that end with the token that encoder-decoders classify at, and of several lengths from query to query."""

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        length = 6 + 2 * int(examples[0]["label"])
        ids = torch.stack([example["ids"][:length] for example in examples]).to(setup.device)
        ids[:, -1] = END
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def architecture_setup(architecture: str, **changes: Any) -> Setup:
    """A setup with a model of this type, its weights drawn large enough that answers differ between inputs."""
    kind, values = CONFIGS[architecture]
    classes = {} if kind == "generation" else {"num_labels": CLASSES}
    config = transformers.AutoConfig.for_model(architecture, **(values | classes | changes))
    generator = torch.Generator().manual_seed(7)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = _AUTO_CLASSES[kind].from_config(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * weight[0].numel() ** -0.5)
    setup = fake_setup(kind, model=model, locked=True)
    if kind != "text":
        return setup
    plain = fake_task("text", locked=True)
    return setup.replace(
        task=EndedTexts(**{field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)})
    )
