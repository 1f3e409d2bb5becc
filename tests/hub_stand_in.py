"""A stand-in of the model hub on 127.0.0.1: answers what ``huggingface_hub`` asks, from a folder.

Layout: ``ROOT/models/OWNER/NAME/FILE`` and ``ROOT/datasets/OWNER/NAME/FILE``. Every repository has one commit,
``commit_of(folder)``, and the branch ``main``. Point ``HF_ENDPOINT`` at ``url`` before the library is imported.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

Fault = Literal[
    "gated",
    "down",
    "private",
    "bad_token",
    "busy",
    "busy_for_a_moment",
    "slow",
    "breaks_off",
    "stalls",
    "short",
    "damaged",
]
"""What is wrong with a repository.

``gated``: its files are refused with 403. ``down``, ``private``, ``bad_token``, ``busy``: every call is, with 503, 401
and 429. ``slow``: it is described after ``SLOW_S``. The others are of its weights: ``busy_for_a_moment`` refuses the
first request with 429, ``breaks_off`` cuts its first answer in the middle, ``stalls`` keeps every answer waiting there,
``short`` sends half of them as if that were all, ``damaged`` sends as many other bytes.
"""

REFUSALS: Mapping[str, tuple[int, str | None, str | None]] = {
    "down": (503, None, None),
    "private": (401, "RepoNotFound", "Repository not found"),
    "bad_token": (401, None, "Invalid credentials in Authorization header"),
    "busy": (429, None, None),
}
"""Status, code and words of every answer."""

SLOW_S = 30.0
WEIGHTS = ".safetensors"


def commit_of(folder: Path) -> str:
    """Forty hexadecimal digits that stand for the content of a repository."""
    digest = hashlib.sha1(usedforsecurity=False)
    for file in _files(folder):
        digest.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return digest.hexdigest()


class HubStandIn(ThreadingHTTPServer):
    """Serves ``root``, below the path ``prefix``, with a fault for each of some repositories."""

    daemon_threads = True

    def __init__(self, root: Path, faults: Mapping[str, Fault], prefix: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.faults, self.prefix = root, dict(faults), prefix
        self.requests: list[str] = []
        self.resumed: dict[str, int] = {}  # by path: the byte from which it was asked for
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{self.prefix}"


@contextmanager
def hub_stand_in(root: Path, *, faults: Mapping[str, Fault] | None = None, prefix: str = "") -> Iterator[HubStandIn]:
    server = HubStandIn(root, faults or {}, prefix)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def wrong_in_card(metadata: Mapping[str, Any]) -> str:
    """What breaks hub-docs' modelcard.md (``model-index``) and model-cards-co2.md; empty where nothing does."""
    emissions = metadata.get("co2_eq_emissions")
    if emissions is not None and not isinstance(emissions["emissions"], int | float):
        return '"co2_eq_emissions.emissions" must be a number'
    for model in metadata.get("model-index", []):
        for result in model["results"]:
            missing = [
                *(f"task.{key}" for key in ("type",) if key not in result["task"]),
                *(f"dataset.{key}" for key in ("type", "name") if key not in result["dataset"]),
                *(f"metrics.{key}" for key in ("type", "value") for each in result["metrics"] if key not in each),
            ]
            if missing or not model.get("name"):
                return f'"model-index" lacks {", ".join(missing) or "name"}'
    return ""


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _name_of(file: Path) -> str:
    """What the hub calls a content: weights by their SHA-256, the rest by another digest."""
    content = file.read_bytes()
    if file.suffix == WEIGHTS:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubStandIn

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *words: object) -> None:
        """Silence."""

    def _answer(self, body: bytes = b"") -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        path = urlsplit(self.path).path.removeprefix(self.server.prefix)
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[0] == "api":
            self._api(parts[1:], body)
        else:
            kind, parts = ("datasets", parts[1:]) if parts[0] == "datasets" else ("models", parts)
            self._resolve(kind, parts)

    def _api(self, parts: list[str], body: bytes) -> None:
        if parts == ["validate-yaml"]:
            return self._validate(json.loads(body)["content"])
        if parts[0] not in ("models", "datasets"):
            return self._refuse(404, "EntryNotFound")
        if len(parts) == 1:
            return self._json([])
        found = self._repository(parts[0], parts[1:3])
        if found is None:
            return None
        folder, commit, repo_id = found
        rest = parts[3:]
        if rest[:1] in (["revision"], ["tree"], ["paths-info"]) and rest[1] not in ("main", commit):
            return self._refuse(404, "RevisionNotFound")
        if rest[:1] == ["tree"]:
            return self._json(self._entries(folder / "/".join(rest[2:])))
        if rest[:1] == ["paths-info"]:
            asked = parse_qs(body.decode())["paths"] if body[:1] != b"{" else json.loads(body)["paths"]
            return self._json([self._entry(folder, folder / path) for path in asked if (folder / path).is_file()])
        if rest and rest[0] != "revision":
            return self._refuse(404, "EntryNotFound")
        if self._fault(repo_id) == "slow":
            self.server.ended.wait(SLOW_S)
        names = [str(file.relative_to(folder)) for file in _files(folder)]
        info = {"_id": commit[:24], "id": repo_id, "sha": commit, "private": False, "gated": False, "tags": []}
        return self._json(info | {"downloads": 0, "likes": 0, "siblings": [{"rfilename": name} for name in names]})

    def _validate(self, card: str) -> None:
        """Refuses a card whose head breaks the documented rules, as far as ``wrong_in_card`` has them."""
        wrong = wrong_in_card(yaml.safe_load(card.split("---\n")[1]))
        if wrong:
            self._send(400, wrong.encode(), {"Content-Type": "text/plain"})
        else:
            self._json({"errors": [], "warnings": []})

    def _resolve(self, kind: str, parts: list[str]) -> None:
        found = self._repository(kind, parts[:2])
        if found is None:
            return None
        folder, commit, repo_id = found
        if self._fault(repo_id) == "gated":
            return self._refuse(403, "GatedRepo")
        if parts[3] not in ("main", commit):
            return self._refuse(404, "RevisionNotFound")
        file = folder / "/".join(parts[4:])
        if not file.is_file():
            return self._refuse(404, "EntryNotFound", headers={"X-Repo-Commit": commit})
        content = file.read_bytes()
        headers = {"X-Repo-Commit": commit, "ETag": f'"{_name_of(file)}"', "Content-Type": "application/octet-stream"}
        fault = self._fault(repo_id) if file.suffix == WEIGHTS and self.command == "GET" else None
        return self._send_file(content, headers, fault)

    def _send_file(self, content: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        first, half = self.server.requests.count(f"GET {self.path}") == 1, len(content) // 2
        if fault == "busy_for_a_moment" and first:
            self._refuse(429, None, headers={"Retry-After": "0"})
            return
        if fault == "short":
            self._send(200, content[:half], headers)
            return
        if fault == "damaged":
            content = content[:half] + bytes(byte ^ 255 for byte in content[half:])
        begin = self._asked_from()
        if begin:
            self.server.resumed[self.path] = begin
            headers = headers | {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
        stop = half if fault == "stalls" or (fault == "breaks_off" and first) else None
        self._send(206 if begin else 200, content[begin:], headers, only=None if stop is None else max(0, stop - begin))
        if fault == "stalls":
            self.server.ended.wait(SLOW_S)

    def _asked_from(self) -> int:
        """The first byte that is asked for."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(asked.group(1)) if asked else 0

    def _fault(self, repo_id: str) -> Fault | None:
        return self.server.faults.get(repo_id)

    def _repository(self, kind: str, parts: list[str]) -> tuple[Path, str, str] | None:
        repo_id = "/".join(parts)
        folder = self.server.root / kind / repo_id
        fault = self._fault(repo_id)
        if fault in REFUSALS:
            self._refuse(*REFUSALS[fault])
        elif len(parts) != 2 or not folder.is_dir():
            self._refuse(404, "RepoNotFound")
        else:
            return folder, commit_of(folder), repo_id
        return None

    def _entries(self, folder: Path) -> list[dict[str, object]]:
        return [self._entry(folder, file) for file in _files(folder)]

    def _entry(self, folder: Path, file: Path) -> dict[str, object]:
        path, size = str(file.relative_to(folder)), file.stat().st_size
        return {"type": "file", "path": path, "size": size, "oid": _name_of(file)}

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(
        self, status: int, code: str | None, words: str | None = None, *, headers: Mapping[str, str] | None = None
    ) -> None:
        named = {"X-Error-Code": code, "X-Error-Message": words or code}
        said = {name: value for name, value in named.items() if value}
        self._send(status, b"{}", {"Content-Type": "application/json", **said, **(headers or {})})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str], *, only: int | None = None) -> None:
        """All of ``content``, or its ``only`` first bytes before the connection is cut."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:only])
        if only is not None:
            self.wfile.flush()
            self.close_connection = True
