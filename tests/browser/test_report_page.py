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
    assert page.locator("#filter-count").inner_text() == "shown: 6 of 67"
    page.get_by_label("Verdict", exact=True).select_option("")
    page.get_by_label("Pareto front only").check()
    assert 0 < rows.count() == page.locator("#techniques tr[data-front]").count()


def gate(page, number=1):
    return page.locator(f"#gate-{number}"), page.locator(f'.card[data-gated="{number}"]')


def verdicts_of(page, record):
    return set(page.locator(f'[data-claim="{record}"] .verdict').all_inner_texts())


def test_the_gate_starts_at_the_margin_in_the_units_of_the_score(visit):
    page, said, _ = visit()
    gates = json.loads(page.locator("#gate-data").text_content())["gates"]
    assert len(gates) == 3
    for number, found in gates.items():
        box, card = gate(page, number)
        assert float(box.input_value()) == found["margin"]
        assert not card.locator(".gated").is_visible()
    assert page.locator("#gate-unit-1").inner_text() == "pt"
    assert page.locator("#gate-does").is_visible()
    assert said == []


@pytest.mark.parametrize("loss", ["0", "0.8", "3", "20"])
def test_sentence_lists_and_verdicts_agree_at_every_setting_of_the_gate(visit, loss):
    page, said, _ = visit()
    found = json.loads(page.locator("#gate-data").text_content())["gates"]["1"]
    before = page.locator('.card[data-gated="1"] .rest').inner_text()
    box, card = gate(page)
    box.fill(loss)
    words = card.locator(".answer").inner_text().lower() + card.locator(".rest").inner_text().lower()
    saving = 0
    for record, point in found["points"].items():
        claim = [step for step in point["steps"] if step[0] <= float(loss) + 1e-9][-1][1]
        row = page.locator(f'#techniques tr[data-record="{record}"]')
        assert row.get_attribute("data-verdict") == claim
        assert len(verdicts_of(page, record)) == 1
        assert verdicts_of(page, record) == {row.locator(".verdict").inner_text()}
        name = row.locator("th").inner_text().replace("Pareto", "").replace("near the front", "").strip().lower()
        assert name in words
        saving += claim == "saves"
    listed = card.locator(".notes li", has_text="saves:").locator("span").last
    named = listed.inner_text().count("%") if listed.count() else 0
    sentences = [card.locator(".answer").inner_text(), *card.locator(".further").all_inner_texts()]
    without = ("loses", "not measured", "None of", "does not")
    in_sentences = sum(" saves " in each and not any(word in each for word in without) for each in sentences)
    assert named + in_sentences == saving
    card.page.locator('[data-gate="1"] button').click()
    assert card.locator(".rest").inner_text() == before
    assert said == []


def test_the_gate_moves_the_line_and_marks_the_rows_beyond_it(visit):
    api = pytest.importorskip("playwright.sync_api")
    page, _, _ = visit()
    draw_all(page)
    line = page.locator("#tradeoff .drawing.wide svg .mark-rule.role-mark line").first
    before, rows = line.get_attribute("transform"), page.locator("#techniques tr.beyond-gate")
    gate(page)[0].fill("2.5")
    api.expect(line).not_to_have_attribute("transform", before)
    few = rows.count()
    gate(page)[0].fill("0")
    assert rows.count() > few


@pytest.mark.parametrize("nonsense", ["-1", "", "1e9"])
def test_the_gate_refuses_nonsense_and_stays_where_it_was(visit, nonsense):
    page, said, _ = visit()
    box, card = gate(page)
    box.fill("3")
    before = card.inner_text()
    box.fill(nonsense)
    assert "Not taken" in page.locator("#gate-refused-1").inner_text()
    assert box.get_attribute("aria-invalid") == "true"
    assert card.inner_text() == before
    box.fill("3")
    assert page.locator("#gate-refused-1").inner_text() == ""
    assert said == []


def test_the_gate_is_set_by_keyboard(visit):
    page, _, _ = visit()
    box, card = gate(page)
    before = float(box.input_value())
    page.locator('[data-gate="1"] input[type="range"]').focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert float(box.input_value()) > before
    assert card.locator(".gated").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert float(box.input_value()) == before


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
    of_tradeoff = page.locator("#tradeoff").get_by_role("button", name=f"Save as {kind}")
    assert buttons.count() == page.locator("section .chart[data-name]").count() > 10
    with page.expect_download() as download:
        of_tradeoff.first.click()
    assert download.value.suggested_filename == f"embedded-image-classification-tradeoff-1.{kind.lower()}"
    download.value.save_as(tmp_path / "chart")
    content = (tmp_path / "chart").read_bytes()
    assert content.startswith(b"\x89PNG" if kind == "PNG" else b"<svg")
    if kind == "SVG":
        words = unquote(content.decode())
        assert "distillation" in words
        assert "Energy against accuracy: image classification" in words
        assert "saves, loses accuracy" in words
    assert said == []


def test_every_figure_is_there_without_javascript(visit):
    page, _, _ = visit(java_script_enabled=False)
    assert page.locator("#techniques tbody tr").count() == 67
    assert page.locator("table.windows [data-j]").count() > 600
    assert not page.locator("#gate").is_visible()
