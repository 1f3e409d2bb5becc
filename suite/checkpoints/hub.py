"""The model hub: can it be reached, and what does it say of a repository? Short waits, no token in any message."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from suite.checkpoints.weights_hash import file_hash
from suite.errors import InputError, NotApplicable, OutOfReach
from suite.io.redaction import redacted

Kind = Literal["model", "dataset"]

TIMEOUT_S = 5.0
"""How long one look-up may take. The hub's own clients retry for 23 s, which is too long for a point to skip."""

_NO_WAY = (OSError, ValueError, ImportError)
"""Beside the client's own errors: something that is no hub answered, or a proxy that it cannot use (SOCKS)."""

_BROKEN_OFF = "Consistency check failed"
"""How the hub library begins to say that a file came with fewer bytes than was announced; it has no class for that."""

_SHA_256 = re.compile(r"[0-9a-f]{64}")

_REFUSED = "Invalid credentials"
"""How the hub begins to say that it does not know the token, whatever was asked for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Repository:
    """A hub repository as found.

    Attributes:
        repo_id: ``owner/name``.
        revision: the full commit hash where the hub could be asked, else what was wanted.
        files: its file names; empty where only the local cache is known.
        cached_only: the hub is out of reach and the local cache has to do.
    """

    repo_id: str
    revision: str | None
    files: tuple[str, ...]
    cached_only: bool


def look_up(repo_id: str, revision: str | None, kind: Kind) -> Repository:
    """Asks the hub for a repository, once and briefly; falls back to the local cache.

    Raises:
        InputError: no such repository or revision, or no possible name of one.
        NotApplicable: out of reach and not cached, or access is not granted.
    """
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # The base class of all errors of whichever HTTP client the hub library uses (httpx, httpx2).
    http_error: type[BaseException] = HfHubHTTPError.__bases__[0]
    if constants.HF_HUB_OFFLINE:
        return _from_cache(repo_id, revision, kind, "HF_HUB_OFFLINE is set")
    try:
        ask = HfApi().model_info if kind == "model" else HfApi().dataset_info
        found = ask(repo_id, revision=revision, timeout=TIMEOUT_S)
    except HFValidationError as error:
        raise _unknown(repo_id, kind) from error
    except (http_error, *_NO_WAY) as error:
        outcome = explain(error, repo_id, revision, kind)
        if isinstance(outcome, InputError):
            raise outcome from error
        if _access_refused(error):
            raise outcome from error
        return _from_cache(repo_id, revision, kind, _reason(error))
    return Repository(
        repo_id=repo_id,
        revision=found.sha or revision,
        files=tuple(file.rfilename for file in found.siblings or ()),
        cached_only=False,
    )


def explain(error: BaseException, repo_id: str, revision: str | None, kind: Kind) -> InputError | NotApplicable:
    """What a failed request means for the user, judged by the most telling error in its chain of causes."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    for cause in chain(error):
        if _token_is_refused(cause):
            return OutOfReach(
                "the hub does not know the token that it is given: log in anew with `hf auth login`, or unset HF_TOKEN"
            )
        if isinstance(cause, GatedRepoError) or _access_refused(cause):
            return refused(repo_id, kind)
        if isinstance(cause, RepositoryNotFoundError):
            return _unknown(repo_id, kind)
        if isinstance(cause, RevisionNotFoundError):
            remedy = "give a branch, tag or commit that the repository has"
            return InputError(f"{repo_id} has no such revision", got=revision, remedy=remedy)
        if str(cause).startswith(_BROKEN_OFF):
            return OutOfReach(
                f"a file of the {kind} {repo_id} came incomplete, and is fetched anew by the next attempt"
            )
    return OutOfReach(f"the hub is not reachable: {_reason(root_cause(error))}")


def refused(repo_id: str, kind: Kind) -> OutOfReach:
    """What to tell the user who may not read a repository that there is."""
    return OutOfReach(
        f"the {kind} {repo_id} is gated or private: accept its terms on the hub and log in with `hf auth login`"
    )


def is_connection_failure(error: BaseException) -> bool:
    """True if an error in the chain of causes came from the network or from the hub, not from a file's content."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    network = (HfHubHTTPError.__bases__[0], LocalEntryNotFoundError, ConnectionError, TimeoutError)
    return any(isinstance(cause, network) or str(cause).startswith(_BROKEN_OFF) for cause in chain(error))


def reachable() -> str | None:
    """None if the hub answers within ``TIMEOUT_S``, else the reason why not."""
    from huggingface_hub import constants, get_session
    from huggingface_hub.errors import HfHubHTTPError

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    http_error: type[BaseException] = HfHubHTTPError.__bases__[0]
    try:
        answer = get_session().get(f"{constants.ENDPOINT}/api/models?limit=1", timeout=TIMEOUT_S)
    except (http_error, *_NO_WAY) as error:
        return first_line(error)
    return None if answer.status_code == 200 else f"it answers with HTTP {answer.status_code}"


@contextlib.contextmanager
def intact(repository: Repository) -> Iterator[None]:
    """Looks at the large files of a model that are fetched inside; a damaged one does not stay in the cache.

    The hub names such a file by its SHA-256, but its library compares sizes only.

    Raises:
        OutOfReach: a file is not what the hub says it is.
    """
    known = set(_large_files(repository))
    try:
        yield
    finally:
        fetched = {file: file_hash(file) for file in set(_large_files(repository)) - known}
        damaged = [file for file, found in fetched.items() if found != file.name]
        for file in damaged:
            file.resolve().unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        if damaged:
            sums = ", ".join(f"SHA-256 {fetched[file]}, the hub states {file.name}" for file in damaged)
            what = f"a file of {repository.repo_id} came damaged ({sums})"
            raise OutOfReach(f"{what}: it was taken out of the cache, and is fetched anew by the next attempt")


def _large_files(repository: Repository) -> Iterator[Path]:
    """Those in the cache of a model, each named by the hash that the hub states."""
    return (path for path in _cache_of(repository.repo_id, "blobs").glob("*") if _SHA_256.fullmatch(path.name))


def _cache_of(repo_id: str, part: str) -> Path:
    """A folder of a model's in the cache, whether it exists or not."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE, "models--" + repo_id.replace("/", "--"), part)


def chain(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what it was raised from, outermost first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def root_cause(error: BaseException) -> BaseException:
    """The innermost error of the chain."""
    return list(chain(error))[-1]


def first_line(error: BaseException) -> str:
    """The first line of an error's message, without secrets."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return redacted(lines[0].strip() if lines else type(error).__name__)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Neither retries and downloads nor advice are announced; what matters is raised."""
    loggers = [logging.getLogger(name) for name in ("huggingface_hub", "httpx", "httpx2", "filelock", "fsspec")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            for category in (FutureWarning, DeprecationWarning, UserWarning):
                warnings.simplefilter("ignore", category)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _access_refused(error: BaseException) -> bool:
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        return True
    if isinstance(error, RepositoryNotFoundError) or not isinstance(error, HfHubHTTPError):
        return False  # the hub also says 401 where a repository does not exist; its own error class tells them apart
    return error.response is not None and error.response.status_code in (401, 403)


def _answer(error: BaseException) -> tuple[int | None, str]:
    """Status and words of the hub's answer that an error tells of; None where there was none."""
    response = getattr(error, "response", None)
    return (None, "") if response is None else (response.status_code, response.headers.get("X-Error-Message", ""))


def _token_is_refused(error: BaseException) -> bool:
    status, words = _answer(error)
    return status == 401 and words.startswith(_REFUSED)


def _reason(error: BaseException) -> str:
    """Why the hub did not serve a request, in one line."""
    if _answer(error)[0] == 429:
        return "it takes no more requests for now (HTTP 429; try again later, or log in with `hf auth login`)"
    return first_line(error)


def _unknown(repo_id: str, kind: Kind) -> InputError:
    what = f"the {kind} is neither a local {'folder' if kind == 'model' else 'file or folder'} nor known to the hub"
    remedy = "check the spelling (a local path may start with ./), or log in with `hf auth login` if it is private"
    return InputError(what, got=repo_id, remedy=remedy)


def _from_cache(repo_id: str, revision: str | None, kind: Kind, reason: str) -> Repository:
    cached = _cached_model(repo_id, revision) if kind == "model" else _cached_dataset(repo_id)
    if cached is None:
        raise OutOfReach(f"the hub is not reachable: {reason}; and {repo_id} is not in the local cache")
    return Repository(repo_id=repo_id, revision=cached or None, files=(), cached_only=True)


def _cached_model(repo_id: str, revision: str | None) -> str | None:
    """The commit in the cache; for the default branch the one fetched last. None where there is none."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(repo_id, "config.json", revision=revision)
    except HFValidationError as error:
        raise _unknown(repo_id, "model") from error
    if isinstance(found, str):
        return Path(found).parent.name
    snapshots = _cache_of(repo_id, "snapshots")
    if revision is not None or not snapshots.is_dir():
        return None
    commits = [folder for folder in snapshots.iterdir() if (folder / "config.json").exists()]
    return max(commits, key=lambda folder: folder.stat().st_mtime).name if commits else None


def _cached_dataset(repo_id: str) -> str | None:
    """An empty string if some version is in the cache (the datasets library finds the last one), else None."""
    from datasets import config

    return "" if Path(config.HF_DATASETS_CACHE, repo_id.replace("/", "___").lower()).is_dir() else None
