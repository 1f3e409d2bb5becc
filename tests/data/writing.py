"""Small data files for tests."""

import json
from pathlib import Path
from typing import Any

from PIL import Image


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"text": f"text {at}", "label": at % 2} for at in range(first, first + count)]


def write_jsonl(path: Path, items: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


def write_image(path: Path, shade: int, mode: str = "L") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (4, 4), shade).save(path)
    return path


def texts(examples: Any) -> list[str]:
    return [example["text"] for example in examples]
