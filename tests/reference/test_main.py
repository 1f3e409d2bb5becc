import subprocess
import sys

import pytest

from suite.reference.__main__ import NAMES, load_task, main


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
    [(["vit_digit"], "vit_digits"), (["--steps", "0"], "at least 1")],
)
def test_bad_input_is_one_line_and_exit_2(arguments, words, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert words in error


def test_tasks_are_loaded_whole_whatever_the_protocol_says():
    task = load_task("image_classification")
    assert task.name == "image_classification"
    assert task.max_scored is None
