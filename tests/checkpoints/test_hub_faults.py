"""What can go wrong between the hub and this machine: one clear error each, and no damaged cache.

The library reads its settings at import, so each visit is a process of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import transformers

from suite.io.paths import CHECKOUT
from tests.checkpoints.test_pretrained import bert_config, save_tokenizer
from tests.hub_stand_in import Fault, hub_stand_in

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
from huggingface_hub import constants
from suite.errors import InputError, NotApplicable
from tests.checkpoints.test_pretrained import load, spec

constants.DOWNLOAD_CHUNK_SIZE = 1000  # bytes: what has arrived of so small a file would be dropped with its last chunk
for path in sys.argv[1:]:
    try:
        load(spec(path))
        print(json.dumps(["ok", ""]))
    except (InputError, NotApplicable) as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""

GOOD, GONE = "acme/good", "http://127.0.0.1:9"
FAULTS: dict[str, Fault] = {
    "acme/private": "private",
    "acme/token": "bad_token",
    "acme/busy": "busy",
    "acme/moment": "busy_for_a_moment",
    "acme/slow": "slow",
    "acme/breaks": "breaks_off",
    "acme/stalls": "stalls",
    "acme/short": "short",
    "acme/damaged": "damaged",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub whose repositories all hold the same small model."""
    root = tmp_path_factory.mktemp("hub")
    first = root / "models" / GOOD
    transformers.BertForSequenceClassification(bert_config()).save_pretrained(first)
    save_tokenizer(first)
    for name in FAULTS:
        shutil.copytree(first, root / "models" / name)
    return root


def visit(url: str, *models: str, **settings: str) -> dict[str, list[str]]:
    """What became of loading each model in a fresh process."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *models],
        env=kept | {"HF_ENDPOINT": url, "HF_HUB_DOWNLOAD_TIMEOUT": "1", "NO_PROXY": "127.0.0.1", **settings},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    return dict(zip(models, map(json.loads, done.stdout.splitlines()), strict=True))


@dataclasses.dataclass(frozen=True)
class First:
    """What a process got, what it asked for from the middle on, and the cache that it left."""

    outcomes: dict[str, list[str]]
    resumed: dict[str, int]
    home: Path
    damaged: list[str]


@pytest.fixture(scope="module")
def first(root: Path, tmp_path_factory: pytest.TempPathFactory) -> First:
    home = tmp_path_factory.mktemp("home")
    with hub_stand_in(root, faults=FAULTS) as hub:
        outcomes = visit(hub.url, *FAULTS, HF_HOME=str(home))
        return First(outcomes, hub.resumed, home, damaged_blobs(home / "hub"))


def damaged_blobs(cache: Path) -> list[str]:
    """Files of a cache that are unfinished, or are weights that their name does not fit."""
    found = []
    for blob in cache.glob("models--*/blobs/*"):
        is_weights = len(blob.name) == 64
        if blob.suffix or (is_weights and hashlib.sha256(blob.read_bytes()).hexdigest() != blob.name):
            found.append(str(blob))
    return found


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("acme/private", "InputError", "log in with `hf auth login` if it is private"),
        ("acme/token", "OutOfReach", "the hub does not know the token that it is given"),
        ("acme/busy", "OutOfReach", "it takes no more requests for now (HTTP 429"),
        ("acme/moment", "ok", ""),
        ("acme/slow", "OutOfReach", "timed out"),
        ("acme/breaks", "ok", ""),
        ("acme/stalls", "OutOfReach", "timed out"),
        ("acme/short", "OutOfReach", "a file of the model acme/short came incomplete"),
        ("acme/damaged", "OutOfReach", "a file of acme/damaged came damaged (SHA-256 "),
    ],
)
def test_each_has_one_clear_end(first: First, name: str, kind: str, words: str) -> None:
    assert first.outcomes[name][0] == kind
    assert words in first.outcomes[name][1]
    assert "\n" not in first.outcomes[name][1]


def test_a_download_that_broke_off_goes_on_from_where_it_was(first: First) -> None:
    (begin,) = [begin for path, begin in first.resumed.items() if path.startswith("/acme/breaks/")]
    assert begin > 0


def test_nothing_damaged_or_unfinished_stays_in_the_cache(first: First) -> None:
    assert first.damaged == []


def test_what_did_not_arrive_is_not_loaded_where_the_hub_has_gone(first: First) -> None:
    names = ["acme/short", "acme/damaged", "acme/breaks"]
    outcomes = visit(GONE, *names, HF_HOME=str(first.home))
    assert [outcomes[name][0] for name in names] == ["OutOfReach", "OutOfReach", "ok"]


def test_the_next_attempt_at_a_sound_hub_loads_each(root: Path, first: First, tmp_path: Path) -> None:
    home = shutil.copytree(first.home, tmp_path / "home", symlinks=True)
    with hub_stand_in(root) as hub:
        outcomes = visit(hub.url, *FAULTS, HF_HOME=str(home))
    assert {kind for kind, _ in outcomes.values()} == {"ok"}


def test_a_mirror_and_caches_of_ones_own_are_used_and_nothing_is_asked_offline(root: Path, tmp_path: Path) -> None:
    settings = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_CACHE": str(tmp_path / "cache")}
    with hub_stand_in(root, prefix="/mirrors/hub") as hub:
        assert visit(hub.url + "/", GOOD, **settings) == {GOOD: ["ok", ""]}
        asked = len(hub.requests)
        assert {request.split()[1].split("/")[1] for request in hub.requests} == {"mirrors"}
        assert visit(hub.url, GOOD, **settings, HF_HUB_OFFLINE="1") == {GOOD: ["ok", ""]}
        assert len(hub.requests) == asked
    assert (tmp_path / "cache" / "models--acme--good").is_dir()
    assert not list((tmp_path / "home").rglob("models--*"))
