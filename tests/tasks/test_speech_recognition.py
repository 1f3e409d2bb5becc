import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from suite.data.sounds import resampled, samples
from suite.errors import InputError, NotApplicable
from suite.reference.t5_dates import train_tokenizer
from suite.scoring.word_errors import word_error_rate

soundfile = pytest.importorskip("soundfile")
RATE = 16000
VOCABULARY = 300


def tone(hertz, seconds=0.1, rate=RATE):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def write_speech(folder, count=20, **changes):
    """Tones of different pitch, each "said" by the word of its number."""
    rows = []
    for number in range(count):
        soundfile.write(folder / f"{number}.wav", tone(200 + 20 * number), RATE)
        rows.append({"audio": f"{number}.wav", "text": f"Tone, number {number}."} | changes)
    table = folder / "speech.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(table)


@pytest.fixture(scope="module")
def task(make_task, tmp_path_factory):
    return make_task("speech_recognition", data=write_speech(tmp_path_factory.mktemp("speech")))


@pytest.fixture(scope="module")
def processor():
    tokenizer = train_tokenizer(["tone number"])
    return SimpleNamespace(feature_extractor=WhisperFeatureExtractor(chunk_length=1), tokenizer=tokenizer)


def tiny_whisper():
    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=VOCABULARY,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_source_positions=50,
        max_target_positions=160,
        decoder_start_token_id=2,
        bos_token_id=2,
        pad_token_id=0,
        eos_token_id=1,
    )
    return WhisperForConditionalGeneration(config)


class Writes:
    """Writes the same tokens whatever it hears."""

    config = SimpleNamespace(decoder_start_token_id=2)

    def __init__(self, ids):
        self.ids = ids

    def generate(self, input_features, **asked):
        rows = torch.tensor([[2, *self.ids]] * len(input_features))
        return SimpleNamespace(sequences=rows, logits=[torch.zeros(len(input_features), VOCABULARY)])


def test_word_errors_by_hand():
    assert word_error_rate("The cat sat, down.", "the CAT sat down") == 0
    assert word_error_rate("one two three four", "one too three") == pytest.approx(2 / 4)  # one changed, one left out
    assert word_error_rate("one two", "one two three") == pytest.approx(1 / 2)  # one added
    assert word_error_rate("one two", "") == 1
    assert word_error_rate("one", "a b c") == 3


def test_sounds_are_read_and_cut_into_splits(task):
    assert (len(task.train()), len(task.validation()), len(task.test())) == (14, 2, 4)
    example = task.test()[0]
    number = int(example["target"].removeprefix("Tone, number ").rstrip("."))
    assert samples(example, RATE) == pytest.approx(tone(200 + 20 * number), abs=1e-4)
    assert task.chance_score() == 1


def test_resampling_keeps_pitch_and_length():
    found = resampled(tone(440, 1, 8000), 8000, RATE)
    assert len(found) == RATE
    assert found[100:-100] == pytest.approx(tone(440, 1)[100:-100], abs=0.02)
    assert resampled(tone(440), RATE, RATE) is not None


def test_channels_are_averaged(tmp_path):
    soundfile.write(tmp_path / "two.wav", np.stack([tone(300), -tone(300)], axis=1), RATE)
    assert samples({"sound": tmp_path / "two.wav", "name": "row 1"}, RATE) == pytest.approx(0, abs=1e-4)


def test_a_score_is_the_word_error_rate_of_what_is_written(make_setup, task, processor):
    ids = processor.tokenizer("tone number", add_special_tokens=False)["input_ids"]
    setup = make_setup(task, Writes([*ids, 1]), processor)
    assert task.score(setup, task.test()[:2]) == pytest.approx([1 / 3, 1 / 3])  # of three words the number is left out


def test_exactly_so_many_tokens_are_written(make_setup, task, processor):
    short = dataclasses.replace(task, new_tokens=5)
    setup = make_setup(short, tiny_whisper(), processor)
    batch = short.batch(setup, short.queries()[:2])
    assert batch["input_features"].shape == (2, 80, 100)
    assert short.run(setup, batch) == 10
    assert short.answer_tokens() == 5
    assert short.prompt_tokens_of(batch) is None
    assert short.with_new_tokens(1).run(setup, batch) == 2


def test_what_the_tokenizer_puts_first_is_no_answer(make_setup, task, processor):
    processor = SimpleNamespace(feature_extractor=processor.feature_extractor, tokenizer=processor.tokenizer)
    processor.tokenizer.prefix_tokens = [2, 5]
    short = dataclasses.replace(task, new_tokens=3)
    setup = make_setup(short, tiny_whisper(), processor)
    try:
        assert short.run(setup, short.batch(setup, short.queries()[:2])) == 6
    finally:
        del processor.tokenizer.prefix_tokens


def test_whole_transcripts_are_scored(make_setup, task, processor):
    scores = task.score(make_setup(task, tiny_whisper(), processor), task.test())
    assert len(scores) == 4
    assert all(score >= 0 for score in scores)


def test_the_loss_is_the_models_own(make_setup, task, processor):
    setup = make_setup(task, tiny_whisper(), processor)
    batch = task.training_batch(setup, task.train()[:3])
    assert task.loss(setup.model, batch).item() == pytest.approx(setup.model(**batch).loss.item(), rel=1e-4)


def test_random_weights_hear_noise_and_are_not_scored(make_setup, task):
    setup = make_setup(task, tiny_whisper(), None)
    assert torch.isfinite(task.loss(setup.model, task.training_batch(setup, task.train()[:2])))
    with pytest.raises(NotApplicable):
        task.score(setup, task.test())


def test_without_data_it_says_what_to_give(make_task):
    with pytest.raises(InputError, match=r"no embedded data.*task\.data=FILE\.jsonl.*whisper_tiny_en"):
        make_task("speech_recognition").test()


def test_a_sound_without_samples_is_one_clear_error(make_task, tmp_path):
    table = write_speech(tmp_path)
    soundfile.write(tmp_path / "3.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(InputError, match=r"the sound has no samples .*row 4.*3\.wav.*remove the row"):
        make_task("speech_recognition", data=table).test()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"audio": "absent.wav"}, "the sound does not exist"),
        ({"audio": "speech.jsonl"}, "the sound cannot be read"),
        ({"audio": ""}, "the sound is missing"),
        ({"text": " "}, "text is empty"),
        ({"text": "..."}, "text has no words"),
    ],
)
def test_bad_rows_are_one_clear_error(make_task, tmp_path, changes, what):
    table = write_speech(tmp_path, count=1, **changes)
    with pytest.raises(InputError, match=what):
        make_task("speech_recognition", data=table).test()


def test_a_model_that_hears_nothing_is_refused(task):
    model = SimpleNamespace(generate=None, main_input_name="input_ids", config=SimpleNamespace())
    with pytest.raises(InputError, match="spectrum of a sound"):
        task.check_model(model, None)
