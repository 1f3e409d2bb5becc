"""Sections of crossovers, stacks, scaling, training, components and published figures in a real browser."""

import io
import re
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image

from suite.report.build import build_report
from tests.browser.test_accessibility import violations
from tests.synthetic import ESTIMATED, record, windows, write_run

pytestmark = pytest.mark.browser
PRUNING, INT8 = ("structured_pruning", {"share": 0.5}), ("int8_dynamic", {})
SECTIONS = ("components", "crossover", "scaling", "stacks", "training", "published", "speed_and_size")


def records():
    stacks = (((), 1.0), ((PRUNING,), 0.5), ((INT8,), 0.8), ((PRUNING, INT8), 0.38))
    made = [
        record(
            mitigations=stack,
            batch_size=size,
            device="cuda",
            minute=minute,
            run_windows=windows(
                [ratio * 0.99, ratio * 1.01] * 2,
                baseline_j=8.0 / size,
                component="gpu",
                method="simulated:nvml_energy_counter",
                beside={"cpu": (1.0 / size, ESTIMATED)},
                time_ratio=ratio,
            ),
        )
        for minute, (size, (stack, ratio)) in enumerate((size, one) for size in (1, 8, 64) for one in stacks)
    ]
    training = {"phase": "training", "workload": "training_steps"}
    trained = record(mitigations=(("bf16", {}),), run_windows=windows([0.7] * 4), minute=30, **training)
    return [*made, trained]


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "sections", records())
    return build_report(folder, folder.parent / "report" / "index.html").as_uri()


def test_all_sections_are_there_without_javascript(visit, where):
    page, said, _ = visit(where=where, java_script_enabled=False)
    assert said == []
    for name in SECTIONS:
        assert page.locator(f"#{name}").is_visible()
    for name in set(SECTIONS) - {"training"}:
        assert page.locator(f"#{name} .drawing.wide svg").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(visit, where, scheme, width):
    page, _, _ = visit(where=where, width=width, color_scheme=scheme)
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_but_tables_scrolls_sideways(visit, where, width):
    page, _, _ = visit(where=where, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_identifier_stands_twice(visit, where):
    page, _, _ = visit(where=where)
    found = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert sorted(name for name in set(found) if found.count(name) > 1) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_saved_chart_keeps_its_patterns(visit, where, scheme):
    page, _, _ = visit(where=where, color_scheme=scheme)
    figure = page.locator("#components .chart").first
    with page.expect_download() as download:
        figure.get_by_role("button", name="SVG").click()
    text = download.value.path().read_text("utf-8")
    identifiers = {element.get("id") for element in ElementTree.fromstring(text).iter() if element.get("id")}
    used = set(re.findall(r"url\(#([^)]+)\)", text))
    assert {name.split("-")[1] for name in used} == {"simulated"}  # the CPU's estimate beside a GPU is not drawn
    assert used <= identifiers


def painted(page, selector):
    """Colours of the pixels along the middle of a bar."""
    image = Image.open(io.BytesIO(page.locator(selector).first.screenshot())).convert("RGB")
    return {image.getpixel((x, image.height // 2)) for x in range(2, image.width - 2)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_patterns_are_painted_in_the_colour_of_the_panel(visit, where, scheme):
    page, _, _ = visit(where=where, color_scheme=scheme)
    panel = page.evaluate("getComputedStyle(document.querySelector('#components')).backgroundColor")
    colour = tuple(map(int, re.findall(r"\d+", panel)[:3]))
    bar = '#components .drawing.wide path[fill^="url(#texture-estimated"]'
    assert colour in painted(page, bar)
