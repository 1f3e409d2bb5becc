"""A stand-in of the model hub on 127.0.0.1: answers what ``huggingface_hub`` asks, from a folder.

Layout: ``ROOT/models/OWNER/NAME/FILE`` and ``ROOT/datasets/OWNER/NAME/FILE``. Every repository has one commit,
``commit_of(folder)``, and the branch ``main``. Point ``HF_ENDPOINT`` at ``url`` before the library is imported.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


def commit_of(folder: Path) -> str:
    """Forty hexadecimal digits that stand for the content of a repository."""
    digest = hashlib.sha1(usedforsecurity=False)
    for file in _files(folder):
        digest.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return digest.hexdigest()


class HubStandIn(ThreadingHTTPServer):
    """Serves ``root``; ``gated`` repositories refuse their files with 403, ``broken`` ones every call with 503."""

    daemon_threads = True

    def __init__(self, root: Path, gated: tuple[str, ...], broken: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.gated, self.broken = root, gated, broken
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def hub_stand_in(root: Path, *, gated: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> Iterator[HubStandIn]:
    server = HubStandIn(root, gated, broken)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


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
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if parts[0] == "api":
            self._api(parts[1:], body)
        else:
            kind, parts = ("datasets", parts[1:]) if parts[0] == "datasets" else ("models", parts)
            self._resolve(kind, parts)

    def _api(self, parts: list[str], body: bytes) -> None:
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
        names = [str(file.relative_to(folder)) for file in _files(folder)]
        info = {"_id": commit[:24], "id": repo_id, "sha": commit, "private": False, "gated": False, "tags": []}
        return self._json(info | {"downloads": 0, "likes": 0, "siblings": [{"rfilename": name} for name in names]})

    def _resolve(self, kind: str, parts: list[str]) -> None:
        found = self._repository(kind, parts[:2])
        if found is None:
            return None
        folder, commit, repo_id = found
        if repo_id in self.server.gated:
            return self._refuse(403, "GatedRepo")
        if parts[3] not in ("main", commit):
            return self._refuse(404, "RevisionNotFound")
        file = folder / "/".join(parts[4:])
        if not file.is_file():
            return self._refuse(404, "EntryNotFound", {"X-Repo-Commit": commit})
        content = file.read_bytes()
        etag = f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"'
        headers = {"X-Repo-Commit": commit, "ETag": etag, "Content-Type": "application/octet-stream"}
        return self._send(200, content, headers)

    def _repository(self, kind: str, parts: list[str]) -> tuple[Path, str, str] | None:
        repo_id = "/".join(parts)
        folder = self.server.root / kind / repo_id
        if repo_id in self.server.broken:
            self._refuse(503, None)
        elif len(parts) != 2 or not folder.is_dir():
            self._refuse(404, "RepoNotFound")
        else:
            return folder, commit_of(folder), repo_id
        return None

    def _entries(self, folder: Path) -> list[dict[str, object]]:
        return [self._entry(folder, file) for file in _files(folder)]

    def _entry(self, folder: Path, file: Path) -> dict[str, object]:
        content = file.read_bytes()
        oid = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        return {"type": "file", "path": str(file.relative_to(folder)), "size": len(content), "oid": oid}

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str | None, headers: dict[str, str] | None = None) -> None:
        named = {"X-Error-Code": code, "X-Error-Message": code} if code else {}
        self._send(status, b"{}", {"Content-Type": "application/json", **named, **(headers or {})})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
