"""A small server of OpenAI's protocol, run by tests as a process: each token takes a set CPU time.

``python tests/endpoint_server.py PORT [name=value …]``; the names are those of ``Settings``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORKING = threading.Lock()  # one token at a time, as one model makes them


@dataclasses.dataclass
class Settings:
    """What the server does.

    Attributes:
        burn_s: CPU time of a token.
        usage: whether it counts tokens.
        per_chunk: tokens a chunk.
        answer: word that every token is.
        asks: the key that requests have to bring; empty for none.
        dies_after: requests, then the process ends without a word; 0: never.
        child: whether it starts a process that outlives its own orderly end.
        deaf: whether it never says that it is ready.
    """

    burn_s: float = 0.002
    usage: int = 1
    per_chunk: int = 1
    answer: str = "yes"
    asks: str = ""
    dies_after: int = 0
    child: int = 0
    deaf: int = 0


SETTINGS, ASKED = Settings(), []


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(100))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if SETTINGS.deaf:
            self.send_error(503)
        elif self.path == "/v1/models":
            self._json({"data": [{"id": "only-one"}]})
        else:
            self._json({"status": "ok"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if SETTINGS.asks and self.headers.get("Authorization") != f"Bearer {SETTINGS.asks}":
            self._json({"error": f"wrong key {self.headers.get('Authorization')}"}, status=401)
            return
        ASKED.append(asked)
        if SETTINGS.dies_after and len(ASKED) > SETTINGS.dies_after:
            print("out of luck", flush=True)
            sys.stdout.flush()
            os._exit(7)
        self._stream(asked)

    def _stream(self, asked: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        left = total = int(asked["max_tokens"])
        while left > 0:
            made = min(left, SETTINGS.per_chunk)
            for _ in range(made):
                with WORKING:
                    burn(SETTINGS.burn_s)
            left -= made
            text = f" {SETTINGS.answer}" * made
            piece = {"text": text} if "prompt" in asked else {"delta": {"content": text}}
            self._event({"choices": [{"index": 0, **piece}]})
        if SETTINGS.usage:
            self._event({"choices": [], "usage": {"completion_tokens": total, "prompt_tokens": 5}})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, content: Any) -> None:
        self._chunk(f"data: {json.dumps(content)}\n\n".encode())

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def _json(self, content: Any, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    port = int(sys.argv[1])
    for word in sys.argv[2:]:
        name, _, value = word.partition("=")
        setattr(SETTINGS, name, type(getattr(SETTINGS, name))(value))
    if SETTINGS.child:
        print("child", subprocess.Popen(["sleep", "600"]).pid, flush=True)
    print("listening", flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
