import io
import itertools
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from suite.report.build import read_report
from suite.report.charts import paper_figure
from suite.report.charts.paper_figure import drawn_figure
from tests.synthetic import binary_scores, environment, record, windows, write_run

pytestmark = pytest.mark.slow

PRUNING = (("structured_pruning", {"ratio": 0.5}),)
SVG = "{http://www.w3.org/2000/svg}"


def point(ratio=0.5, mitigations=PRUNING, scored=True, **fields):
    scores = binary_scores(900, 3, 2, 95) if scored else None
    return record(mitigations=mitigations, run_windows=windows([ratio] * 4), scores=scores, **fields)


def drawn(tmp_path, *records):
    found = drawn_figure(read_report(write_run(tmp_path / "run", records)))
    return None if found is None else found[0].decode()


def own_words(svg):
    """Words that are not in a chart."""
    root = ElementTree.fromstring(svg)
    return [element.text for element in root if element.tag == f"{SVG}text"]


def panels(svg):
    return [element for element in ElementTree.fromstring(svg) if element.tag == f"{SVG}svg"]


@pytest.fixture(scope="module")
def embedded_figure(embedded):
    return drawn_figure(embedded)


def test_one_panel_a_task_with_the_leading_comparison(embedded_figure):
    svg = embedded_figure[0].decode()
    assert len(panels(svg)) == 3
    assert [words for words in own_words(svg) if words in TASKS] == list(TASKS)


TASKS = ("image classification", "text classification", "text generation")


def test_the_png_is_the_svg_at_twice_its_size_on_white(embedded_figure):
    svg, png = embedded_figure
    root = ElementTree.fromstring(svg)
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    assert image.size == tuple(round(2 * float(root.get(side))) for side in ("width", "height"))
    corners = [(0, 0), (image.width - 1, 0), (0, image.height - 1), (image.width - 1, image.height - 1)]
    assert {image.getpixel(corner) for corner in corners} == {(255, 255, 255, 255)}
    assert len(image.getcolors(1_000_000)) > 50  # and something is drawn on it


def test_panels_lie_beside_each_other_and_inside_the_figure(embedded_figure):
    root = ElementTree.fromstring(embedded_figure[0])
    places = [
        [float(panel.get(side)) for side in ("x", "y", "width", "height")] for panel in panels(embedded_figure[0])
    ]
    for (x, y, width, _), (next_x, next_y, _, _) in itertools.pairwise(places):
        assert x + width < next_x
        assert y == next_y
    assert all(
        x + width <= float(root.get("width")) and y + height < float(root.get("height"))
        for x, y, width, height in places
    )


def test_what_drawings_refer_to_is_their_own(embedded_figure):
    svg = embedded_figure[0].decode()
    identifiers = re.findall(r'\bid="([^"]+)"', svg)
    assert len(identifiers) == len(set(identifiers))
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= set(identifiers)


def test_the_figure_names_hardware_basis_and_verdicts(embedded_figure, embedded):
    said = " ".join(own_words(embedded_figure[0]))
    assert "Example CPU, 2 logical CPUs. Energy: estimated." in said
    assert "saves, loses accuracy" in said
    assert "saves, not scored" not in said


def test_an_unscored_task_is_drawn_by_its_energy_alone(tmp_path):
    svg = drawn(tmp_path, point(scored=False))
    assert "change of energy per query" in svg
    assert "Dashed line" not in " ".join(own_words(svg))


def test_no_technique_no_figure(tmp_path):
    assert drawn(tmp_path, record(run_windows=windows([1.0] * 4)), record(mitigations=PRUNING, status="failed")) is None


@pytest.mark.slow
def test_a_figure_of_many_tasks_says_how_many_it_leaves_out(tmp_path):
    svg = drawn(tmp_path, *(point(task=f"task_{number}", minute=number) for number in range(9)))
    assert len(panels(svg)) == paper_figure.MOST_PANELS
    assert "3 further tasks are in the report." in " ".join(own_words(svg))


def test_a_long_chart_of_energies_is_cut_with_words(tmp_path):
    made = [
        point(mitigations=(("structured_pruning", {"ratio": n / 100}),), scored=False, minute=n)
        for n in range(paper_figure.MOST_ROWS + 1)
    ]
    assert "Points that are not drawn stand in results.csv." in " ".join(own_words(drawn(tmp_path, *made)))


def test_names_cannot_leave_their_place(tmp_path):
    attack = '</text><script>alert(1)</script>" \x07 <!-- ]]>'
    svg = drawn(tmp_path, point(task=attack, model=attack, mitigations=((attack, {}),), where=environment(attack)))
    root = ElementTree.fromstring(svg)  # still well formed
    assert not [element for element in root.iter() if element.tag.endswith("script")]
