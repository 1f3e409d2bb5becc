"""Data that cannot be right, of each task, from the command line: one line, exit 2, and nothing is measured."""

import json
import wave

import numpy as np
import pytest
from PIL import Image

from suite.__main__ import main
from tests.commands.test_command_line import FAST, HERE

CONTEXT = "Ada lives in Rome."
PLACED = {"text": ["Rome"], "answer_start": [13]}
WRONG = 4
"""Number of the row that is wrong, of ``COUNT``; it may fall into the train split."""
COUNT = 30

TEXT = [{"text": f"hello {number}", "label": ["en", "it"][number % 2]} for number in range(COUNT)]
WORDS = [{"words": ["def", f"n{number}"], "tags": ["keyword", "name"]} for number in range(COUNT)]
PAIRS = [{"anchor": f"one {number}", "positive": f"two {number}"} for number in range(COUNT)]
SUMMARIES = [{"document": f"text {number}", "summary": f"sum {number}"} for number in range(COUNT)]
ASKED = [{"context": CONTEXT + " " * n, "question": "Where?", "answers": PLACED} for n in range(COUNT)]
BOXES = [{"image": f"{number}.png", "boxes": [[1, 1, 9, 9]], "labels": ["cat"]} for number in range(COUNT)]
CAPTIONS = [{"image": f"{number}.png", "caption": f"one {number}"} for number in range(COUNT)]
SOUNDS = [{"audio": f"{number}.wav", "text": f"word {number}"} for number in range(COUNT)]
ROWS = {
    "text_classification": TEXT,
    "token_classification": WORDS,
    "sentence_similarity": PAIRS,
    "summarisation": SUMMARIES,
    "question_answering": ASKED,
    "object_detection": BOXES,
    "image_captioning": CAPTIONS,
    "speech_recognition": SOUNDS,
}
TABLES = [*ROWS, "text_generation", "masked_language_modelling"]


@pytest.fixture
def refused(tmp_path, capsys):
    """What the command says of a task with settings, once it has been refused as bad input has to be."""

    def run(*settings):
        code = main([*FAST, HERE, f"runs_dir={tmp_path}/runs", *settings])
        errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
        assert (code, len(errors)) == (2, 1)
        assert list(tmp_path.glob("runs/**/records/*")) == []
        return errors[0]

    return run


def table(folder, rows):
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"task.data={path}"


def write_files(folder):
    """An image of 48 x 48 pixels and a sound of a hundredth of a second for each row; that of the wrong one is void."""
    for number in range(COUNT):
        Image.new("RGB", (48, 48), (number, 0, 0)).save(folder / f"{number}.png")
        with wave.open(str(folder / f"{number}.wav"), "wb") as sound:
            sound.setparams((1, 2, 16000, 0, "NONE", ""))
            sound.writeframes(b"" if number == WRONG else np.full(160, number, np.int16).tobytes())


@pytest.mark.parametrize("task", TABLES)
def test_an_empty_file(refused, tmp_path, task):
    assert "the data file is empty" in refused(f"task={task}", table(tmp_path, []))


@pytest.mark.parametrize("task", ["text_generation", "masked_language_modelling"])
def test_a_text_without_text(refused, tmp_path, task):
    (tmp_path / "a.txt").write_text(" \n")
    assert "the data has no text" in refused(f"task={task}", f"task.data={tmp_path}/a.txt")


@pytest.mark.parametrize(
    ("task", "change", "words"),
    [
        ("text_classification", {"text": " "}, "the text is empty"),
        ("text_classification", {"label": "klingon"}, "the model does not know, got 'klingon'"),
        ("text_classification", {"label": 99}, "the model does not know, got 99"),
        ("token_classification", {"tags": ["keyword"]}, "2 words and 1 tags"),
        ("token_classification", {"words": [], "tags": []}, "the text is empty"),
        ("token_classification", {"tags": ["keyword", "martian"]}, "the model does not know, got 'martian'"),
        ("sentence_similarity", {"positive": None}, "positive is empty"),
        ("sentence_similarity", {"anchor": ""}, "anchor is empty"),
        ("summarisation", {"summary": ""}, "summary is empty"),
        ("summarisation", {"document": " "}, "document is empty"),
        ("question_answering", {"context": ""}, "context is empty"),
        ("question_answering", {"answers": PLACED | {"answer_start": [90]}}, "does not stand in its context at 90"),
        ("question_answering", {"answers": PLACED | {"answer_start": [-5]}}, "does not stand in its context at -5"),
        ("question_answering", {"answers": PLACED | {"answer_start": ["13"]}}, "place is no whole number"),
        ("question_answering", {"answers": 7}, "an answer is no text"),
        ("object_detection", {"boxes": [[40, 40, 20, 20]]}, "reaches beyond its image of 48 x 48 pixels"),
        ("object_detection", {"boxes": [[1, 1, 0, 9]]}, "a box is impossible"),
        ("image_captioning", {"caption": ""}, "the label is missing"),
        ("image_captioning", {"image": "none.png"}, "the image does not exist"),
        ("speech_recognition", {}, "the sound has no samples"),
    ],
)
def test_a_wrong_row_among_right_ones(refused, tmp_path, task, change, words):
    if task == "speech_recognition":
        pytest.importorskip("soundfile")
    write_files(tmp_path)
    rows = [row | change if number == WRONG else row for number, row in enumerate(ROWS[task])]
    assert words in refused(f"task={task}", table(tmp_path, rows))


@pytest.mark.parametrize("task", ["image_classification", "image_generation"])
@pytest.mark.parametrize(
    ("mode", "colour", "words"), [("F", 0.5, "no known range (mode F of TIFF)"), ("RGBA", (1, 2, 3, 9), "transparent")]
)
def test_images_that_cannot_be_read_for_sure(refused, tmp_path, task, mode, colour, words):
    for number in range(COUNT):
        folder = tmp_path / "images" / str(number % 10)
        folder.mkdir(parents=True, exist_ok=True)
        Image.new(mode, (8, 8 + number), colour).save(folder / f"{number}.tiff")
    assert words in refused(f"task={task}", f"task.data={tmp_path}/images")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["task=image_generation", "task.steps=0"], "task.steps must be a whole number of at least 1, got 0"),
        (["task=video_generation", "task.steps=0"], "task.steps must be a whole number of at least 1, got 0"),
        (["task=video_generation", "task.frames=0"], "task.frames must be a whole number of at least 1, got 0"),
        (["task=video_generation", "task.frames=6"], "task.frames does not fit the model"),
    ],
)
def test_numbers_of_steps_and_frames(refused, settings, words):
    assert words in refused(*settings)
