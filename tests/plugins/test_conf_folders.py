import pytest

from suite.errors import InputError
from suite.io.paths import CONF
from suite.plugins.conf_folders import conf_folders, options, techniques


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The conf folder of a package of the user's own, on the path that Python searches."""
    folder = tmp_path / "own_package" / "conf"
    (folder / "mitigation").mkdir(parents=True)
    for parent in (folder.parent, folder):
        (parent / "__init__.py").touch()
    (folder / "mitigation" / "mine.yaml").write_text("mine:\n  _target_: own_package.mine.Mine\n  share: 0.5\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_without_a_search_path_there_is_this_suites_folder():
    assert conf_folders([]) == [CONF]


@pytest.mark.parametrize("entry", ["pkg://own_package.conf", "pkg://own_package/conf", "file://{}", "{}"])
def test_packages_and_folders_are_found(own, entry):
    assert conf_folders([entry.format(own)]) == [CONF, own]


@pytest.mark.parametrize("entry", ["pkg://no_such_package.conf", "pkg://own_package.config", "file:///no/such/folder"])
def test_what_leads_nowhere_is_refused(own, entry):
    with pytest.raises(InputError, match=r"hydra\.searchpath names no folder of configuration, got"):
        conf_folders([entry])


def test_a_folder_that_hydra_would_not_take_for_a_package_is_refused(own):
    (own / "__init__.py").unlink()
    with pytest.raises(InputError, match=r"its conf folder needs an __init__\.py"):
        conf_folders(["pkg://own_package.conf"])


def test_options_are_those_of_all_folders(own):
    assert {"mine", "bf16", "none"} <= set(options("mitigation", [CONF, own]))


def test_techniques_are_found_by_their_blocks_with_their_defaults(own):
    assert techniques([own]) == {"mine": {"_target_": "own_package.mine.Mine", "share": 0.5}}


def test_no_technique_is_none(own):
    assert "none" not in techniques([CONF])


def test_of_two_with_one_name_the_suites_own_is_taken(own):
    (own / "mitigation" / "bf16.yaml").write_text("bf16:\n  _target_: own_package.bf16.Bf16\n")
    assert techniques([CONF, own])["bf16"]["_target_"] == "suite.mitigations.batch_and_precision.bf16.Bf16"


def test_a_yaml_that_cannot_be_read_is_named(own):
    (own / "mitigation" / "torn.yaml").write_text("torn: [")
    with pytest.raises(InputError, match=r"a technique's yaml cannot be read .*torn\.yaml"):
        techniques([own])
