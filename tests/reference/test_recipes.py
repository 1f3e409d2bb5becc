import math
import random

import numpy as np
import pytest
from PIL import Image

from suite.reference import (
    bert_languages,
    encoder_decoder_rows,
    llama_stdlib,
    modernbert_answers,
    modernbert_similarity,
    modernbert_source,
    modernbert_stdlib,
    t5_dates,
    text_encoder,
    unet_digits,
    vit_digits,
)
from suite.reference.__main__ import NAMES

TEXTS = ["Deutschland, Italien, Französisch", "Germany, Italy, French", "def f(x):\n    return x\n"] * 50


MODULES = [
    bert_languages,
    encoder_decoder_rows,
    llama_stdlib,
    modernbert_answers,
    modernbert_similarity,
    modernbert_source,
    modernbert_stdlib,
    t5_dates,
    unet_digits,
    vit_digits,
]


@pytest.mark.parametrize("module", MODULES)
def test_each_recipe_is_known_by_its_name(module):
    assert module.REFERENCE.name == module.__name__.rsplit(".", 1)[1]
    assert module.REFERENCE.name in NAMES


def test_the_language_tokenizer_is_deterministic_after_training():
    tokenizer = bert_languages.train_tokenizer(TEXTS)
    bert_languages.without_dropout(tokenizer)
    rows = {tuple(tokenizer("Germany, Italy")["input_ids"]) for _ in range(50)}
    assert len(rows) == 1


def test_the_language_tokenizer_leaves_merges_out_while_training():
    tokenizer = bert_languages.train_tokenizer(TEXTS)
    rows = {tuple(tokenizer("Germany, Italy")["input_ids"]) for _ in range(50)}
    assert len(rows) > 1


def test_a_language_text_is_framed_by_cls_and_sep():
    tokenizer = bert_languages.train_tokenizer(TEXTS)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("Italy")["input_ids"])
    assert (tokens[0], tokens[-1]) == ("[CLS]", "[SEP]")


@pytest.mark.parametrize("text", ["def f(x):\n    return 'é'\n", "\t日本 \r\n"])
def test_the_source_tokenizer_loses_nothing(text):
    tokenizer = llama_stdlib.train_tokenizer(TEXTS)
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_unigram_bits_by_hand():
    # symbol 0 was seen twice, symbol 1 once; with one added to each: 3/5 and 2/5; "ab" has two bytes
    found = llama_stdlib.unigram([[0, 0, 1]], [[0, 1]], ["ab"], 2)
    assert found == pytest.approx(-(math.log2(3 / 5) + math.log2(2 / 5)) / 2)


def test_distortion_is_small_and_drawn_by_the_generator():
    image = Image.fromarray(np.pad(np.full((4, 4), 255, np.uint8), 2))
    first = np.asarray(vit_digits.distorted(image, random.Random(1)))
    again = np.asarray(vit_digits.distorted(image, random.Random(1)))
    other = np.asarray(vit_digits.distorted(image, random.Random(2)))
    assert first.shape == (8, 8)
    assert (first == again).all()
    assert (first != other).any()
    assert first[3:5, 3:5].min() > 200  # the middle of the square stays inside it


def test_no_turn_no_scaling_and_no_shift_change_nothing():
    class Still(random.Random):
        def uniform(self, a, b):
            return (a + b) / 2

    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    assert (np.asarray(vit_digits.distorted(image, Still())) == np.asarray(image)).all()


def test_a_pair_of_texts_is_framed_and_parted():
    tokenizer = text_encoder.train_tokenizer(TEXTS, vocabulary=300, longest=9)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("x", "y")["input_ids"])
    assert [token.strip("\u0120") for token in tokens if token != "\u0120"] == ["[CLS]", "x", "[SEP]", "y", "[SEP]"]
    assert tokenizer.model_max_length == 9


def test_an_encoder_attends_to_all_places_and_knows_its_tags():
    tokenizer = text_encoder.train_tokenizer(TEXTS, vocabulary=300, longest=9)
    config = text_encoder.config_of(tokenizer, labels=("no", "yes"))
    assert set(config.layer_types) == {"full_attention"}
    assert (config.id2label, config.pad_token_id) == ({0: "no", 1: "yes"}, tokenizer.pad_token_id)


def test_the_first_lines_translation_is_a_baseline():
    assert modernbert_answers._first("Italy: Italien; France: Frankreich") == "Italien"
