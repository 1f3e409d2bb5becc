import re
import xml.etree.ElementTree as ElementTree

import pytest

from suite.report.charts.hatching import swatch, texture, with_textures
from suite.report.charts.svg_minify import compact


def drawing(fill):
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="10"><rect fill="{fill}"/></svg>'


def test_measured_figures_are_plain():
    assert texture("measured", "a") is None
    assert with_textures(drawing("#2f7fd1")) == drawing("#2f7fd1")


@pytest.mark.parametrize("basis", ["estimated", "simulated", "replayed"])
def test_a_drawing_carries_the_pattern_that_it_uses(basis):
    svg = with_textures(drawing(texture(basis, "chart-1-wide")))
    patterns = ElementTree.fromstring(svg).findall(".//{http://www.w3.org/2000/svg}pattern")
    assert [pattern.get("id") for pattern in patterns] == [f"texture-{basis}-chart-1-wide"]
    assert f'fill="url(#texture-{basis}-chart-1-wide)"' in svg


def test_patterns_of_two_drawings_have_two_names():
    assert texture("estimated", "chart-1-wide") != texture("estimated", "chart-1-narrow")


def test_a_drawing_alone_has_a_colour_where_there_is_no_page():
    svg = with_textures(drawing(texture("estimated", "a")))
    assert "stroke:var(--panel,#fff)" in svg


def test_text_that_reads_like_a_pattern_makes_none():
    svg = "<svg><text>url(#texture-estimated-a)</text></svg>"
    assert with_textures(svg) == svg


def test_a_swatch_is_a_drawing_of_its_own():
    made = swatch("estimated", "#2f7fd1", "legend")
    assert re.findall(r'id="([^"]+)"', made) == ["texture-estimated-legend"]
    assert "pattern" not in swatch("measured", "#2f7fd1", "legend")


def test_defaults_and_empty_paths_go_and_the_rest_stays():
    empty = '<path class="foreground" aria-hidden="true" d="" display="none"/>'
    written = f'<g>{empty}<line x2="0" y2="5.12345" opacity="1"/></g>'
    assert compact(written) == '<g><line y2="5.12"/></g>'


def test_paths_that_draw_something_and_other_opacities_stay():
    written = '<path class="background" d="M0,0h430v300h-430Z"/><line opacity="0.5" x2="10" stroke-width="2"/>'
    assert compact(written) == written


def test_text_between_tags_is_nobodys_attribute():
    written = '<text>a opacity="1" of 0.12345</text>'
    assert compact(written) == written
