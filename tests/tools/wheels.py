"""Wheels made by hand, as pip accepts them."""

import base64
import hashlib
import zipfile
from pathlib import Path


def make_wheel(
    folder: Path, filename: str, files: dict[str, str] | None = None, requires: tuple[str, ...] = ()
) -> Path:
    """A wheel ``name-version-python-abi-platform.whl`` of the files given by path, or of one module."""
    name, version, *tag = filename.removesuffix(".whl").split("-")
    info = f"{name}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
    members = {
        **(files or {f"{name}/__init__.py": ""}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: {'-'.join(tag)}\n",
    }
    record = "".join(f"{path},sha256={sha256(text.encode())},{len(text)}\n" for path, text in members.items())
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / filename, "w") as archive:
        for path, text in {**members, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return folder / filename


def sha256(content: bytes) -> str:
    """The form that RECORD has it in."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
