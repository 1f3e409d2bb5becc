"""Stand-ins of models of the hub, those that conf/model names and some like them: small and never trained.

Each function writes one repository; what is read of it besides weights is as the real one has it (old names of image
processors, a vocabulary alone, settings of generation), with sizes and numbers of tokens that fit the small model.
"""

from __future__ import annotations

import json
import shutil
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

from suite.checkpoints.denoiser import register
from suite.io.paths import CHECKOUT
from suite.reference.byte_tokenizer import train_byte_tokenizer

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [*SPECIAL, *string.printable.split()[0], *(f"##{letter}" for letter in string.ascii_letters + string.digits)]
NER = ["O", "B-MISC", "I-MISC", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
TEXTS = ["Ada lives in Rome and writes.", "def f(x):\n    return x + 1\n"]


def save(name: str, folder: Path) -> None:
    """The repository of the model that ``conf/model`` calls ``name``, or of one of ``acme``'s."""
    torch.manual_seed(0)
    WRITERS[name](folder)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Beside what is there already: later values win."""
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known | dict(content)), "utf-8")


def named(names: list[str]) -> dict[str, Any]:
    """A configuration's classes."""
    return {"id2label": dict(enumerate(names)), "label2id": {name: number for number, name in enumerate(names)}}


def word_pieces(folder: Path, *, lower: bool, **settings: Any) -> None:
    """A vocabulary of letters in ``vocab.txt`` alone, as BERT's first repositories have it."""
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES), "utf-8")
    write_json(
        folder / "tokenizer_config.json",
        {"do_lower_case": lower, "model_max_length": 512, "tokenizer_class": "BertTokenizer", **settings},
    )


def bert(kind: str, *, lower: bool = False, **changes: Any) -> Callable[[Path], None]:
    """A writer of a BERT or DistilBERT with its word pieces."""

    def write(folder: Path) -> None:
        model_class = getattr(transformers, kind)
        model_class(model_class.config_class(vocab_size=len(PIECES), **changes)).save_pretrained(folder)
        word_pieces(folder, lower=lower)

    return write


DISTIL = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}


def minilm(folder: Path) -> None:
    """With the files that sentence-transformers reads beside those of transformers."""
    bert("BertModel", lower=True, **SIZES)(folder)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False})
    write_json(folder / "1_Pooling/config.json", {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True})


def bytes_of_text(**special: str) -> Any:
    """A byte-level tokenizer with a fixed length limit."""
    return train_byte_tokenizer(TEXTS, vocabulary=270, longest=512, special_tokens=special, begins_with_space=False)


def decoder(config_class: str, tokenizer_class: str, **changes: Any) -> Callable[[Path], None]:
    """A writer of a causal language model of that configuration with byte-level tokens and no padding token."""

    def write(folder: Path) -> None:
        tokenizer = bytes_of_text(bos_token="<|endoftext|>", eos_token="<|endoftext|>")
        config = getattr(transformers, config_class)(
            vocab_size=len(tokenizer), bos_token_id=0, eos_token_id=0, pad_token_id=None, **changes
        )
        transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        write_json(folder / "tokenizer_config.json", {"tokenizer_class": tokenizer_class})

    return write


def modernbert(folder: Path) -> None:
    """ModernBERT with byte-level tokens, a mask among them."""
    marks = {
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "mask_token": "[MASK]",
    }
    tokenizer = bytes_of_text(**marks)
    ids = {
        f"{name.removesuffix('_token')}_token_id": tokenizer.convert_tokens_to_ids(mark) for name, mark in marks.items()
    }
    known = {name: ids[name] for name in ("cls_token_id", "sep_token_id", "pad_token_id")}
    ends = {"bos_token_id": ids["cls_token_id"], "eos_token_id": ids["sep_token_id"]}
    config = transformers.ModernBertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=512, **SIZES, **known, **ends
    )
    transformers.ModernBertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def t5(folder: Path) -> None:
    """T5 asks for beams and a prefix in its configuration."""
    pieces = [(f"{mark}{letter}", -5.0) for letter in string.ascii_letters + string.digits for mark in ("", "▁")]
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *pieces, *((mark, -5.0) for mark in ".,:;")]
    tokenizer = transformers.T5Tokenizer(vocab=vocab, extra_ids=2, model_max_length=512)
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    wishes = {"early_stopping": True, "max_length": 200, "min_length": 30, "num_beams": 4, "prefix": "summarize: "}
    write_json(folder / "config.json", {"n_positions": 512, "task_specific_params": {"summarization": wishes}})


def git(folder: Path) -> None:
    """GIT reads pictures of three channels by CLIP's processor."""
    eyes = transformers.GitVisionConfig(image_size=32, patch_size=16, **SIZES)
    config = transformers.GitConfig(
        vocab_size=len(PIECES), vision_config=eyes.to_dict(), max_position_embeddings=64, tie_word_embeddings=False,
        bos_token_id=2, eos_token_id=3, pad_token_id=0, **SIZES,
    )  # fmt: skip
    transformers.GitForCausalLM(config).save_pretrained(folder)
    word_pieces(folder, lower=True, model_input_names=["input_ids", "attention_mask"], processor_class="GitProcessor")
    square = {"height": 32, "width": 32}
    seeing = {"crop_size": square, "do_center_crop": True, "do_convert_rgb": True, "size": {"shortest_edge": 32}}
    names = {"image_processor_type": "CLIPImageProcessor", "processor_class": "GitProcessor"}
    write_json(folder / "preprocessor_config.json", {**_normalised(), **seeing, **names})


def whisper(folder: Path) -> None:
    """Whisper's own start, tokens that it must not write, and sounds of one second."""
    names = ["startoftranscript", "notimestamps"]
    ready = bytes_of_text(bos_token="<|endoftext|>")
    learnt = json.loads(ready.backend_tokenizer.to_str())["model"]
    merges = [tuple(pair) if isinstance(pair, list) else tuple(pair.split()) for pair in learnt["merges"]]
    tokenizer = transformers.WhisperTokenizer(
        vocab=learnt["vocab"], merges=merges, extra_special_tokens=[f"<|{name}|>" for name in names]
    )
    start, silent = tokenizer.convert_tokens_to_ids([f"<|{name}|>" for name in names])
    ends = dict.fromkeys(("eos_token_id", "pad_token_id"), tokenizer.eos_token_id)
    begins = dict.fromkeys(("bos_token_id", "decoder_start_token_id"), start)
    config = transformers.WhisperConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_source_positions=50,
        max_target_positions=448, **ends, **begins,
    )  # fmt: skip
    transformers.WhisperForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    asked = {"begin_suppress_tokens": [ends["eos_token_id"]], "suppress_tokens": [5, 6], "max_length": 448}
    forced = {"forced_decoder_ids": [[1, silent]], "no_timestamps_token_id": silent}
    more = {"is_multilingual": False, "return_timestamps": False, "alignment_heads": [[0, 0]]}
    write_json(folder / "config.json", {**asked, "forced_decoder_ids": [[1, silent]]})
    write_json(folder / "generation_config.json", {**ends, **begins, **asked, **forced, **more})
    hearing = {"feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "n_fft": 400, "chunk_length": 1}
    names_of = {"feature_extractor_type": "WhisperFeatureExtractor", "processor_class": "WhisperProcessor"}
    write_json(folder / "preprocessor_config.json", {**hearing, **names_of, "padding_value": 0.0, "n_samples": 16000})


def yolos(folder: Path) -> None:
    """YOLOS: its processor's size is one number, by an older name of the class."""
    config = transformers.YolosConfig(
        image_size=[64, 96], patch_size=16, num_detection_tokens=3, **named(["person", "cat"]), **SIZES
    )
    transformers.YolosForObjectDetection(config).save_pretrained(folder)
    size = {"size": 64, "max_size": 96, "format": "coco_detection"}
    write_json(
        folder / "preprocessor_config.json",
        {**_normalised(), **size, "feature_extractor_type": "YolosFeatureExtractor"},
    )


def resnet(folder: Path) -> None:
    """ResNet with ConvNeXt's processor, by an older name of its class."""
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", **named(["cat", "dog"])
    )
    transformers.ResNetForImageClassification(config).save_pretrained(folder)
    old = {"crop_pct": 0.875, "size": 32, "resample": 3, "feature_extractor_type": "ConvNextFeatureExtractor"}
    write_json(folder / "preprocessor_config.json", {**_normalised(), **old})


def vit(folder: Path) -> None:
    """ViT: what its processor does, by its present name."""
    config = transformers.ViTConfig(image_size=32, patch_size=16, **named(["cat", "dog"]), **SIZES)
    transformers.ViTForImageClassification(config).save_pretrained(folder)
    seeing = {"size": {"height": 32, "width": 32}, "image_processor_type": "ViTImageProcessor"}
    write_json(folder / "preprocessor_config.json", {**_normalised(), **seeing})


def denoiser(folder: Path) -> None:
    """A UNet for samples of digits, in the form of ``models/unet_digits``."""
    register()
    settings = json.loads((CHECKOUT / "models/unet_digits/config.json").read_text("utf-8"))
    transformers.AutoModel.from_config(transformers.AutoConfig.for_model(**settings)).save_pretrained(folder)
    shutil.copy(CHECKOUT / "models/unet_digits/preprocessor_config.json", folder)


def _normalised() -> dict[str, Any]:
    return {"do_resize": True, "do_normalize": True, "image_mean": MEAN, "image_std": DEVIATION}


EMOTIONS = ["sadness", "joy", "love", "anger", "fear", "surprise"]
LLAMA = {**SIZES, "num_key_value_heads": 1, "max_position_embeddings": 512}

WRITERS: dict[str, Callable[[Path], None]] = {
    "acme/masked": bert("BertForMaskedLM", lower=True, **SIZES),
    "acme/denoiser": denoiser,
    "bert_base_ner": bert("BertForTokenClassification", **SIZES, **named(NER)),
    "distilbert_emotion": bert("DistilBertForSequenceClassification", lower=True, **DISTIL, **named(EMOTIONS)),
    "distilbert_squad": bert("DistilBertForQuestionAnswering", **DISTIL),
    "distilbert_sst2": bert(
        "DistilBertForSequenceClassification", lower=True, **DISTIL, **named(["NEGATIVE", "POSITIVE"])
    ),
    "git_base_coco": git,
    "gpt2": decoder("GPT2Config", "GPT2Tokenizer", n_embd=16, n_layer=1, n_head=2, n_positions=512),
    "llama_3_2_1b": decoder("LlamaConfig", "PreTrainedTokenizerFast", **LLAMA),
    "minilm_l6": minilm,
    "modernbert_base": modernbert,
    "qwen2_5_0_5b": decoder("Qwen2Config", "Qwen2Tokenizer", **LLAMA),
    "qwen3_0_6b": decoder("Qwen3Config", "Qwen2Tokenizer", head_dim=8, **LLAMA),
    "resnet_18_imagenet": resnet,
    "smollm2_135m": decoder("LlamaConfig", "GPT2Tokenizer", **LLAMA),
    "smollm2_135m_instruct": decoder("LlamaConfig", "GPT2Tokenizer", **LLAMA),
    "t5_small": t5,
    "vit_base_imagenet": vit,
    "whisper_tiny_en": whisper,
    "yolos_tiny": yolos,
}
