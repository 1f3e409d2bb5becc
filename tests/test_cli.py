import argparse
import importlib
import io
import json
import os
import subprocess
import sys

import pytest

from suite import cli
from suite.errors import InputError

COMMANDS = (
    "suite.__main__", "suite.report.__main__", "suite.compare", "suite.publish", "suite.footprint.__main__",
    "suite.doctor.__main__", "suite.reference.__main__", "suite.export.__main__",
)  # fmt: skip


@pytest.mark.parametrize("module", COMMANDS)
def test_an_unknown_option_of_any_command_is_one_line_and_exit_2(module, capsys):
    needed = ["a", "b"] if module in ("suite.compare", "suite.report.__main__") else []
    needed = ["a", "--to=sci"] if module == "suite.export.__main__" else needed
    assert importlib.import_module(module).main([*needed, "--no-such-option"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: the command line is wrong, got ")
    assert "--no-such-option" in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["runs/a"], ["runs/a", "runs/b", "--energy-tolerance", "much"]])
def test_what_argparse_refuses_is_bad_input_too(arguments, capsys):
    assert importlib.import_module("suite.compare").main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def ended_by(error):
    def command(_: argparse.Namespace) -> int:
        raise error

    return cli.run(cli.parser("suite.x", "Does x."), command, [], stopped="stopped half-way")


def test_bad_input_says_what_was_got_and_what_to_do(capsys):
    assert ended_by(InputError("the label is unknown", got="cat", remedy="use dog")) == 2
    assert capsys.readouterr().err == "error: the label is unknown, got 'cat', use dog\n"


def test_ctrl_c_says_what_is_kept(capsys):
    assert ended_by(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "\nstopped half-way\n"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "+ a - b x 3 u ... CO2 donnees ? 'x'"),
        ("latin-1", "+ a · b x 3 µ ... CO2 données ? 'x'"),
        ("utf-8", "✓ a · b ✗ 3 µ … CO₂ données 猫 “x”"),
    ],
)
def test_a_terminal_that_lacks_a_character_shows_a_plain_one(monkeypatch, encoding, shown):
    printed, said = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", printed)
    monkeypatch.setattr(sys, "stderr", said)

    def command(_):
        print("✓ a · b ✗ 3 µ … CO₂ données 猫 “x”", flush=True)
        raise InputError("✓ a · b ✗ 3 µ … CO₂ données 猫 “x”", got=1, remedy="do")

    assert cli.run(cli.parser("suite.x", "Does x."), command, []) == 2
    said.flush()
    assert printed.buffer.getvalue().decode(encoding) == f"{shown}\n"
    assert said.buffer.getvalue().decode(encoding) == f"error: {shown}, got 1, do\n"


def test_a_name_of_no_encoding_is_printed(monkeypatch):
    """As the system gives a file's name that is no UTF-8."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", printed)
    assert cli.run(cli.parser("suite.x", "Does x."), lambda _: print("a\udcff", flush=True) or 0, []) == 0
    assert printed.buffer.getvalue() == b"a?\n"


def test_a_reader_that_has_gone_is_no_error():
    code = (
        "import sys; from suite import cli\n"
        "def command(_):\n    print('x' * 100_000, flush=True)\n    return 0\n"
        "sys.exit(cli.run(cli.parser('suite.x', 'Does x.'), command, []))"
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_options_may_stand_between_and_after_the_names():
    parser = cli.parser("suite.x", "Does x.")
    parser.add_argument("names", nargs="*")
    cli.add_json(parser)
    found = []
    assert cli.run(parser, lambda options: found.append((options.names, options.json)) or 0, ["a", "--json", "b"]) == 0
    assert found == [(["a", "b"], True)]


def test_an_answer_as_json_keeps_its_letters():
    assert json.loads(cli.as_json({"place": "Côte d'Ivoire", "share": 0.5})) == {"place": "Côte d'Ivoire", "share": 0.5}
