"""Images of all kinds, as a viewer shows them."""

import io

import numpy as np
import pytest
from PIL import Image

from suite.data.images import ImageExample
from suite.errors import InputError

ORIENTATION = 0x0112


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    example = ImageExample(content=stream.getvalue(), name="a picture", label=0)
    example.check()
    return example


def turned(image, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return {"exif": exif}


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_a_picture_is_turned_as_its_exif_says(kind):
    """Orientation 6: the first row of the file is the right-hand side (TIFF 6.0, tag 274)."""
    image = Image.new("RGB", (16, 8), "black")
    image.paste("white", (0, 0, 16, 4))  # the upper half
    found = saved(image, kind, **turned(image, 6))["image"]
    assert found.size == (8, 16)
    assert found.getpixel((7, 8))[0] > 200
    assert found.getpixel((0, 8))[0] < 50


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_of_grey_become_eight(kind):
    shades = np.array([[0, 257, 128 * 257, 65535]], np.uint16)  # 257 = 65535 / 255
    found = saved(Image.fromarray(shades), kind)["image"]
    assert (found.mode, np.asarray(found).tolist()) == ("L", [[0, 1, 128, 255]])


def test_a_tiff_whose_bits_are_unclear_is_refused():
    with pytest.raises(InputError, match=r"no known range \(mode I of TIFF\), got 'a picture', save it with 8 bits"):
        saved(Image.fromarray(np.array([[0, 70000]], np.int32)), "TIFF")


def test_float_pixels_are_refused():
    with pytest.raises(InputError, match="no known range"):
        saved(Image.fromarray(np.array([[0.0, 0.5]], np.float32)), "TIFF")


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (10, 20, 30, 255)), ("LA", (40, 255))])
def test_alpha_that_covers_everything_is_dropped(mode, colour):
    found = saved(Image.new(mode, (2, 2), colour), "PNG")["image"]
    assert (found.mode, found.getpixel((0, 0))) == ("RGB", colour[:3] if mode == "RGBA" else (40, 40, 40))


def test_what_shows_through_is_refused():
    image = Image.new("RGBA", (2, 2), (10, 20, 30, 255))
    image.putpixel((1, 1), (200, 0, 0, 254))
    with pytest.raises(InputError, match=r"partly transparent.*got 'a picture'"):
        saved(image, "PNG")["image"]


def test_a_palette_gives_its_colours():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    found = saved(image, "PNG")["image"]
    assert [found.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0), (0, 0, 255)]


def test_a_palette_with_a_transparent_colour_in_use_is_refused():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    with pytest.raises(InputError, match="partly transparent"):
        saved(image, "GIF", transparency=1)["image"]


@pytest.mark.parametrize(("mode", "colour", "seen"), [("1", 1, 255), ("L", 77, 77), ("CMYK", (0, 0, 0, 0), (255,) * 3)])
def test_plain_pictures_keep_their_shades(mode, colour, seen):
    found = saved(Image.new(mode, (2, 2), colour), "TIFF")["image"]
    assert found.mode == ("RGB" if mode == "CMYK" else "L")
    assert found.getpixel((0, 0)) == seen
