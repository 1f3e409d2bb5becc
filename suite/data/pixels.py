"""Any image as a viewer shows it: upright, 8 bits a channel, grey or RGB. What a viewer must guess is refused."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from suite.errors import InputError

_BITS_PER_SAMPLE, _PHOTOMETRIC, _BLACK_IS_ZERO = 258, 262, 1
_GREY = ("1", "L")
_COLOUR = ("RGB", "P", "CMYK", "YCbCr", "HSV", "RGBX")
_WITH_ALPHA = ("LA", "PA", "RGBA")
_FULL_16_BITS = 65535


def check(image: Image.Image, name: str) -> None:
    """Raises InputError where the header alone says that the pixels' range is unknown; decodes nothing."""
    if image.mode in (*_GREY, *_COLOUR, *_WITH_ALPHA) or _is_16_bits(image):
        return
    what = f"the image's pixels have no known range (mode {image.mode} of {image.format})"
    raise InputError(what, got=name, remedy="save it with 8 bits a channel")


def plain(image: Image.Image, name: str) -> Image.Image:
    """The image in mode ``L`` or ``RGB``, turned as its EXIF orientation says.

    Raises:
        InputError: its pixels' range is unknown, or it shows through to a background that no file names.
    """
    check(image, name)
    shades = _is_16_bits(image)
    image.load()
    upright = ImageOps.exif_transpose(image)
    if shades:
        return Image.fromarray(np.rint(np.asarray(upright) * (255 / _FULL_16_BITS)).astype(np.uint8))
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        if upright.getchannel("A").getextrema()[0] != 255:
            what = "the image is partly transparent, and what stands behind it is unknown"
            raise InputError(what, got=name, remedy="save it without transparency, on the background it is meant for")
    return upright.convert("L" if upright.mode in _GREY else "RGB")


def _is_16_bits(image: Image.Image) -> bool:
    """Whether grey pixels go from black at 0 to white at 65535."""
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        plain_grey = (tags.get(_BITS_PER_SAMPLE), tags.get(_PHOTOMETRIC)) == ((16,), _BLACK_IS_ZERO)
        return plain_grey and image.mode.startswith("I;16")
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM"))
