"""Where a checkpoint is read from: a directory, a GGUF file or a repository of the hub, its files looked at."""

from __future__ import annotations

import contextlib
import dataclasses
import struct
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from suite.checkpoints import gguf_files, hub, locations
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.weights_hash import check_hash
from suite.errors import InputError, NotApplicable, OutOfReach
from suite.text.suggest import beside

LOAD_ERRORS = (
    OSError,
    ValueError,
    ImportError,
    RuntimeError,
    KeyError,
    TypeError,
    NameError,
    AttributeError,
    SafetensorError,
)
"""What transformers raises for an unfit checkpoint; each is turned into one sentence."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a checkpoint is read from, and what every ``from_pretrained`` call is told of it."""

    location: str
    repository: hub.Repository | None

    def intact(self) -> AbstractContextManager[None]:
        """Around what reads the checkpoint: a damaged download is told, and does not stay."""
        return contextlib.nullcontext() if self.repository is None else hub.intact(self.repository)

    @property
    def arguments(self) -> dict[str, Any]:
        """Of every ``from_pretrained``: no code of the checkpoint's, and nothing fetched that need not be."""
        common: dict[str, Any] = {"trust_remote_code": False}
        if self.repository is None:
            return common | {"local_files_only": True}
        return common | {"revision": self.repository.revision, "local_files_only": self.repository.cached_only}


def origin_of(spec: ModelSpec) -> Origin:
    """Where the checkpoint of ``spec.path`` is read from, its files looked at.

    Raises:
        InputError: it is not there, or lacks what is needed.
        NotApplicable: the hub is out of reach.
    """
    assert spec.path is not None
    if not spec.is_local:
        repository = hub.look_up(spec.path, spec.revision, "model")
        if not repository.cached_only:
            _check_files(spec, repository.files)
        return Origin(location=spec.path, repository=repository)
    origin = local_origin(spec)
    if spec.weights == "pretrained":
        check_hash(Path(origin.location))
    return origin


def local_origin(spec: ModelSpec) -> Origin:
    """The directory of a model that lies on this machine; its weights are not read.

    Raises:
        InputError: there is none, or it lacks what ``save_pretrained`` writes.
        NotApplicable: the package that holds it, or the library that reads its form, is not installed.
    """
    assert spec.path is not None
    folder = _directory_of(locations.on_disk(spec.path))
    if not folder.is_dir():
        what = "the model is a file, not a directory" if folder.exists() else "the model directory does not exist"
        remedy = beside(folder, otherwise="give a directory written by save_pretrained, or a hub id")
        raise InputError(what, got=spec.path, remedy=remedy)
    _check_files(spec, tuple(path.name for path in folder.iterdir()))
    return Origin(location=str(folder), repository=None)


def _directory_of(place: Path) -> Path:
    """``place``, or the directory made from it where it is a GGUF file."""
    if not gguf_files.is_gguf(place):
        return place
    try:
        return gguf_files.as_directory(place)
    except (*LOAD_ERRORS, LookupError, struct.error) as error:
        what = f"the GGUF file cannot be converted ({hub.first_line(error)[:300]})"
        remedy = "give one whose architecture transformers reads, or the directory that it was made from"
        raise InputError(what, got=str(place), remedy=remedy) from error


def _check_files(spec: ModelSpec, files: tuple[str, ...]) -> None:
    if "config.json" not in files:
        remedy = "give a directory or repository written by save_pretrained"
        raise InputError("the model has no config.json", got=spec.path, remedy=remedy)
    if spec.weights == "random" or any(name.endswith(".safetensors") for name in files):
        return
    pickled = [name for name in files if name.endswith((".bin", ".pt", ".pth", ".ckpt"))]
    if pickled:
        what = f"the model has pickled weights only ({pickled[0]}), which can run code when loaded"
        raise InputError(what, got=spec.path, remedy="convert them: load once and save_pretrained writes safetensors")
    remedy = "give a checkpoint with model.safetensors, or model.weights=random"
    raise InputError("the model has no weights", got=spec.path, remedy=remedy)


def explained(error: BaseException, spec: ModelSpec, origin: Origin, what: str) -> InputError | NotApplicable:
    """``error``, raised by transformers, as one sentence that begins with ``what`` and says what to do."""
    assert spec.path is not None
    if not spec.is_local and hub.is_connection_failure(error):
        return hub.explain(error, spec.path, spec.revision, "model")
    if isinstance(error, OSError) and origin.repository is not None and origin.repository.cached_only:
        found = f"{what} ({hub.first_line(error)[:300]})"
        return OutOfReach(f"the hub is not reachable, and the local cache has not all of {spec.path}: {found}")
    if "trust_remote_code" in str(error):
        remedy = "choose one whose architecture transformers has"
        return InputError("the model needs code of its own, which is never run", got=spec.path, remedy=remedy)
    remedy = "check the directory against the one that save_pretrained wrote"
    return InputError(f"the model does not load: {what} ({hub.first_line(error)[:300]})", got=spec.path, remedy=remedy)
