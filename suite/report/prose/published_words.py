"""What each published figure compares and under which conditions, in words, by the ``id`` of its row."""

from __future__ import annotations

from typing import NamedTuple

from suite.text.i18n import N_

FAMILIES = {
    "distillation": N_("distillation"),
    "quantisation": N_("quantisation"),
    "pruning": N_("pruning"),
    "precision": N_("lower precision"),
    "batching": N_("larger batches"),
    "gradient_checkpointing": N_("gradient checkpointing"),
}
MEASURES = {
    "energy": N_("energy"),
    "time": N_("time"),
    "parameters": N_("parameters"),
    "quality": N_("quality"),
}
BOUNDS = {"up_to": N_("at best {change}"), "at_least": N_("{change} or more"), "about": N_("about {change}")}
CONFIDENCES = {"high": N_("high"), "medium": N_("medium"), "low-medium": N_("low to medium")}
UNITS = (
    N_("parameters"),
    N_("time per query"),
    N_("GLUE score"),
    N_("kWh per 1,000 queries"),
    N_("J per token"),
    N_("Wh per video"),
    N_("time of a training step"),
    N_("energy of training"),
    N_("time of training"),
    N_("energy"),
    N_("time per token"),
)


class Words(NamedTuple):
    """``compared`` with ``conditions``, which may be empty; both are marked, and translated where they are shown."""

    compared: str
    conditions: str


_NODE = N_("one query at a time; the machine of the GPU is counted with it")
_ONE_AUTHOR = N_("one query at a time; the work of one author")

WORDS: dict[str, Words] = {
    "R01": Words(N_("DistilBERT against BERT-base"), ""),
    "R02": Words(N_("DistilBERT against BERT-base"), N_("given as 60 % faster, which is 0.625 of the time")),
    "R03": Words(
        N_("DistilBERT against BERT-base"), N_("given as 97 % of the score kept; the model's page says more than 95 %")
    ),
    "R04": Words(N_("DistilBERT against BERT-base (uncased), filling in masked words"), _NODE),
    "R05": Words(
        N_("DistilGPT-2 against GPT-2, generating text"),
        N_("10 new tokens, one query at a time; the machine of the GPU is counted with it"),
    ),
    "R06": Words(N_("TinyRoBERTa against RoBERTa-base, answering questions from a text"), _NODE),
    "R07": Words(N_("DistilBART 12-6 against BART-large, summarising"), _NODE),
    "R08": Words(
        N_("BK-SDM-tiny against Stable Diffusion 1.4, generating images"),
        N_("the machine of the GPU is counted with it"),
    ),
    "R09": Words(
        N_("LLM.int8 with its default threshold against fp16"),
        N_("one query of 512 tokens at a time; perplexity rose by 0.33 %; later the same author gave +80 to +162 %"),
    ),
    "R10a": Words(N_("NF4 against fp16, a model of 1.1 billion parameters"), _ONE_AUTHOR),
    "R10b": Words(N_("NF4 against fp16, a model of 1.5 billion parameters"), _ONE_AUTHOR),
    "R10c": Words(N_("NF4 against fp16, a model of 3 billion parameters"), _ONE_AUTHOR),
    "R10d": Words(N_("NF4 against fp16, a model of 7 billion parameters"), _ONE_AUTHOR),
    "R11a": Words(N_("NF4 against fp16, a model of 1.1 billion parameters"), _ONE_AUTHOR),
    "R11b": Words(N_("NF4 against fp16, a model of 1.5 billion parameters"), _ONE_AUTHOR),
    "R12": Words(
        N_("fewer bits against 16"),
        N_(
            "saves energy only where arithmetic is what limits: it does while a prompt is read, "
            "not while tokens are generated in small batches"
        ),
    ),
    "R13": Words(
        N_("8-bit floating point against bf16, Qwen3-235B, at most 8 requests at once"),
        N_("the same settings otherwise; floating point, not whole numbers"),
    ),
    "R14": Words(
        N_("8-bit floating point against bf16, Qwen3-235B, 64 to 256 requests at once"),
        N_(
            "chat about text and images; chat about video goes both ways (+24 to \N{MINUS SIGN}29 %), "
            "and a coder model of 480 billion parameters does far worse (+115 to +457 %)"
        ),
    ),
    "R15": Words(
        N_("quantised image generators against the originals, 17 models"), N_("most of them take more energy, not less")
    ),
    "R16": Words(
        N_("512 requests at once against 8, Llama 3.1 8B"), N_("chat with vLLM: from 0.455 to 0.070 J a token")
    ),
    "R17": Words(
        N_("1,024 requests at once against 8, Llama 3.1 70B"), N_("chat with vLLM: from 3.76 to 0.373 J a token")
    ),
    "R18": Words(N_("batches of 64 against single queries"), N_("the work of one author")),
    "R19": Words(
        N_("batches of 8 against single videos, Wan 1.3B"),
        N_("diffusion fills the GPU by itself: 17.1 and 16.9 Wh a video"),
    ),
    "R31": Words(
        N_("training with recomputed activations against training without"),
        N_("about 20 % by the library's authors, 25 to 33 % in theory, 20 to 40 % in practice: one more forward pass"),
    ),
    "R32": Words(
        N_("training an image classifier with mixed precision against fp32"),
        N_("a students' project measured with EnergiBridge; accuracy fell by 1 point"),
    ),
    "R33": Words(N_("training with mixed precision against fp32"), N_("given as up to 3 times as fast")),
    "R34": Words(
        N_("half of the weights of a small classifier of digits pruned, layer by layer"),
        N_("time fell by 33 % as well, accuracy by 0.49 points"),
    ),
    "R35": Words(
        N_("50 to 90 % of the weights zeroed, dense kernels"),
        N_("zeros save something only in a pattern the hardware knows (2:4), or where whole structures go"),
    ),
    "R36": Words(
        N_("two of four weights zeroed (2:4) against dense weights, generating text"),
        N_("given as 1.0 to 1.2 times as fast, in 8-bit floating point; the best case of the paper"),
    ),
    "R43": Words(
        N_("models exported to ONNX against PyTorch"),
        N_("usually saves, for ResNet-50, MobileNetV2 and BERT; ResNet in batches of 64 took 10 % more"),
    ),
}
