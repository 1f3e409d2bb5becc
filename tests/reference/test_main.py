import shutil
import subprocess
import sys

import pytest

from suite.config.compose import composed
from suite.reference.__main__ import NAMES, load_task, main, of_task, reference_of
from tests.making import run_make


def test_help_names_the_models_and_imports_no_torch():
    code = (
        "import sys; from suite.reference.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in NAMES)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vit_digit"], "vit_digits"),
        (["--steps", "0"], "at least 1"),
        (
            ["--task", "sumarisation"],
            "unknown task, got 'sumarisation', did you mean summarisation? embedded",
        ),
        (["--task", "object_detection"], "no model is embedded for this task, got 'object_detection', embedded are"),
        (["t5_dates", "--task", "summarisation"], "give one of the two"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, words, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert words in error


def test_an_error_about_a_task_lists_those_that_have_a_model(capsys):
    assert main(["--task", "video_generation"]) == 2
    error = capsys.readouterr().err
    assert all(reference_of(name).task in error for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_tasks_model_is_the_one_that_its_yaml_chooses(name):
    task = reference_of(name).task
    assert of_task(task) == [name]
    assert composed([f"task={task}"]).model.name == name


@pytest.mark.slow
def test_the_model_of_one_task_is_trained_alone(tmp_path, capsys):
    assert main(["--task", "image_classification", "--steps", "1", "--out", str(tmp_path)]) == 0
    assert [folder.name for folder in tmp_path.iterdir()] == ["vit_digits"]
    assert (tmp_path / "vit_digits" / "model.safetensors").is_file()
    assert "vit_digits: step 1 of 1" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ([], "-m suite.reference"),
        (["TASK=summarisation"], "-m suite.reference --task summarisation"),
        (["TASK=summarisation", "ARGS=--steps 1"], "-m suite.reference --task summarisation --steps 1"),
    ],
)
def test_make_models_trains_all_or_a_tasks_own(arguments, asked):
    done = run_make("models", "PY=echo", "WHEELHOUSE=none", *arguments)
    assert done.stdout.splitlines()[-1].split() == asked.split()


def test_tasks_are_loaded_whole_whatever_the_protocol_says():
    task = load_task("image_classification")
    assert task.name == "image_classification"
    assert task.max_scored is None
