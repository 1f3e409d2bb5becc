"""A classifier and its tokenizer: the same padding, and no text longer than the model takes."""

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast

from suite.checkpoints import tokenizer_fit
from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.core.setup import Setup
from suite.errors import InputError

PAD, EOS = 1, 2
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTHS = {
    "vocab_size": 32,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
ROBERTA = {**WIDTHS, "max_position_embeddings": 20, "type_vocab_size": 1}
XLNET = {"vocab_size": 32, "d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16}
BLOOM = {"vocab_size": 32, "hidden_size": 16, "n_layer": 1, "n_head": 2}
T5 = {"vocab_size": 32, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
MPT = {"vocab_size": 32, "d_model": 16, "n_layers": 1, "n_heads": 2, "max_seq_len": 20}
OPT = {"vocab_size": 32, "hidden_size": 16, "num_hidden_layers": 1, "ffn_dim": 16, "num_attention_heads": 2}
GPT2 = {"vocab_size": 32, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 20}
LLAMA = {**WIDTHS, "num_key_value_heads": 2, "max_position_embeddings": 20}


def tokenizer(**changes):
    """One token a letter, an end token behind; it states no longest input."""
    vocabulary = {name: number for number, name in enumerate(["<s>", "<pad>", "</s>", *LETTERS])}
    letters = Tokenizer(models.WordLevel(vocabulary, unk_token="<s>"))
    letters.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    fields = {"pad_token": "<pad>", "eos_token": "</s>", "model_input_names": ["input_ids", "attention_mask"]}
    return PreTrainedTokenizerFast(tokenizer_object=letters, **{**fields, **changes})


def classifier(kind, **changes):
    fields = {"pad_token_id": PAD, "bos_token_id": 0, "eos_token_id": EOS, "num_labels": 2, "initializer_range": 0.5}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = AutoConfig.for_model(kind, **{**fields, **changes})
        return AutoModelForSequenceClassification.from_config(config).eval()


@pytest.fixture(scope="module")
def answers():
    """Logits of texts of 1 to 29 letters and an end token, ``size`` texts a batch."""
    task = build(resolved(composed(["task=text_classification"]))["task"])

    def ask(model, processor, size):
        setup = Setup(
            task=task,
            model=model,
            processor=processor,
            batch_size=size,
            dtype="float32",
            device="cpu",
            phase="inference",
        )
        texts = [{"text": (LETTERS + LETTERS)[at : at + 1 + 4 * at] + "</s>"} for at in range(8)]
        pieces = [texts[at : at + size] for at in range(0, len(texts), size)]
        with torch.no_grad():
            return torch.cat([model(**task.batch(setup, piece)).logits for piece in pieces])

    return ask


@pytest.mark.parametrize(
    ("kind", "fields", "longest"),
    [
        ("bert", {**WIDTHS, "max_position_embeddings": 20}, 20),
        ("roberta", ROBERTA, 18),  # positions start behind the padding token's number, 1
        ("xlm-roberta", ROBERTA, 18),
        ("mpnet", ROBERTA, 18),
        ("longformer", {**ROBERTA, "attention_window": [4]}, 18),
        ("opt", {**OPT, "max_position_embeddings": 20, "word_embed_proj_dim": 16}, 20),
        ("gpt2", GPT2, 20),
        ("mpt", MPT, 20),
        ("xlnet", XLNET, None),
        ("bloom", BLOOM, None),
        ("t5", {**T5, "decoder_start_token_id": PAD}, None),
    ],
)
def test_texts_are_cut_to_what_the_model_takes(kind, fields, longest, answers):
    model, processor = classifier(kind, **fields), tokenizer()
    tokenizer_fit.fit(processor, model)
    assert tokenizer_fit.longest_text(processor, model.config) == longest
    together, alone = answers(model, processor, 8), answers(model, processor, 1)
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_what_the_tokenizer_states_counts_where_it_is_less():
    model, processor = classifier("roberta", **ROBERTA), tokenizer(model_max_length=7)
    tokenizer_fit.fit(processor, model)
    assert tokenizer_fit.longest_text(processor, model.config) == 7


@pytest.mark.parametrize("pad_token_id", [EOS, None])
@pytest.mark.parametrize(("kind", "fields"), [("llama", LLAMA), ("gpt2", GPT2)])
def test_a_decoder_reads_its_answer_before_the_tokenizers_padding(kind, fields, pad_token_id, answers):
    right = answers(classifier(kind, **fields), tokenizer(), 1)
    model, processor = classifier(kind, **fields), tokenizer()
    model.config.pad_token_id = pad_token_id
    tokenizer_fit.fit(processor, model)
    torch.testing.assert_close(answers(model, processor, 8), right, atol=1e-4, rtol=1e-4)


def test_padding_stands_behind_the_text_whatever_the_tokenizer_prefers(answers):
    """GPT-2 counts positions from the first token of the row, padding or not."""
    model, processor = classifier("gpt2", **GPT2), tokenizer(padding_side="left")
    tokenizer_fit.fit(processor, model)
    torch.testing.assert_close(answers(model, processor, 8), answers(model, tokenizer(), 1), atol=1e-4, rtol=1e-4)


def test_positions_that_skip_another_padding_token_are_refused():
    """The weights were trained with one of the two, and nothing says which."""
    with pytest.raises(InputError, match=r"positions skip padding token 2, and its tokenizer pads with another, got 1"):
        tokenizer_fit.fit(tokenizer(), classifier("roberta", **ROBERTA, pad_token_id=EOS))


def test_padding_that_the_model_has_no_embedding_for_is_refused():
    model = classifier("llama", **{**LLAMA, "vocab_size": 29})
    processor = tokenizer()
    processor.add_special_tokens({"pad_token": "<new>"})
    assert processor.pad_token_id == 29
    with pytest.raises(InputError, match="beyond the model's vocabulary of 29, got 29"):
        tokenizer_fit.fit(processor, model)


def test_a_tokenizer_without_padding_is_left_to_the_task():
    model, processor = classifier("gpt2", **GPT2, pad_token_id=None), tokenizer(pad_token=None)
    tokenizer_fit.fit(processor, model)
    assert model.config.pad_token_id is None
    assert processor.model_max_length == 20


def test_a_model_without_modules_has_the_limit_that_its_configuration_states():
    class Session:
        config = transformers.BertConfig(max_position_embeddings=5)

    assert tokenizer_fit.longest_input(Session()) == 5
