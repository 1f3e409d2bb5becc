"""Client: asks a server of OpenAI's protocol and notes when each piece of an answer comes."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from suite.endpoint.answer import Answer
from suite.endpoint.served_model import Api
from suite.errors import ServerFailed
from suite.io.redaction import known_secrets, redacted
from suite.toolkit import libraries

_PATHS: dict[Api, str] = {"completions": "/v1/completions", "chat": "/v1/chat/completions"}
_LONGEST_COMPLAINT = 500  # characters of what a server says is wrong
_DONE = "[DONE]"

Noted = Callable[[], None]


def nothing() -> None:
    """Where nobody wants to know."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Client:
    """How one model is asked.

    Attributes:
        base_url: of the server, without ``/v1``.
        model: the name that requests give; None leaves it out.
        api: which of the two forms.
        key: sent as a bearer token; None for none.
        new_tokens: most tokens of an answer.
        body: further fields of each request.
        silent_s: longest that the server may be silent within a request.
        uses_proxy: whether the environment's proxy is asked, for servers on other machines.
    """

    base_url: str
    model: str | None
    api: Api
    key: str | None
    new_tokens: int
    body: Mapping[str, Any]
    silent_s: float
    uses_proxy: bool

    def session(self) -> Any:
        """Connections to the server, as many as there are requests at a time; an asynchronous context manager.

        Raises:
            NotApplicable: httpx2, which huggingface_hub brings along, is not installed.
        """
        http = libraries.load("httpx2")
        return http.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            timeout=http.Timeout(self.silent_s),
            limits=http.Limits(max_connections=None, max_keepalive_connections=None),
            trust_env=self.uses_proxy,
        )

    async def ask(self, session: Any, prompt: str, *, due_s: float, first_token: Noted = nothing) -> Answer:
        """One request, waited for to its end.

        Args:
            session: of this client.
            prompt: a text.
            due_s: when the request arrived.
            first_token: called when the first text has come.

        Raises:
            ServerFailed: the server cannot be reached, answers with an error, or breaks off.
        """
        http = libraries.load("httpx2")
        stream = _Stream(due_s, first_token)
        try:
            async with session.sse(_PATHS[self.api], method="POST", json=self._body(prompt)) as events:
                if events.response.status_code != 200:
                    await events.response.aread()
                    raise self._failed(f"answered {events.response.status_code}: {events.response.text}")
                async for event in events:
                    stream.take(event.data)
        except http.TransportError as error:
            raise self._failed(f"broke off: {type(error).__name__} {error}".rstrip()) from error
        except _Complaint as error:
            raise self._failed(f"complained: {error}") from error
        return stream.answer()

    def _body(self, prompt: str) -> dict[str, Any]:
        asked = {"prompt": prompt} if self.api == "completions" else {"messages": [{"role": "user", "content": prompt}]}
        named = {} if self.model is None else {"model": self.model}
        fixed = {"stream": True, "stream_options": {"include_usage": True}, "temperature": 0.0}
        return {**named, **asked, **fixed, "max_tokens": self.new_tokens, **self.body}

    def _failed(self, what: str) -> ServerFailed:
        own = [self.key] if self.key else []
        return ServerFailed(
            f"the server at {self.base_url} {redacted(what, own + known_secrets())[:_LONGEST_COMPLAINT]}"
        )


class _Complaint(Exception):
    """What a server says is wrong in the middle of an answer."""


class _Stream:
    """The chunks of one answer, as they come."""

    def __init__(self, due_s: float, first_token: Noted) -> None:
        self._due_s, self._first_token = due_s, first_token
        self._chunks_s: list[float] = []
        self._texts: list[str] = []
        self._usage: Mapping[str, Any] = {}

    def take(self, data: str) -> None:
        """One event. Text that is empty is none: servers open and close an answer with such chunks."""
        now_s = time.perf_counter()
        if data == _DONE:
            return
        chunk = _parsed(data)
        self._usage = chunk.get("usage") or self._usage
        text = "".join(_text(choice) for choice in chunk.get("choices") or ())
        if text:
            self._chunks_s.append(now_s)
            self._texts.append(text)
            if len(self._chunks_s) == 1:
                self._first_token()

    def answer(self) -> Answer:
        """The whole answer, which has just ended."""
        counted, asked = self._usage.get("completion_tokens"), self._usage.get("prompt_tokens")
        is_counted = isinstance(counted, int)
        if not self._chunks_s:
            self._first_token()  # an answer without a text has begun and ended now
        return Answer(
            due_s=self._due_s,
            chunks_s=tuple(self._chunks_s),
            ended_s=time.perf_counter(),
            tokens=counted if isinstance(counted, int) else len(self._chunks_s),
            prompt_tokens=asked if isinstance(asked, int) else None,
            is_counted=is_counted,
            text="".join(self._texts),
        )


def _parsed(data: str) -> dict[str, Any]:
    """An event as JSON.

    Raises:
        _Complaint: it is none, or says that something is wrong.
    """
    try:
        chunk = json.loads(data)
    except ValueError:
        raise _Complaint(f"an event that is no JSON: {data}") from None
    if not isinstance(chunk, dict):
        raise _Complaint(f"an event that is no object: {data}")
    if chunk.get("error"):
        raise _Complaint(str(chunk["error"]))
    return chunk


def _text(choice: Mapping[str, Any]) -> str:
    """The text that a choice adds, thoughts of reasoning models included: they are tokens as well."""
    delta = choice.get("delta") or {}
    parts = (choice.get("text"), delta.get("reasoning_content"), delta.get("reasoning"), delta.get("content"))
    return "".join(part for part in parts if isinstance(part, str))
