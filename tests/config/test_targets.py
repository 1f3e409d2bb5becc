import sys

import pytest

from suite.config.compose import composed, resolved
from suite.config.targets import check_targets
from suite.errors import InputError


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """``their_package`` with a conf folder, whose yaml names a class of ``another_package``."""
    folder = tmp_path / "their_package" / "conf" / "mitigation"
    folder.mkdir(parents=True)
    for parent in (folder.parent, folder.parent.parent):
        (parent / "__init__.py").write_text("")
    (folder / "theirs.yaml").write_text("theirs:\n  _target_: another_package.theirs.Theirs\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder.parent
    sys.modules.pop("their_package", None)


def test_everything_in_conf_is_allowed():
    for overrides in ([], ["meter=simulated"], ["mitigation=distillation"]):
        check_targets(resolved(composed(overrides)), [])


@pytest.mark.parametrize(
    "config",
    [
        {"workload": {"_target_": "builtins.print"}},
        {"meter": {"instrument": {"_target_": "os.system", "command": "true"}}},
        {"protocol": {"window_s": [{"a": {"_target_": "subprocess.run"}}]}},
        {"workload": {"_target_": "suitespot.run"}},
        {"workload": {"_target_": ["suite.cli"]}},
        {"task": {"_target_": "their_package.task.Task"}},
    ],
)
def test_what_the_user_named_nowhere_is_not_called(config):
    with pytest.raises(
        InputError, match=r"_target_ may not be called, got .*hydra\.searchpath=\[pkg://PACKAGE\.conf\]"
    ):
        check_targets(config, [])


def test_a_package_on_the_search_path_may_be_called(packages):
    for entry in ("pkg://their_package.conf", "pkg://their_package/conf"):
        check_targets({"task": {"_target_": "their_package.task.Task"}}, [entry])
        with pytest.raises(InputError, match="may not be called"):
            check_targets({"task": {"_target_": "os.system"}}, [entry])


@pytest.mark.parametrize("entry", ["pkg://their_package.conf", "file://{folder}", "{folder}"])
def test_what_the_users_own_yaml_names_may_be_called(packages, entry):
    search_path = [entry.format(folder=packages)]
    check_targets({"mitigation": {"theirs": {"_target_": "another_package.theirs.Theirs"}}}, search_path)
    with pytest.raises(InputError, match="may not be called"):
        check_targets({"mitigation": {"theirs": {"_target_": "another_package.theirs.Other"}}}, search_path)
