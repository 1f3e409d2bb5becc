"""A small GGUF file as llama.cpp's converter writes one, and what its weights are by the gguf library alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
import transformers
from transformers.convert_slow_tokenizer import bytes_to_unicode

HEADS, HEADS_OF_KEYS, WIDTH, END = 4, 2, 64, "<|endoftext|>"
NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""llama.cpp's names of a Llama's layers to those of transformers."""


def llama() -> Any:
    """A Llama whose rows are whole blocks, with random weights."""
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=258, hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, rope_theta=20000.0,
            num_attention_heads=HEADS, num_key_value_heads=HEADS_OF_KEYS, tie_word_embeddings=True,
            max_position_embeddings=128, rms_norm_eps=1e-5,
        )
    )  # fmt: skip


def write(model: Any, file: Path, architecture: str = "llama") -> None:
    """``model`` with matrices in Q4_1 and the rest in float32, and a tokenizer of bytes."""
    config, writer = model.config, gguf.GGUFWriter(file, architecture)
    writer.add_name("tiny")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    _add_tokenizer(writer)
    for name, weight in model.state_dict().items():
        if name != "lm_head.weight":  # the embedding's own
            _add(writer, _its_name(name), _in_its_order(name, weight.numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def weights(file: Path) -> dict[str, torch.Tensor]:
    """The weights of a Llama's file, dequantised by the gguf library, by transformers' names."""
    reader = gguf.GGUFReader(file)
    heads = {kind: int(reader.fields[f"llama.attention.{kind}"].contents()) for kind in ("head_count", "head_count_kv")}
    found = {}
    for tensor in reader.tensors:
        values, kind = gguf.dequantize(tensor.data, tensor.tensor_type), tensor.name.split(".")[-2]
        if kind in ("attn_q", "attn_k"):
            values = _to_halves(values, heads["head_count" if kind == "attn_q" else "head_count_kv"])
        found[_our_name(tensor.name)] = torch.from_numpy(np.array(values))
    return found


def _to_halves(rows: np.ndarray, heads: int) -> np.ndarray:
    """A head's rows from pairs, as llama.cpp turns them by rotary embeddings, to two halves, as transformers does."""
    return rows.reshape(heads, rows.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def _to_pairs(rows: np.ndarray, heads: int) -> np.ndarray:
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def _in_its_order(name: str, values: np.ndarray) -> np.ndarray:
    for kind, heads in (("q_proj", HEADS), ("k_proj", HEADS_OF_KEYS)):
        if kind in name:
            return _to_pairs(values, heads)
    return values


def _its_name(name: str) -> str:
    theirs = {ours: its for its, ours in NAMES.items()}
    if ".layers." not in name:
        return f"{theirs[name.removesuffix('.weight')]}.weight"
    _, _, number, *layer, _ = name.split(".")
    return f"blk.{number}.{theirs['.'.join(layer)]}.weight"


def _our_name(name: str) -> str:
    *block, kind, _ = name.split(".")
    return f"model.layers.{block[1]}.{NAMES[kind]}.weight" if block else f"{NAMES[kind]}.weight"


def _add(writer: Any, name: str, values: np.ndarray) -> None:
    if values.ndim == 1:
        return writer.add_tensor(name, values)
    form = gguf.GGMLQuantizationType.Q4_1
    return writer.add_tensor(name, gguf.quants.quantize(values, form), raw_dtype=form)


def _add_tokenizer(writer: Any) -> None:
    tokens = [*bytes_to_unicode().values(), "th", END]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * (len(tokens) - 1) + [gguf.TokenType.CONTROL])
    writer.add_token_merges(["t h"])
    for add in (writer.add_bos_token_id, writer.add_eos_token_id, writer.add_unk_token_id):
        add(len(tokens) - 1)
