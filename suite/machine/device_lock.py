"""One measurement at a time on a device: two would count each other's energy, or slow each other down."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from suite.errors import InputError
from suite.machine.which_gpu import uuids_at_work, uuids_before_work

FOLDER_VARIABLE = "SUITE_LOCK_FOLDER"
"""Environment variable that names another folder, such as one that all users of a machine share."""
_LARGEST_NOTE = 4096  # bytes


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who measures on a device."""

    pid: int
    run: str
    since: str


def names_of(device: str, *, spread: bool = False) -> list[str]:
    """What a device is called among locks: ``cpu``, or the UUID of the GPU that torch will take.

    All that it may take, where models are ``spread``: which of them hold a part is known only once one is loaded.
    """
    return uuids_before_work(spread=spread) if device == "cuda" else [device]


def names_at_work(device: str, boards: Sequence[int]) -> list[str]:
    """As ``names_of``, of the GPUs that torch numbers so and works on already. Opens a CUDA context."""
    if device != "cuda":
        return [device]
    found = uuids_at_work(boards)
    return [uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}" for uuid in found]  # as NVML writes them


def lock_folder() -> Path:
    """Where the locks lie: on this machine, never in a home folder that machines share."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"energy-mitigation-benchmark-{os.getuid()}"


@contextlib.contextmanager
def held(
    devices: Sequence[str], run: str, *, wait: bool = False, say: Callable[[str], None] = lambda line: None
) -> Iterator[None]:
    """Holds the locks of ``devices`` (``cpu``, or a GPU's UUID) while the block runs.

    The kernel drops a lock with the process that held it, so none outlives a crash.

    Args:
        devices: taken in the order of their names, so that two sweeps cannot wait for each other.
        run: told to whoever finds the device taken.
        wait: wait for a device that is taken, instead of refusing.
        say: told a line where it waits.

    Raises:
        InputError: a device is taken and ``wait`` is False, or the locks' folder cannot be used.
    """
    with contextlib.ExitStack() as stack:
        for device in sorted(set(devices)):
            stack.enter_context(_one(device, run, wait=wait, say=say))
        yield


@contextlib.contextmanager
def _one(device: str, run: str, *, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    handle = _open(lock_folder(), device)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            taken = f"{device}, by {_holder(handle)}"
            if not wait:
                remedy = "wait for it with lock=wait, or stop that run"
                raise InputError("another run is measuring on this device", got=taken, remedy=remedy) from None
            say(f"waiting for {taken}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        since = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        os.ftruncate(handle, 0)
        os.pwrite(handle, msgspec.json.encode(Holder(pid=os.getpid(), run=run, since=since)), 0)
        yield
    finally:
        os.close(handle)


def _open(folder: Path, device: str) -> int:
    """The lock's file, in a folder that only its owner can have put anything into."""
    shared = bool(os.environ.get(FOLDER_VARIABLE))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not shared and folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to another user")
        handle = os.open(folder / f"{device}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with contextlib.suppress(PermissionError):  # another user's file, who has done this already
            os.fchmod(handle, 0o666 if shared else 0o600)
        return handle
    except OSError as error:
        remedy = f"name another folder in the environment variable {FOLDER_VARIABLE}"
        raise InputError(f"the device cannot be locked ({error})", got=str(folder), remedy=remedy) from error


def _holder(handle: int) -> str:
    """Who wrote itself into the lock's file."""
    try:
        holder = msgspec.json.decode(os.pread(handle, _LARGEST_NOTE, 0), type=Holder)
    except msgspec.DecodeError:  # it has only just taken it
        return "a run that has just begun"
    return f"process {holder.pid}, run {holder.run}, since {holder.since}"
