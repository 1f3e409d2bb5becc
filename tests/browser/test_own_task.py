"""A run of one task on data of the user's own, whose names are long: on a phone, on a screen, in print and saved."""

import re

import msgspec
import pytest

from suite.report.build import build_report
from tests.synthetic import write_run
from tests.synthetic_run import embedded_run

pytestmark = pytest.mark.browser

TASK = "text_classification[data=reviews_of_customers_2026.jsonl@4d79eb6b]"
MODEL = "our_sentence_classifier_v2@0a1b2c3d"
OUTSIDE = """() => [...document.querySelectorAll("main *, footer *")].filter((each) => {
  if (each.closest(".scroll, svg, .sprite") || !each.getClientRects().length) return false;
  const cut = each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === "hidden";
  return cut || each.getBoundingClientRect().right > innerWidth + 1;
}).map((each) => each.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    made = [
        msgspec.structs.replace(one, point=point, point_id=point.point_id)
        for one in embedded_run()
        if one.point.task == "text_classification" and one.point.phase == "inference"
        for point in [msgspec.structs.replace(one.point, task=TASK, model=MODEL)]
    ]
    return build_report(write_run(folder / "my-run", made), folder / "page" / "index.html").as_uri()


@pytest.mark.parametrize("width", [390, 800, 1100, 1400])
def test_nothing_is_wider_than_the_window(visit, width):
    page, said, _ = visit(width=width)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.locator(".windows-chart svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []
    assert said == []


def test_headings_leave_the_fingerprints_to_the_details(visit):
    page, _, _ = visit()
    seen = [*page.locator("h2, h3, .card, .gate-row, table").all_inner_texts(), page.title()]
    assert not [each for each in seen if re.search("4d79eb6b|0a1b2c3d", each)]
    assert page.locator("#tradeoff h3").first.inner_text().startswith("Text classification (data=reviews_of_customers")
    details = page.locator("details.point").first.text_content()
    assert TASK in details
    assert MODEL in details


def test_the_only_card_has_the_large_chart_and_the_width(visit):
    page, _, _ = visit(width=1400)
    page.locator(".card .drawing.wide[data-drawn]").wait_for()
    chart = page.locator(".card .drawing.wide svg")
    assert chart.bounding_box()["width"] > 700
    assert page.locator(".card .drawing.narrow").count() == 0
    lists = page.locator(".card .rest").bounding_box()
    assert lists["x"] >= chart.bounding_box()["x"] + chart.bounding_box()["width"]


def test_the_gate_moves_the_line_of_the_card_and_of_the_section(visit):
    api = pytest.importorskip("playwright.sync_api")
    page, said, _ = visit(width=1400)
    lines = []
    for place in (".card", "#tradeoff"):
        drawing = page.locator(f"{place} .drawing.wide").first
        drawing.scroll_into_view_if_needed()
        drawing.locator("xpath=self::*[@data-drawn]").wait_for(timeout=20_000)
        lines.append(drawing.locator("svg .mark-rule.role-mark line").first)
    before = [line.get_attribute("transform") for line in lines]
    page.locator("#gate-1").fill("2.5")
    for line, was in zip(lines, before, strict=True):
        api.expect(line).not_to_have_attribute("transform", was)
    assert said == []


@pytest.mark.parametrize("width", [390, 800])
def test_the_name_of_a_row_stays_where_a_table_is_wider_than_the_window(visit, width):
    page, _, _ = visit(width=width)
    table = page.locator("#techniques .scroll").first
    assert table.evaluate("each => each.scrollWidth - each.clientWidth") > 0
    table.evaluate("each => { each.scrollLeft = 1000; }")
    edge = table.bounding_box()["x"]
    for heading in (table.locator("thead th").first, table.locator("tbody th").nth(1)):
        assert heading.bounding_box()["x"] == pytest.approx(edge, abs=1)
        assert heading.bounding_box()["width"] < width / 2
        assert heading.evaluate("each => getComputedStyle(each).backgroundColor").startswith("rgb(")


def test_in_print_nothing_is_folded_and_intervals_are_the_smaller_figures(visit):
    page, _, _ = visit(width=703)  # what the margins leave of A4
    page.emulate_media(media="print")
    size = "each => parseFloat(getComputedStyle(each).fontSize)"
    cell = page.locator("#techniques td:has(.interval)").first
    assert cell.locator(".interval").evaluate(size) < cell.locator("[data-field]").evaluate(size)
    for heading in page.locator("h2, h3").all():
        assert heading.evaluate("each => getComputedStyle(each).breakAfter") == "avoid"
    folded = page.locator("details:not(.point):not([open])")
    assert folded.count() > 0
    for each in folded.all():
        assert each.is_hidden() or each.evaluate("each => [...each.children].at(-1).getBoundingClientRect().height") > 0
    assert not page.locator("#points").is_visible()
    assert not page.locator("#what-if").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 703


def test_a_point_that_the_reader_opened_is_printed(visit):
    page, _, _ = visit()
    page.locator("details.point summary").first.click()
    page.emulate_media(media="print")
    assert page.locator("details.point pre.command").first.is_visible()


def test_a_saved_chart_says_what_it_is(visit, tmp_path):
    page, _, _ = visit(color_scheme="dark")
    with page.expect_download() as download:
        page.locator("#energy").get_by_role("button", name="Save as SVG").first.click()
    found = download.value
    assert found.suggested_filename == "my-run-text-classification-data-reviews-of-customers-2026.jsonl-forest-1.svg"
    found.save_as(tmp_path / "chart.svg")
    page.goto((tmp_path / "chart.svg").as_uri())
    words = page.locator("svg text").all_text_contents()
    title = " ".join(words)
    assert "Change of energy, with intervals: text classification (data=reviews_of_customers_2026.jsonl)" in title
    assert "inference · offline · batch 32 · float32 · cpu · our_sentence_classifier_v2" in title
    assert {"saves", "costs energy", "no detectable change"} <= set(words)
    boxes = page.locator("svg > text").evaluate_all("all => all.map((each) => each.getBBox().x + each.getBBox().width)")
    assert max(boxes) <= page.evaluate("document.documentElement.viewBox.baseVal.width")
