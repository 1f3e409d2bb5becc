import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    GitConfig,
    GitForCausalLM,
    GPT2Config,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
)

from suite.data.digit_rows import WORDS
from suite.data.digits import digits
from suite.errors import ImpossibleOutput, InputError, NotApplicable
from suite.reference import encoder_decoder_rows
from suite.tasks.image_captioning import IGNORED, exact_match, f1
from suite.toolkit import decoding

START, END = 1, 2
IDS = {word: number for number, word in enumerate(WORDS, 3)}


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("image_captioning")


@pytest.fixture(scope="module")
def processor(task):
    return encoder_decoder_rows.build(task)[1]


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    encoder = ViTConfig(image_size=[8, 40], patch_size=8, num_channels=1, **sizes)
    special = {"bos_token_id": START, "eos_token_id": END, "pad_token_id": 0}
    decoder = GPT2Config(
        vocab_size=13,
        n_positions=32,
        n_embd=16,
        n_layer=1,
        n_head=2,
        add_cross_attention=True,
        is_decoder=True,
        **special,
    )
    joined = VisionEncoderDecoderConfig.from_encoder_decoder_configs(
        encoder, decoder, decoder_start_token_id=START, **special
    )
    return VisionEncoderDecoderModel(joined)


@pytest.fixture
def git():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    vision = {**sizes, "image_size": 8, "patch_size": 4, "num_channels": 1}
    return GitForCausalLM(
        GitConfig(
            vision_config=vision,
            vocab_size=13,
            max_position_embeddings=32,
            bos_token_id=START,
            eos_token_id=END,
            pad_token_id=0,
            **sizes,
        )
    )


class Saying:
    """Answers every image with ``words`` and an end."""

    def __init__(self, words, value=1.0):
        text = SimpleNamespace(vocab_size=13, max_position_embeddings=32)
        self.config = SimpleNamespace(
            is_encoder_decoder=True,
            encoder=SimpleNamespace(num_channels=1),
            decoder_start_token_id=START,
            eos_token_id=END,
            pad_token_id=0,
            get_text_config=lambda decoder=False: text,
        )
        self.ids, self.value = [*(IDS[word] for word in words.split()), END], value

    def __call__(self, pixel_values, decoder_input_ids):
        return SimpleNamespace(logits=torch.full((len(pixel_values), 1, 13), self.value))

    def generate(self, pixel_values, decoder_input_ids, **options):
        return torch.tensor([[START, *self.ids]] * len(pixel_values))


def test_a_row_shows_its_digits_from_the_left_and_nothing_behind_them(task):
    known = {np.asarray(one["image"]).tobytes(): one["label"] for one in digits("test")}
    for example in task.test()[:20]:
        pixels, words = np.asarray(example["image"]), example["label"].split()
        for place, word in enumerate(words):
            assert known[pixels[:, 8 * place : 8 * place + 8].tobytes()] == WORDS.index(word)
        assert not pixels[:, 8 * len(words) :].any()


def test_test_rows_of_two_sources_share_no_digit(task):
    seen = {}
    for example in task.test():
        pixels = np.asarray(example["image"])
        for place in range(len(example["label"].split())):
            digit = pixels[:, 8 * place : 8 * place + 8].tobytes()
            assert seen.setdefault(digit, example["source"]) == example["source"]
    assert len(set(task.clusters())) == 45


def test_a_query_makes_as_many_tokens_as_it_says(task, make_setup, processor, tiny):
    setup = make_setup(task, tiny, processor)
    batch = task.batch(setup, task.queries()[:3])
    assert task.run(setup, batch) == 3 * 6
    assert task.answer_tokens() == 6
    assert task.prompt_tokens_of(batch) is None  # a start token is no input
    assert task.with_new_tokens(1).run(setup, batch) == 3
    assert task.with_new_tokens(6) is None


def test_scores_are_whole_captions_right(task, make_setup, processor):
    examples = task.test()[:30]
    words = examples[0]["label"]
    scores = task.score(make_setup(task, Saying(words), processor), examples)
    assert scores == [float(one["label"] == words) for one in examples]
    assert scores[0] == 1.0


def test_logits_that_are_not_finite_are_no_score(task, make_setup, processor):
    with pytest.raises(ImpossibleOutput, match="not finite"):
        task.score(make_setup(task, Saying("one", float("nan")), processor), task.test()[:2])


def test_the_words_scores_by_hand():
    assert exact_match("Three seven", "three  seven") == 1.0
    assert exact_match("seven three", "three seven") == 0.0
    assert f1("seven three one", "three seven") == pytest.approx(2 * 2 / 5)
    assert f1("", "three") == 0.0


def test_the_next_words_are_learned_behind_the_start_token(task, make_setup, processor, tiny):
    setup = make_setup(task, tiny, processor)
    image = task.train()[0]["image"]
    batch = task.training_batch(setup, [{"image": image, "label": "one two"}, {"image": image, "label": "nine"}])
    assert batch["labels"].tolist() == [[IDS["one"], IDS["two"], END], [IDS["nine"], END, IGNORED]]
    assert batch["decoder_input_ids"].tolist() == [[START, IDS["one"], IDS["two"]], [START, IDS["nine"], END]]
    logits, targets = task.logits(tiny, batch)
    assert logits.shape == (5, 13)
    assert targets.tolist() == [IDS["one"], IDS["two"], END, IDS["nine"], END]
    assert torch.isfinite(task.loss(tiny, batch))


def test_git_reads_the_image_before_the_text(task, make_setup, processor, git):
    setup = make_setup(task, git, processor)
    small = [{"image": one["image"].resize((8, 8)), "label": one["label"]} for one in task.train()[:2]]
    images = SimpleNamespace(
        image_processor=lambda images, return_tensors: {"pixel_values": torch.randn(len(images), 1, 8, 8)},
        tokenizer=processor.tokenizer,
    )
    setup = make_setup(task, git, images)
    batch = task.batch(setup, small)
    assert task.run(setup, batch) == 2 * 6
    trained = task.training_batch(setup, small)
    logits, targets = task.logits(git, trained)
    assert len(logits) == len(targets) == int((trained["labels"] != IGNORED).sum())


def test_without_a_processor_it_runs_and_is_not_scored(task, make_setup, tiny):
    setup = make_setup(task, tiny, None)
    task.run(setup, task.batch(setup, task.queries()[:2]))
    assert torch.isfinite(task.loss(tiny, task.training_batch(setup, task.train()[:2])))
    with pytest.raises(NotApplicable, match="without a processor"):
        task.evaluate(setup)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "bleu"}, "task.metric is unknown, got 'bleu', use exact_match or f1"),
        ({"new_tokens": 0}, "task.new_tokens must be a whole number of at least 1"),
    ],
)
def test_bad_settings_are_one_clear_error(make_task, changes, words):
    with pytest.raises(InputError, match=words):
        dataclasses.replace(make_task("image_captioning"), **changes)


def test_a_model_of_too_few_positions_is_refused(make_task, processor, tiny):
    with pytest.raises(InputError, match="32 positions, too few"):
        make_task("image_captioning", new_tokens=32).check_model(tiny, processor)


def written(folder, captions):
    """A table of images and their captions."""
    lines = []
    for number, caption in enumerate(captions):
        Image.new("L", (40, 8), 5 * number).save(folder / f"{number}.png")
        lines.append(json.dumps({"image": f"{number}.png", "caption": caption}))
    table = folder / "captions.jsonl"
    table.write_text("\n".join(lines))
    return str(table)


def test_own_images_and_captions_are_scored(make_task, make_setup, processor, tmp_path):
    own = make_task("image_captioning", data=written(tmp_path, ["one two", "three"] * 10))
    scores = own.evaluate(make_setup(own, Saying("one two"), processor))
    assert scores == [float(one["label"] == "one two") for one in own.test()]


def test_an_empty_caption_is_one_clear_error(make_task, processor, tiny, tmp_path):
    own = make_task("image_captioning", data={"test": written(tmp_path, ["one", " "] * 5), "train": None})
    with pytest.raises(InputError, match="a caption is empty"):
        own.check_model(tiny, processor)


def test_techniques_that_continue_a_text_say_that_an_image_is_none(task, make_setup, processor, tiny):
    setup = make_setup(task, tiny, processor)
    with pytest.raises(NotApplicable, match="no_kv_cache is for models that continue a text"):
        decoding.require_plain(setup, "no_kv_cache")
