import shlex

import pytest

from suite.config.compose import composed, resolved
from suite.config.expand import expand
from suite.config.overrides import as_meant, parse, quoted
from suite.errors import InputError

STRANGE = [
    "x,y",
    "epoch=3",
    "v(1)",
    "données",
    "[2024]",
    "a#1",
    "a b",
    "{a: 1}",
    "it's",
    'a"b',
    "a\\",
    "2024",
    "1e5",
    "~a",
]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("task=text-classification", "task=text_classification"),
        ("task=text-classification,image_classification", "task=text_classification,image_classification"),
        ("mitigation=[structured-pruning,int8-dynamic]", "mitigation=[structured_pruning,int8_dynamic]"),
        ("task=text-clasification", "task=text-clasification"),  # unknown either way: the error names what was typed
        ("name=my-run", "name=my-run"),
        ("model.path=some-org/my-model", "model.path=some-org/my-model"),
        ("--help", "--help"),
    ],
)
def test_names_with_dashes_are_those_with_underscores(given, meant):
    assert as_meant([given]) == [meant]


def path_of(text):
    """What the configuration has for ``model.path``, of an override as typed."""
    ((point),) = expand(as_meant([text]), multirun=False)
    return resolved(composed(point))["model"]["path"]


@pytest.mark.parametrize("name", STRANGE)
def test_a_path_that_is_there_is_taken_as_it_is_typed(tmp_path, name):
    (tmp_path / name).mkdir()
    assert path_of(f"model.path={tmp_path}/{name}") == f"{tmp_path}/{name}"


@pytest.mark.parametrize("name", ["[2024]", "2024", "a,b", "007", "1e5", "true"])
def test_a_path_from_here_is_taken_as_it_is_typed(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert path_of(f"model.path={name}") == name


@pytest.mark.parametrize("name", ["2024", "007", "1e5", "a=b", "x/v(1)", "owner/name"])
def test_a_path_that_is_not_there_is_a_text_too(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert path_of(f"model.path={name}") == name


def test_the_home_folder_is_meant_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert path_of("model.path=~/my-bert") == f"{tmp_path}/my-bert"
    assert path_of("model.path=~nobody-of-that-name/x") == "~nobody-of-that-name/x"


def test_null_and_quotes_and_sweeps_of_paths_stay_what_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["task.data=null", "task.data='a,b'", "task.data=a.csv,b.csv", "model.revision='1'"]
    assert as_meant(given) == given
    assert expand(["task.data=a.csv,b.csv"], multirun=True) == [["task.data=a.csv"], ["task.data=b.csv"]]


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_quoted_is_read_as_it_was(name):
    (override,) = parse([f"name={quoted(name)}"])
    assert override.value() == name


def advised(error):
    """What a shell makes of the remedy's last words."""
    return shlex.split(str(error.value).rpartition(": ")[2])


@pytest.mark.parametrize("text", ["dtype=a=b", "device=v(1)", "seed=[1", "isolation=données"])
def test_the_remedy_for_what_is_no_override_works_in_a_shell(text):
    with pytest.raises(InputError, match="quote the value: ") as error:
        parse([text])
    (override,) = parse(advised(error))
    assert f"{override.get_key_element()}={override.value()}" == text


def test_the_remedy_for_a_comma_in_a_name_works_in_a_shell():
    with pytest.raises(InputError, match="add -m before it, or quote it if it is one: ") as error:
        expand(["name=a,b"], multirun=False)
    assert expand(advised(error), multirun=False) == [['name="a,b"']]


@pytest.mark.parametrize("length", [300, 5000])
def test_a_path_that_no_system_can_look_for_is_refused(length):
    with pytest.raises(InputError, match=r"model\.path is longer than a path can be"):
        as_meant([f"model.path={'a' * length}"])


@pytest.mark.parametrize("value", ["", "''", "null", "5", "true", "{}", "{a: 1}"])
@pytest.mark.parametrize("group", ["mitigation", "model", "task", "protocol"])
def test_a_choice_without_a_name_lists_the_names(group, value):
    with pytest.raises(InputError, match=f"{group} needs a name, .* known: "):
        parse([f"{group}={value}"])


@pytest.mark.parametrize(
    "text",
    [
        "+hydra.callbacks.x._target_=builtins.print", "hydra.sweeper._target_=builtins.print", "hydra.job.name=x",
        "hydra.launcher._target_=builtins.print", "+hydra.launcher.init={_target_: builtins.print}", "hydra/sweeper=x",
        "hydra.sweep.dir=/tmp", "hydra.mode=RUN", "+hydra.searchpath=[pkg://x]", "hydra/launcher@hydra.sweeper=basic",
        "hydra={}",
    ],
)  # fmt: skip
def test_settings_of_hydra_that_run_code_or_do_nothing_are_refused(text):
    with pytest.raises(InputError, match=r"hydra|cannot be added"):
        parse([text])


@pytest.mark.parametrize(
    "text",
    [
        "hydra/launcher=gpus", "hydra.launcher.devices=[GPU-1,GPU-2]", "+hydra.launcher.remote.memory=1",
        "hydra.launcher.timeout_min=120", "hydra.searchpath=[pkg://their_package.conf]",
    ],
)  # fmt: skip
def test_settings_of_hydra_that_the_docs_name_are_taken(text):
    assert [override.input_line for override in parse([text])] == [text]
