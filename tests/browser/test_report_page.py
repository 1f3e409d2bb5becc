"""The report in a real browser: offline, quiet, readable with and without JavaScript."""

import json
from urllib.parse import unquote

import pytest

pytestmark = pytest.mark.browser


def draw_all(page):
    """Scrolls every drawing that the script redraws into view until the script has drawn it."""
    count = page.locator(".drawing[data-chart]:visible").count()
    for number in range(count):
        drawing = page.locator(".drawing[data-chart]:visible").nth(number)
        drawing.scroll_into_view_if_needed()
        drawing.locator("xpath=self::*[@data-drawn]").wait_for(timeout=20_000)
    return count


def test_no_console_message_and_no_request_while_all_charts_are_drawn(visit, address):
    page, said, requested = visit()
    assert draw_all(page) == 15  # three on the first screen, six trade-offs, six forests
    assert said == []
    assert [url for url in requested if not url.startswith("data:")] == [address]


def test_charts_and_tables_show_without_javascript(visit):
    page, said, _ = visit(java_script_enabled=False)
    assert said == []
    drawing = page.locator("#tradeoff .drawing.wide svg").first
    assert drawing.is_visible()
    assert "distillation" in drawing.text_content()
    assert page.locator("#techniques tbody tr").first.is_visible()
    assert not page.locator("#filter").is_visible()


def test_a_phone_needs_no_sideways_scrolling(visit):
    page, _, _ = visit(width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not page.locator("#tradeoff .drawing.wide").first.is_visible()
    assert page.locator("#tradeoff .drawing.narrow svg").first.is_visible()


def test_a_click_sorts_the_numbers(visit):
    page, _, _ = visit()
    table = page.locator("#techniques table").first
    table.get_by_role("button", name="energy change").click()

    def ratios():
        cells = table.locator("tbody [data-field=energy_ratio]").all()
        return [float(cell.get_attribute("data-value")) for cell in cells]

    assert ratios() == sorted(ratios())
    table.get_by_role("button", name="energy change").click()
    assert ratios() == sorted(ratios(), reverse=True)
    assert "skipped" in table.locator("tbody tr").last.text_content()


def test_the_search_leaves_what_matches(visit):
    page, _, _ = visit()
    page.locator("#filter").fill("distillation")
    assert page.locator("#techniques tbody tr:visible").count() == 3  # one a task


def test_a_link_to_a_point_opens_it(visit):
    page, _, _ = visit()
    page.locator("#techniques tbody th a", has_text="distillation").first.click()
    assert page.locator("details.point[open] pre.command").first.is_visible()


def test_colours_follow_the_system(visit):
    light, _, _ = visit(color_scheme="light")
    dark, _, _ = visit(color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert light.evaluate(background) != dark.evaluate(background)


def test_downloads_are_files(visit):
    page, _, _ = visit()
    with page.expect_download() as download:
        page.get_by_role("link", name="results.csv").click()
    assert download.value.suggested_filename == "results.csv"


def test_the_verdict_and_the_front_can_be_chosen(visit):
    page, _, _ = visit()
    rows = page.locator("#techniques tbody tr:visible")
    page.get_by_label("Verdict", exact=True).select_option("skipped")
    assert rows.count() == 6
    assert page.locator("#filter-count").inner_text() == "6 of 67 points shown"
    page.get_by_label("Verdict", exact=True).select_option("")
    page.get_by_label("Pareto front only").check()
    assert 0 < rows.count() == page.locator("#techniques tr[data-front]").count()


def test_the_gate_names_the_best_technique_within_it(visit):
    page, said, _ = visit()
    cards = page.locator(".gated")
    assert not cards.first.is_visible()
    groups = json.loads(page.locator("#gate-data").text_content())
    for share in ("0.5", "3", "100"):
        page.get_by_label("Accuracy gate").fill(share)
        for number in range(cards.count()):
            group = groups[cards.nth(number).get_attribute("data-group")]
            gate = float(share) / 100 * group["baseline"]
            within = [each for each in group["candidates"] if each["high"] < 1 and each["loss"] <= gate]
            best = min(within, key=lambda each: each["ratio"], default=None)
            words = f"{best['technique']} saves {best['saving']}" if best else "no technique clearly saves energy"
            assert words in cards.nth(number).inner_text()
    page.get_by_role("button", name="own margin").click()
    assert not cards.first.is_visible()
    assert said == []


def test_the_gate_moves_the_line_and_marks_the_rows_beyond_it(visit):
    api = pytest.importorskip("playwright.sync_api")
    page, _, _ = visit()
    draw_all(page)
    line = page.locator("#tradeoff .drawing.wide svg .mark-rule.role-mark line").first
    before, rows = line.get_attribute("transform"), page.locator("#techniques tr.beyond-gate")
    page.get_by_label("Accuracy gate").fill("4")
    api.expect(line).not_to_have_attribute("transform", before)
    few = rows.count()
    page.get_by_label("Accuracy gate").fill("0")
    assert rows.count() > few > 0


def test_the_gate_is_set_by_keyboard(visit):
    page, _, _ = visit()
    page.locator("#gate-range").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.get_by_label("Accuracy gate").input_value() == "0.5"
    assert page.locator(".gated:visible").count() == 3


def test_an_opened_point_draws_each_window(visit):
    page, said, _ = visit()
    point = page.locator("details.point", has_text="distillation").first
    point.locator("summary").first.focus()
    page.keyboard.press("Enter")
    marks = point.locator(".windows-chart svg .mark-symbol.role-mark path")
    marks.first.wait_for()
    assert marks.count() == point.locator("table.windows [data-j]").count() == 20
    assert said == []


def test_the_command_is_copied(visit):
    page, _, _ = visit(permissions=["clipboard-read", "clipboard-write"])
    point = page.locator("details.point", has_text="distillation").first
    point.locator("summary").first.click()
    point.get_by_role("button", name="Copy the command").click()
    point.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == point.locator("pre.command").inner_text()


def test_a_card_tells_how_a_technique_works(visit):
    page, _, _ = visit()
    page.locator("details.point", has_text="distillation").first.locator("summary").first.click()
    page.get_by_role("link", name="How distillation works").first.click()
    assert "Source" in page.locator("#card-distillation[open]").inner_text()


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_every_chart_can_be_saved(visit, tmp_path, kind):
    page, said, _ = visit()
    buttons = page.get_by_role("button", name=f"Save as {kind}")
    assert buttons.count() == page.locator("section .chart[data-name]").count() > 10
    with page.expect_download() as download:
        buttons.first.click()
    assert download.value.suggested_filename == f"tradeoff-1.{kind.lower()}"
    download.value.save_as(tmp_path / "chart")
    content = (tmp_path / "chart").read_bytes()
    assert content.startswith(b"\x89PNG" if kind == "PNG" else b"<svg")
    if kind == "SVG":
        assert "distillation" in unquote(content.decode())
    assert said == []


def test_every_figure_is_there_without_javascript(visit):
    page, _, _ = visit(java_script_enabled=False)
    assert page.locator("#techniques tbody tr").count() == 67
    assert page.locator("table.windows [data-j]").count() > 600
    assert not page.locator("#gate").is_visible()
