"""A labelled image that is decoded each time it is asked for, so that a large folder costs no memory."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from suite.data import pixels
from suite.data.boxes import Box
from suite.data.labels import Label
from suite.errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")

_DECODE_ERRORS = (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""What Pillow raises for a damaged file, by format."""

_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)
"""EXIF's tag of how a camera was held, and its values for a quarter turn."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageExample(Mapping[str, Any]):
    """Has the keys ``image`` (decoded, upright, 8 bits, grey or RGB) and ``label``; ``source`` where it is known.

    Attributes:
        content: the file, or its bytes where the image came inside a table.
        name: for messages.
        label: as found; for several objects in boxes, all of them.
        source: equal where images are the same; None where all of a split differ.
    """

    content: Path | bytes
    name: str
    label: Label | tuple[Box, ...]
    source: int | None = None

    def __getitem__(self, key: str) -> Any:
        if key == "image":
            return self._decoded()
        if key == "label":
            return self.label
        if key == "source" and self.source is not None:
            return self.source
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(("image", "label") if self.source is None else ("image", "label", "source"))

    def __len__(self) -> int:
        return 2 if self.source is None else 3

    def check(self) -> None:
        """Reads the header only, which is quick.

        Raises:
            InputError: this is no image, or one whose pixels can be read in several ways.
        """
        try:
            with Image.open(self._file()) as image:
                pixels.check(image, self.name)
        except _DECODE_ERRORS as error:
            raise self._broken() from error

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the upright image, by its header."""
        with Image.open(self._file()) as image:
            turned = image.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE
            return (image.height, image.width) if turned else image.size

    @functools.cached_property
    def key(self) -> bytes:
        """SHA-256 of the file's bytes."""
        content = self.content if isinstance(self.content, bytes) else self.content.read_bytes()
        return hashlib.sha256(content).digest()

    def _decoded(self) -> Image.Image:
        try:
            with Image.open(self._file()) as image:
                return pixels.plain(image, self.name)
        except _DECODE_ERRORS as error:
            raise self._broken() from error

    def _file(self) -> Path | io.BytesIO:
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content

    def _broken(self) -> InputError:
        return InputError("the image cannot be decoded", got=self.name, remedy="replace or remove the file")
