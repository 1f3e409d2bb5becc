"""A technique is read from its file; what is not written out in literals is refused in one sentence."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from suite.errors import InputError
from suite.plugins.cards import read_card
from suite.plugins.requires import Requires
from suite.plugins.source import folders_of, source_of

ROOT = Path(__file__).parents[2]
FILE = '''
"""quick: answers at once. And more."""
raise RuntimeError("imported")

class Other:
    idea = "of another class"

class Quick:
    """Answers."""

    source: str = "Doe 2020, arXiv:2001.00001"
    idea = (
        "do "
        "less"
    )
    requires = Requires(packages={"quick": "quick-dist"}, compute_capability=(8, 0))
    size: int

    def apply(self):
        accuracy = "no attribute"
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes ``outside_cards/NAME.py``; importing the package or the module would raise."""
    folder = tmp_path / "outside_cards"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    read_card.cache_clear()

    def write(name, text):
        (folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return f"outside_cards.{name}"

    return write


def test_a_technique_outside_of_the_suite_is_read_without_importing_it_or_its_package(package):
    card = read_card(f"{package('quick', FILE)}.Quick")
    assert (card.title, card.idea, card.source) == (
        "answers at once. And more",
        "do less",
        "Doe 2020, arXiv:2001.00001",
    )
    assert card.requires == Requires(packages={"quick": "quick-dist"}, compute_capability=(8, 0))
    assert not [name for name in sys.modules if name.startswith("outside_cards")]


def test_a_text_that_is_not_given_is_empty_and_left_out_of_the_facts(package):
    card = read_card(f"{package('quick', FILE)}.Quick")
    assert card.accuracy == ""
    assert list(card.facts()) == ["Idea", "Requires", "Source"]


def test_a_technique_that_states_no_requirements_has_none(package):
    assert read_card(f"{package('plain', 'class Plain: pass')}.Plain").requires == Requires()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("idea = IDEAS[0]", r"idea of outside_cards\.bad\.Bad cannot be read \(.*\), got 'IDEAS\[0\]', write"),
        (
            "requires = NEEDS",
            r"requires of .* cannot be read \(.* must be Requires\(…\) with keyword arguments\)",
        ),
        ("requires = Requires(device=DEVICE)", "requires of .* cannot be read"),
        ("requires = Requires(colour='red')", "requires of .* cannot be read .*unexpected keyword argument 'colour'"),
        ("requires = Requires('cuda')", "with keyword arguments"),
        ("requires = Requires(device='gpu')", r"requires\.device is unknown, got 'gpu'"),
        ("def", r"the technique's file is no Python \(invalid syntax"),
    ],
)
def test_what_is_no_literal_is_refused(package, body, words):
    with pytest.raises(InputError, match=words):
        read_card(f"{package('bad', f'class Bad:{chr(10)}    {body}')}.Bad")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("no_such_package.mine.Mine", "source is not found"),
        ("suite.mitigations.no_such_file.Mine", "source is not found"),
        ("suite.mitigations.batch_and_precision.bf16.no_module.Mine", "source is not found"),
        ("math.Mine", "source is not found"),
        ("Mine", "source is not found"),
        (
            "suite.mitigations.batch_and_precision.bf16.Mine",
            "bf16 has no class of that name, got 'Mine'",
        ),
    ],
)
def test_a_class_that_is_not_there_is_named(target, words):
    with pytest.raises(InputError, match=words):
        read_card(target)


def test_a_technique_in_a_folder_without_init_is_found(tmp_path, monkeypatch):
    folder = tmp_path / "outside_namespace" / "deeper"
    folder.mkdir(parents=True)
    (folder / "quick.py").write_text(FILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert read_card("outside_namespace.deeper.quick.Quick").idea == "do less"


def test_the_main_module_has_no_source_to_find():
    assert source_of("__main__.mine") is None


def test_folders_of_a_package_and_of_none():
    assert folders_of("suite.mitigations") == [ROOT / "suite" / "mitigations"]
    assert folders_of("suite.mitigations.batch_and_precision.bf16") == []
    assert folders_of("no_such_package") == []


def test_reading_the_cards_imports_no_torch():
    code = (
        "import sys; from suite.plugins.cards import read_card\n"
        "assert read_card('suite.mitigations.batch_and_precision.bf16.Bf16').idea\n"
        "assert 'torch' not in sys.modules and 'suite.mitigations' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_the_expected_effect_of_magnitude_pruning_is_whole():
    """It says none is expected, and why; its accuracy stands by itself."""
    card = read_card("suite.mitigations.pruning.magnitude_pruning.MagnitudePruning")
    assert card.effect.startswith("None is expected.")
    assert card.accuracy == "Nearly unchanged up to about half of the weights, then it falls."


def test_an_unknown_intervention_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "of_no_kind.py").write_text('class Mine:\n    intervention: ClassVar[str] = "magic"\n')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match=r"intervention of of_no_kind\.Mine is unknown, got .magic., use pruning"):
        read_card("of_no_kind.Mine")
