"""The crossover map in a real browser: measured beside estimated, with published rows and every kind of cell."""

import pytest

from suite.report.build import build_report
from tests.browser.test_accessibility import violations
from tests.synthetic import write_run
from tests.synthetic_run import crossover_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    estimated = crossover_run(4, device="cpu", dtype="float32", task="text_classification")
    return write_run(tmp_path_factory.mktemp("runs") / "crossover", [*crossover_run(), *estimated])


@pytest.fixture(scope="module")
def where(folder):
    return build_report(folder, folder.parent / "report" / "index.html").as_uri()


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing(visit, where, scheme, width):
    page, _, _ = visit(where=where, width=width, color_scheme=scheme)
    page.locator("#crossover details").first.evaluate("each => { each.open = true }")
    assert violations(page) == []


@pytest.mark.parametrize(("width", "language"), [(320, "en"), (390, "en"), (390, "it")])
def test_nothing_but_tables_scrolls_sideways(visit, folder, tmp_path, width, language):
    made = build_report(folder, tmp_path / "index.html", language=language)
    page, _, _ = visit(where=made.as_uri(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_table_fits_a_screen(visit, where):
    page, _, _ = visit(where=where, width=1280)
    region = page.locator("#crossover .scroll").first
    assert region.evaluate("each => each.scrollWidth <= each.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_cell_is_coloured_by_what_it_found_and_hatched_where_it_found_nothing(visit, where, scheme):
    page, _, _ = visit(where=where, color_scheme=scheme)
    looks = {
        finding: page.locator(f"#crossover td.{finding}").first.evaluate(
            "cell => { const style = getComputedStyle(cell); return [style.backgroundColor, style.backgroundImage]; }"
        )
        for finding in ("saves", "costs-energy", "no-detectable-change", "unresolved")
    }
    assert len({colour for colour, _ in looks.values()}) == 4
    assert [finding for finding, (_, image) in looks.items() if "gradient" in image] == ["unresolved"]


def test_a_cell_opens_its_point(visit, where):
    page, said, _ = visit(where=where)
    link = page.locator("#crossover td.cell a").first
    link.click()
    assert page.locator(f"details.point[open]{link.get_attribute('href')}").is_visible()
    assert said == []
