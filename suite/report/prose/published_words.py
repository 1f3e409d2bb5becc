"""What each published figure compares and under which conditions, in words, by the ``id`` of its row."""

from __future__ import annotations

from typing import NamedTuple

from suite.analysis.published import PublishedEffect
from suite.text import numbers as text
from suite.text.i18n import N_, _

FAMILIES = {
    "distillation": N_("distillation"),
    "quantisation": N_("quantisation"),
    "pruning": N_("pruning"),
    "precision": N_("lower precision"),
    "batching": N_("larger batches"),
    "gradient_checkpointing": N_("gradient checkpointing"),
    "runtime": N_("compiled models and CUDA graphs"),
    "adaptive_computation": N_("adaptive computation"),
    "hardware": N_("settings of the hardware"),
    "serving": N_("serving"),
    "data_efficiency": N_("data efficiency"),
    "task_specific": N_("models made for the task"),
}
MEASURES = {
    "energy": N_("energy"),
    "time": N_("time"),
    "parameters": N_("parameters"),
    "quality": N_("quality"),
}
BOUNDS = {"up_to": N_("at best {change}"), "at_least": N_("{change} or more"), "about": N_("about {change}")}
CONFIDENCES = {"high": N_("high"), "medium": N_("medium"), "low-medium": N_("low to medium")}
READ_FROM = {
    "full_text": N_("full text"),
    "raw_data": N_("raw data"),
    "processed_data": N_("processed data"),
    "abstract": N_("abstract only"),
    "quotation": N_("table quoted by others"),
    "web_page": N_("web page"),
    "second_hand": N_("second hand"),
}
"""What was read of a source."""
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
    N_("J per response"),
)


SERIES = {
    "ml-energy-v3": N_("8-bit floating point against bf16, weights and activations, vLLM; medians of 7 to 13 pairs"),
    "ml-energy-qwen3-235b": N_("8-bit floating point against bf16, Qwen3-235B, vLLM"),
    "bitsandbytes-1867": N_("LLM.int8 with its default threshold against fp16, generating text"),
}
"""What the figures of a series compare, all of them."""


def batch_range(effect: PublishedEffect) -> str:
    """The batch sizes that a figure holds at; a dash where that was not said."""
    if effect.batch_low is None or effect.batch_high is None:
        return text.NOTHING
    ends = (effect.batch_low, effect.batch_high)
    return text.NOTHING.join(dict.fromkeys(text.value(end) for end in ends))


def figure(effect: PublishedEffect) -> str:
    """The published change, of a range the median; a dash where only a tendency was given."""
    if effect.median_ratio is not None:
        return text.change(effect.median_ratio)
    return _(BOUNDS[effect.bound]).format(change=ends(effect)) if effect.bound else ends(effect)


def ends(effect: PublishedEffect) -> str:
    """From the lower end to the upper one, or the single change; a dash where only a tendency was given."""
    if effect.low_percent is None or effect.high_percent is None:
        return text.NOTHING
    low, high = (text.change(1 + percent / 100) for percent in (effect.low_percent, effect.high_percent))
    return low if low == high else _("{low} to {high}").format(low=low, high=high)


class Words(NamedTuple):
    """``compared`` with ``conditions``, which may be empty; both are marked, and translated where they are shown."""

    compared: str
    conditions: str


_NODE = N_("one query at a time; the machine of the GPU is counted with it")
_ONE_AUTHOR = N_("one query at a time; the work of one author")
_FP8_SERVED = N_("weights and activations, served by vLLM 0.11.1; the range is that of the pairs")
_REASONING = N_("science questions with long reasoning, served by vLLM in a steady state")
_GENAI = N_("ONNX Runtime GenAI, one query at a time, 10 runs each; the range is that of the tasks")
_ONE_USER = N_("generating text; one user's figures in a public issue")
_ONE_USER_EAGER = N_("generating text, not compiled; one user's figures in a public issue")

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
    "R20a": Words(
        N_("vLLM with CUDA graphs against plain PyTorch, requests of BurstGPT"),
        N_("offline; a whole serving engine, so not the graphs alone"),
    ),
    "R20b": Words(
        N_("vLLM with CUDA graphs against plain PyTorch, requests of Azure Code"),
        N_("offline; a whole serving engine, so not the graphs alone"),
    ),
    "R20c": Words(
        N_("vLLM with CUDA graphs against plain PyTorch, requests of Azure Conversation"),
        N_("offline; a whole serving engine, so not the graphs alone"),
    ),
    "R24a": Words(N_("torch.compile against eager PyTorch, Llama 3.1 8B"), ""),
    "R24b": Words(N_("torch.compile against eager PyTorch, Llama 3.1 8B"), ""),
    "R24c": Words(N_("torch.compile against eager PyTorch, Llama 3.1 8B"), ""),
    "R25a": Words(N_("vLLM with CUDA graphs against vLLM without"), ""),
    "R25b": Words(N_("vLLM with CUDA graphs against vLLM without"), ""),
    "E01a": Words(
        N_("8-bit floating point against bf16, 7 pairs of model and task, 8 to 16 requests at once"), _FP8_SERVED
    ),
    "E01b": Words(
        N_("8-bit floating point against bf16, 13 pairs of model and task, 17 to 64 requests at once"), _FP8_SERVED
    ),
    "E01c": Words(
        N_("8-bit floating point against bf16, 12 pairs of model and task, 65 to 256 requests at once"), _FP8_SERVED
    ),
    "E02": Words(
        N_("the largest batch against the smallest, Qwen3-Coder 30B and DeepSeek-R1"), N_("the range of both models")
    ),
    "E03a": Words(N_("64 requests at once against 4, DeepSeek-R1-0528-Qwen3 8B"), _REASONING),
    "E03b": Words(N_("64 requests at once against 4, Phi-4-reasoning-plus 15B"), _REASONING),
    "E03c": Words(N_("64 requests at once against 4, Qwen3 32B"), _REASONING),
    "E03d": Words(N_("64 requests at once against 4, Qwen3 235B"), _REASONING),
    "E04a": Words(
        N_("8-bit weights (GGUF q8_0) against fp16, Llama 3.2 1B and Qwen2.5 0.5B"),
        N_("llama.cpp on a CPU, read by a power meter; scores changed by +0.06 and \N{MINUS SIGN}0.04"),
    ),
    "E04b": Words(
        N_("4-bit weights (GGUF q4_K_M) against fp16, Llama 3.2 1B and Qwen2.5 0.5B"),
        N_("llama.cpp on a CPU, read by a power meter; scores changed by +0.10 and \N{MINUS SIGN}0.03"),
    ),
    "E05a": Words(N_("4-bit weights (AWQ) against fp16, Llama 3.1 8B, three tasks"), _GENAI),
    "E05b": Words(N_("4-bit weights (GPTQ) against fp16, Llama 3.1 8B, three tasks"), _GENAI),
    "E05c": Words(N_("fp16 against fp32, Llama 3.1 8B, two tasks"), _GENAI),
    "E06a": Words(
        N_("4-bit weights (GGUF) against fp16, 18 models for code"),
        N_("Ollama; the median of the models, whose middle half spans 8.5 points"),
    ),
    "E06b": Words(
        N_("8-bit weights (GGUF) against fp16, 18 models for code"),
        N_("Ollama; the median of the models, whose middle half spans 6.5 points"),
    ),
    "E07a": Words(N_("LLM.int8 with its default threshold against fp16"), _ONE_USER),
    "E07b": Words(N_("LLM.int8 with its default threshold against fp16"), _ONE_USER),
    "E07c": Words(N_("LLM.int8 with its default threshold against fp16"), _ONE_USER),
    "E08a": Words(N_("8-bit floating-point weights alone against fp16, Qwen2.5 0.5B"), _ONE_USER_EAGER),
    "E08b": Words(N_("8-bit floating-point weights alone against fp16, Qwen2.5 7B"), _ONE_USER_EAGER),
    "E09": Words(
        N_("NF4 against fp16, Qwen2.5 3B"), N_("the range over batches of 1, 2 and 4; the work of one author")
    ),
    "E10": Words(
        N_("LLM.int8 against fp16, a coder model of 1.3 billion parameters"),
        N_("a students' project; the score did not change"),
    ),
    "E11": Words(
        N_("two of four weights zeroed (2:4) against dense weights, LLaMA 7B"),
        N_("from 312 to 251 ms; perplexity rose from 5.68 to 11.53"),
    ),
    "E12": Words(N_("training image models with mixed precision against fp32"), N_("given as 1.9 times less at best")),
    "E13": Words(
        N_("training with bf16 mixed precision against fp32"), N_("given as 2.1 times as fast, the mean of its models")
    ),
    "E14a": Words(N_("quantised StarCoder2 against the original"), N_("took more energy, and wrote worse code")),
    "E14b": Words(N_("pruned StarCoder2 against the original"), N_("took less energy, and wrote worse code")),
    "E15": Words(N_("int8 vision models with OpenVINO against fp32"), N_("given as up to 3.3 times as fast")),
    "E16a": Words(
        N_("speculative decoding with EAGLE-3 against plain decoding, a model of 8 billion parameters"),
        N_("the range is that of the tasks; by CodeCarbon; 1.8 to 2.9 times as fast"),
    ),
    "E16b": Words(
        N_("speculative decoding with EAGLE-3 against plain decoding, the table's second model"),
        N_("from code, where it saves, to summaries, where it costs energy and time"),
    ),
    "E17": Words(
        N_("early exits chosen by reinforcement learning against the whole depth, completing code"),
        N_("the range of the mean saving; 3 billion parameters"),
    ),
    "E18a": Words(
        N_("a power limit of 300 W against the default, fine-tuning a language model"),
        N_("computed from a third less power at a twentieth less throughput"),
    ),
    "E18b": Words(N_("a power limit of 150 W against 180 W, generating text"), N_("one author's test, 1 % slower")),
    "E19": Words(
        N_("continuous batching against static batches of the same engine"), N_("at best, with large batches")
    ),
    "R46": Words(
        N_("a DistilBERT made for film reviews against BLOOMz-7B that is asked for the label"),
        N_("the extreme of the study; the mean of its models made for the task comes to -95 %"),
    ),
    "E20": Words(
        N_("training without near-duplicates against the whole of C4"),
        N_("estimated from hardware and time; perplexity as good or better"),
    ),
    "E21": Words(
        N_("training that is aware of 8-bit rounding against fp32"), N_("a small network; the score fell by 6.5 %")
    ),
    "E22": Words(
        N_("a small model made for the task against Llama-3.1-8B that is asked for the label"),
        N_("the small one is a linear model on embeddings of sentences, and scores higher"),
    ),
    "E23": Words(
        N_("training on a teacher's answers against training directly"),
        N_("training alone, without what the student then saves; the teacher's answers are most of it"),
    ),
}
