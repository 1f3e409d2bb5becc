"""Server process: starts a server, waits until it answers, and ends it with all that it has started."""

from __future__ import annotations

import contextlib
import ctypes
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import yaml

from suite.endpoint.served_model import ServedModel
from suite.errors import InputError, NotApplicable, ServerFailed
from suite.io.paths import CONF
from suite.io.redaction import known_secrets, redact_file, redacted
from suite.plugins.source import source_of
from suite.text.suggest import one_of
from suite.toolkit import libraries

_LOOK_S = 0.2  # between two looks at a server that is not ready yet
_ANSWER_S = 5.0  # longest that a look waits
_END_S = 10.0  # for a server to end by itself once it was asked to
_TAIL_LINES = 15
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_READY = ("/health", "/v1/models")


def command_of(served: ServedModel, port: int) -> list[str]:
    """The words that start the server of ``served`` at ``port``.

    Raises:
        InputError: there is no such engine, or a place of its command is left empty.
        NotApplicable: what the engine starts is not installed; says the command.
    """
    text = served.command or ""
    if served.engine is not None:
        text = str(_engine(served.engine)["command"])
    model = "" if served.model is None else served.model
    if "{model}" in text + served.arguments and not model:
        raise InputError(
            "the command names a model", got=text, remedy="give endpoint.baseline.model or .candidate.model"
        )
    places = {"{model}": model, "{port}": str(port), "{python}": sys.executable}
    words = [_filled(word, places) for word in shlex.split(text) + shlex.split(served.arguments)]
    if served.engine is not None:
        _require_installed(served.engine, words)
    return words


def _filled(word: str, places: dict[str, str]) -> str:
    """``word`` with its places filled. Not by ``format``: braces of JSON in an argument stay."""
    for place, value in places.items():
        word = word.replace(place, value)
    return word


def _engine(name: str) -> dict[str, Any]:
    files = {path.stem: path for path in sorted((CONF / "engine").glob("*.yaml"))}
    if name not in files:
        raise InputError("unknown engine", got=name, remedy=one_of(name, files))
    content: dict[str, Any] = yaml.safe_load(files[name].read_text("utf-8"))
    return content


def _require_installed(engine: str, words: Sequence[str]) -> None:
    settings = _engine(engine)
    missing = [name for name in settings.get("modules", ()) if source_of(name) is None]
    if missing or shutil.which(words[0]) is None:
        what = ", ".join(missing) or words[0]
        raise NotApplicable(
            f"{what} is not installed here; {settings['install']} brings it, "
            f"then this starts the server: {shlex.join(words)}"
        )


def free_port() -> int:
    """A port of this machine that nothing listens at now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_listening(host: str, port: int) -> bool:
    """Whether something takes connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=_ANSWER_S):
        return True
    return False


class ServerProcess:
    """A server that was started here. A context manager, which ends it whatever happens.

    It stays in the process group of the point, so that whatever ends the point's group ends it too, and the kernel ends
    it where the point's process is gone without a word.

    Attributes:
        pid: its number.
    """

    def __init__(self, words: Sequence[str], log: Path, secrets: Sequence[str]) -> None:
        """Starts it.

        Args:
            words: of its command.
            log: the file for all that it prints.
            secrets: masked in the log and in what is told of it.

        Raises:
            ServerFailed: it cannot be started.
        """
        self._words, self._log, self._secrets = list(words), log, [*secrets, *known_secrets()]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                    self._words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=_end_with_parent()
                )
            except OSError as error:
                raise ServerFailed(f"the server cannot be started ({error}): {self._shown}") from error
        self.pid = self._process.pid

    @property
    def _shown(self) -> str:
        return redacted(shlex.join(self._words), self._secrets)

    def check_alive(self, patience_s: float = 0.0) -> None:
        """Nothing, where it still runs after ``patience_s`` seconds.

        Raises:
            ServerFailed: it has ended; says how, and the last lines of its log.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(patience_s)
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            raise ServerFailed(f"the server ended ({how}): {self._shown}\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of its log, secrets masked."""
        lines = self._log.read_text("utf-8", errors="replace").splitlines()
        return redacted("\n".join(lines[-_TAIL_LINES:]), self._secrets)

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        """Asks it to end, then kills what is left of it and of all that it has started."""
        family = _family(self.pid)
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        _, left = psutil.wait_procs(family, timeout=0)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        psutil.wait_procs(left, timeout=_END_S)
        redact_file(self._log, self._secrets)


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _end_with_parent() -> Any:
    """What the new process does first: asks the kernel to be ended when its parent is gone (Linux alone)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # found here: between fork and exec nothing may be loaded
    return lambda: prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)


def wait_until_ready(base_url: str, timeout_s: float, process: ServerProcess | None, *, uses_proxy: bool) -> None:
    """Returns when the server answers.

    Args:
        base_url: of the server.
        timeout_s: longest wait.
        process: of the server, where it was started here; else it has to answer at once.
        uses_proxy: whether the environment's proxy is asked.

    Raises:
        ServerFailed: it ended, or did not answer in time; says the last lines of its log.
    """
    deadline_s = time.monotonic() + timeout_s
    while not _answers(base_url, uses_proxy):
        if process is None:
            raise ServerFailed(f"no server answers at {base_url}: start it first, or give engine or command")
        process.check_alive()
        if time.monotonic() > deadline_s:
            raise ServerFailed(f"the server did not answer at {base_url} within {timeout_s:g} s\n{process.tail()}")
        time.sleep(_LOOK_S)


def _answers(base_url: str, uses_proxy: bool) -> bool:
    """Whether it says that it is ready; one that asks for a key is."""
    http = libraries.load("httpx2")
    with http.Client(base_url=base_url, timeout=_ANSWER_S, trust_env=uses_proxy) as session:
        for path in _READY:
            with contextlib.suppress(http.TransportError):
                if session.get(path).status_code in (200, 401, 403):
                    return True
    return False


def only_model(base_url: str, key: str | None, *, uses_proxy: bool) -> str | None:
    """The name of the one model that the server lists; None where it lists none, several, or does not tell."""
    http = libraries.load("httpx2")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with http.Client(base_url=base_url, timeout=_ANSWER_S, trust_env=uses_proxy, headers=headers) as session:
        try:
            listed = session.get("/v1/models").json()["data"]
            return str(listed[0]["id"]) if len(listed) == 1 else None
        except (http.TransportError, ValueError, LookupError, TypeError):
            return None


@contextlib.contextmanager
def started(served: ServedModel, log: Path, secrets: Sequence[str]) -> Iterator[tuple[str, ServerProcess]]:
    """Starts the server of ``served`` and gives its base url and process; not ready yet. Ends it with the block.

    Raises:
        InputError, NotApplicable: see ``command_of``; or its port is taken.
        ServerFailed: it cannot be started.
    """
    host, port = _place(served.url) if served.url else ("127.0.0.1", free_port())
    if is_listening(host, port):
        remedy = "end what listens there, or give another url; without one a free port is taken"
        raise InputError("the server's port is taken", got=f"{host}:{port}", remedy=remedy)
    with ServerProcess(command_of(served, port), log, secrets) as process:
        yield served.url or f"http://{host}:{port}", process


def _place(url: str) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
