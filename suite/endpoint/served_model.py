"""Served models: which servers a comparison asks, who starts them, and how they are asked."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import socket
import urllib.parse
from collections.abc import Mapping
from typing import Any, Literal, get_args

import psutil

from suite.core import checks
from suite.errors import InputError

Api = Literal["completions", "chat"]
PORT = "{port}"
"""Stands in a command for a port that is free; ``{model}`` for the model."""
OWN_FIELDS = frozenset({"model", "prompt", "messages", "stream", "stream_options", "max_tokens", "temperature"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServedModel:
    """One server and the model that is asked for there.

    Attributes:
        url: of a server, with or without ``/v1`` at its end; None: it is started here on a port that is free.
        model: the name that requests give; None: the one that the server lists.
        engine: what starts the server, a yaml of ``conf/engine``; None: ``command``, or it is running already.
        command: what starts the server, as in a shell, with ``{port}`` and ``{model}``; None: ``engine`` or nothing.
        arguments: added to the command, as in a shell.
        pid: of a server that is running already on this machine: where the CPU is estimated, the CPU time of this
            process and its children is counted.
    """

    url: str | None
    model: str | None
    engine: str | None
    command: str | None
    arguments: str
    pid: int | None

    def __post_init__(self) -> None:
        """Checks each value, and that they fit each other."""
        if self.url is not None:
            _check_url(self.url)
        if self.engine is not None and self.command is not None:
            raise InputError("a server is started by an engine or by a command", got=self.engine, remedy="drop one")
        if self.pid is not None:
            checks.count("endpoint.*.pid", self.pid, least=1)
        if self.pid is not None and self.is_started:
            raise InputError("a server that is started here has no pid yet", got=self.pid, remedy="drop pid")
        if self.arguments and not self.is_started:
            remedy = "give engine or command too, or start the server with them"
            raise InputError("arguments are for a server that is started here", got=self.arguments, remedy=remedy)
        if self.command is not None and self.url is None and PORT not in self.command + self.arguments:
            remedy = "write {port} where the command takes a port, or give the url that it answers at"
            raise InputError("nobody knows where the command will answer", got=self.command, remedy=remedy)

    @property
    def is_started(self) -> bool:
        """Whether the server is started, and ended, by the suite."""
        return self.engine is not None or self.command is not None

    @property
    def is_given(self) -> bool:
        """Whether anything says where the server is, or which model it has."""
        return self.is_started or self.url is not None or self.model is not None

    def identity(self) -> dict[str, Any]:
        """What tells it from another one: all that is given but the number of a process."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "pid"}
        return {name: value for name, value in given.items() if value not in (None, "")}

    @property
    def label(self) -> str:
        """For people: the model, else where or how it is served."""
        return self.model or self.url or self.engine or str(self.command)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The servers of a comparison and how they are asked.

    Attributes:
        url: of the baseline, where that names none.
        baseline: the one that is compared with.
        candidate: the other one. One that names a model alone is asked of the baseline's server. One that names nothing
            is the baseline again, so that the comparison shows what the instrument takes for a difference.
        api: ``completions`` (a prompt is continued) or ``chat`` (it is one message of a user).
        api_key_env: name of the environment variable that holds the key; None for none.
        ready_timeout_s: longest that a server may take until it answers.
        request_timeout_s: longest that it may be silent within a request.
        body: further fields of each request, such as ``ignore_eos`` where a server knows it; None for none.
    """

    url: str | None
    baseline: ServedModel
    candidate: ServedModel
    api: Api
    api_key_env: str | None
    ready_timeout_s: float
    request_timeout_s: float
    body: Mapping[str, Any] | None

    def __post_init__(self) -> None:
        """Puts ``url`` in its place and checks the rest."""
        if self.url is not None and self.baseline.url is not None and self.url != self.baseline.url:
            raise InputError("the baseline has two urls", got=[self.url, self.baseline.url], remedy="give one")
        if self.url is not None:
            object.__setattr__(self, "baseline", dataclasses.replace(self.baseline, url=self.url))
        if self.baseline.url is None and not self.baseline.is_started:
            remedy = "give endpoint.url, or endpoint.baseline.engine or .command to have one started"
            raise InputError("no server is named", got=None, remedy=remedy)
        if self.api not in get_args(Api):
            raise InputError("endpoint.api is unknown", got=self.api, remedy=f"choose {' or '.join(get_args(Api))}")
        for name in ("ready_timeout_s", "request_timeout_s"):
            checks.seconds(f"endpoint.{name}", getattr(self, name))
            checks.positive(f"endpoint.{name}", getattr(self, name))
        clash = sorted(OWN_FIELDS & set(self.body or ()))
        if clash:
            raise InputError("endpoint.body sets what the suite sets itself", got=clash, remedy="leave these out")
        self._check_shared()

    def _check_shared(self) -> None:
        if self.shares_server and self.candidate.pid is not None:
            remedy = "give endpoint.candidate.url too, or drop the pid"
            raise InputError("the candidate is asked of the baseline's server", got=self.candidate.pid, remedy=remedy)

    @property
    def is_compared(self) -> bool:
        """Whether there are two models; else the baseline is measured against itself."""
        return self.candidate.is_given

    @property
    def shares_server(self) -> bool:
        """Whether one server answers for both arms."""
        return self.candidate.url is None and not self.candidate.is_started

    def key(self) -> str | None:
        """The key of the servers, which stands in no record and no log; None for none.

        Raises:
            InputError: the variable that is named is not set.
        """
        if self.api_key_env is None:
            return None
        key = os.environ.get(self.api_key_env)
        if not key:
            remedy = "export it, or set endpoint.api_key_env to the name of another variable"
            raise InputError("the environment has no key of that name", got=self.api_key_env, remedy=remedy)
        return key


def base_url(url: str) -> str:
    """``url`` without the ``/v1`` that clients of OpenAI's are given."""
    return url.rstrip("/").removesuffix("/v1")


def is_local(url: str) -> bool:
    """Whether the server of ``url`` runs on this machine, as far as its address tells."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    own = {each.address.partition("%")[0] for addresses in psutil.net_if_addrs().values() for each in addresses}
    return any(ipaddress.ip_address(each.partition("%")[0]).is_loopback or each in own for each in found)


def _check_url(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    try:
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        sound = False
    if not sound or parts.query or parts.fragment:
        raise InputError("the url of a server cannot be", got=url, remedy="give for example http://127.0.0.1:8000")
