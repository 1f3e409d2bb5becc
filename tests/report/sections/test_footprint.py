import json
import re

import pytest

from suite.carbon.place import find
from suite.report.build import read_report
from suite.report.page import _asset, _section, render, template_environment
from suite.report.prose.script_words import script_words
from suite.report.safe import safe_json
from suite.report.sections.footprint import context
from suite.report.view_model import make_report
from suite.text.i18n import number_format
from tests.synthetic import no_points, record, windows, write_run

PRUNING = (("structured_pruning", {"ratio": 0.5}),)
MOST_BYTES = 62_000
TAGS = {"measured", "estimated", "modelled", "published"}


@pytest.fixture(scope="module")
def found(embedded):
    return context(embedded)


@pytest.fixture(scope="module")
def html(embedded):
    return str(_section(template_environment(), "footprint", embedded).html)


def report_of(tmp_path, *records):
    return read_report(write_run(tmp_path / "run", list(records)))


def test_the_published_use_case_within_its_rounding(found):
    use, lines = found["rows"][-1]
    technique, impact = lines[0]
    assert technique is None
    assert use.grid.place == "Lombardy, Italy"
    assert impact.energy.value == pytest.approx(197, abs=0.5)
    assert impact.carbon.value == pytest.approx(55, abs=0.5)
    shares = [impact.shares[task] for task in ("image_generation", "text_generation", "other")]
    assert shares == pytest.approx([0.826, 0.151, 0.023], abs=0.001)


def test_a_measured_technique_goes_into_the_text_of_the_published_use_case_alone(found):
    use, ((_, without), (technique, put_in)) = found["rows"][-1]
    assert technique.task == "text_generation"
    text_kwh = without.energy.value * without.shares["text_generation"]
    assert put_in.energy.value == pytest.approx(without.energy.value - text_kwh * (1 - technique.ratio.value))
    assert {each.task for each in use.techniques} == {"text_generation"}


def test_a_year_of_this_run_worked_by_hand(tmp_path):
    """1 J a query without and 0.5 J with, 100,000 a day: 36.5 MJ, or 10.139 kWh, a year; half of it with."""
    pruned = record(mitigations=PRUNING, minute=1, run_windows=windows([0.5] * 4))
    (use, lines), *_ = context(report_of(tmp_path, record(run_windows=windows([1.0] * 4)), pruned))["rows"]
    assert (use.count, use.times) == (100_000, 365)
    assert lines[0][1].energy.value == pytest.approx(36.5 / 3.6)
    assert lines[0][1].carbon.value == pytest.approx(36.5 / 3.6 * 0.475)
    (technique,) = use.techniques
    assert technique.ratio.value == pytest.approx(0.5)


def test_wh_a_unit_is_what_the_script_counts_with(found):
    for use, lines in found["rows"]:
        wh = sum(part["wh"] for part in use.parts)
        assert wh * use.count * use.times / 1000 == pytest.approx(lines[0][1].it_energy.value)


def test_only_techniques_that_lose_no_accuracy_lead(found):
    for use in found["uses"]:
        assert use.leading is None or use.leading.verdict == "saves"


def own_use(context):
    (found,) = [use for use in context["uses"] if use.queries]
    return found


def generating(minute, task="text_generation", **fields):
    return record(task=task, run_windows=windows([1.0] * 4, baseline_j=3.6), minute=minute, **fields)


def test_this_run_s_energies_stand_beside_the_published_use_case(tmp_path):
    """3.6 J are 0.001 Wh: 633,000 texts take 0.633 kWh instead of 29.751; the images stay published."""
    found = context(report_of(tmp_path, generating(0)))
    use, ((technique, impact),) = found["rows"][-2]
    assert (use, technique) == (own_use(found), None)
    assert impact.energy.value == pytest.approx(167.955)
    assert use.ratio == pytest.approx(167.955 / 197.073)
    assert {task: figure.tag for task, figure in use.energies.items()} == {
        "image_generation": "published",
        "text_generation": "estimated",
    }
    assert (use.energy_tag, use.energy_year) == ("modelled", 2024)


def test_beside_it_stands_what_the_query_is_and_what_stays_published(tmp_path):
    html = str(_section(template_environment(), "footprint", report_of(tmp_path, generating(0))).html)
    assert "by vit_digits, 1,200,000 parameters, batch 32: this says nothing of the models behind the published" in html
    assert "stays published: not in this report." in html
    assert "0.852 the published" in html
    assert "text generation 0.4 %" in html


def test_two_models_of_a_task_leave_it_published_and_say_so(tmp_path):
    records = [generating(0, model="a"), generating(1, model="b"), generating(2, task="image_generation")]
    report = report_of(tmp_path, *records)
    use = own_use(context(report))
    assert set(use.queries) == {"image_generation"}
    assert use.ambiguous == ("text_generation",)
    html = str(_section(template_environment(), "footprint", report).html)
    assert "stays published: several models or machines of this report fit." in html


def test_training_is_no_use(tmp_path):
    report = report_of(tmp_path, record(phase="training", workload="training_steps", run_windows=windows([1.0] * 4)))
    assert [use.title for use in context(report)["uses"]] == ["published use case"]


def test_what_was_simulated_says_nothing_about_a_use(tmp_path):
    simulated = windows([1.0] * 4, method="simulated:board")
    assert len(context(report_of(tmp_path, record(run_windows=simulated)))["uses"]) == 1


def test_without_points_the_published_use_case_remains():
    empty = make_report(no_points(), find("world"))
    assert 'id="footprint"' in render(empty)


def test_every_place_states_value_year_and_source(html):
    groups = re.findall(r'<optgroup label="([^"]+)" data-tag="(\w+)">(.*?)</optgroup>', html, re.S)
    options = [option for *_, members in groups for option in re.findall(r"<option (.*?)>", members)]
    assert len(options) > 300
    assert {kind for _, kind, _ in groups} <= TAGS
    assert all(re.match(r'data-g="[\d.]+" data-y="20\d\d"', option) for option in options)
    assert sum("data-published" in option for option in options) == 1
    assert sum("selected" in option for option in options) == 1


def test_every_tag_is_one_of_four(html):
    assert set(re.findall(r'data-tag="(\w+)"', html)) <= TAGS
    assert set(re.findall(r'class="tag tag-(\w+)"', html)) <= TAGS


def test_it_reads_without_a_script(html):
    assert '<form id="what-if" class="controls what-if" hidden>' in html
    assert '<details id="what-if-table" open>' in html
    assert "197 kWh" in html


def test_what_it_adds_to_the_page_is_small(html):
    assert len(html.encode()) + len(_asset("footprint.js").encode()) < MOST_BYTES


def test_parts_are_json_that_cannot_end_their_attribute(found, html):
    parts = re.findall(r'data-parts="([^"]*)"', html)
    assert len(parts) == len(found["uses"])
    assert all(json.loads(part.replace("&#34;", '"')) for part in parts)


def test_the_page_carries_the_script(page):
    assert _asset("footprint.js") in page


@pytest.fixture
def form(browser, html):
    """The section alone with its script, and what the console said of it."""
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    data = safe_json({"charts": {}, "words": script_words(), "numbers": number_format()})
    scripts = f"{_asset('report.js')}\n{_asset('footprint.js')}"
    page.set_content(
        f'<!doctype html><html lang="en"><main>{html}</main><script type="application/json" id="page-data">{data}'
        f'</script><script type="module">{scripts}</script>'
    )
    page.wait_for_selector("#what-if:not([hidden])")
    yield page
    page.close()
    assert said == []


def values(page, row):
    cells = page.locator("#what-if-result tbody tr").nth(row).locator("td[data-value]")
    return [float(cells.nth(index).get_attribute("data-value")) for index in range(cells.count())]


HARDWARE, FACILITY, CARBON, ON_SITE, OFF_SITE = range(5)


@pytest.mark.browser
def test_the_form_starts_with_what_the_table_says(form, found):
    _, ((_, without), (_, put_in)) = found["rows"][0]
    assert values(form, FACILITY) == pytest.approx(
        [without.energy.value, put_in.energy.value, put_in.energy.value - without.energy.value], rel=1e-4
    )
    assert values(form, CARBON)[:2] == pytest.approx([without.carbon.value, put_in.carbon.value], rel=1e-4)
    assert values(form, OFF_SITE)[:2] == pytest.approx(
        [without.water_offsite.value, put_in.water_offsite.value], rel=1e-3
    )
    assert values(form, ON_SITE) == []


@pytest.mark.browser
def test_the_preset_is_the_published_use_case(form):
    form.get_by_label("PUE").fill("1.5")
    form.get_by_role("button", name="published use case").focus()
    form.keyboard.press("Enter")
    assert values(form, FACILITY) == pytest.approx([197], abs=0.5)
    assert values(form, CARBON) == pytest.approx([55], abs=0.5)
    assert form.get_by_role("status").inner_text() == "197 kWh and 55 kg CO₂e in all, without a technique."


@pytest.mark.browser
def test_a_data_centre_brings_its_overhead_and_water(form):
    before = values(form, HARDWARE)[0]
    form.get_by_label("Data centre", exact=False).select_option(label="Google")
    assert values(form, FACILITY)[0] == pytest.approx(before * 1.09)
    assert values(form, ON_SITE)[0] == pytest.approx(before * 1.15)


@pytest.mark.browser
def test_ones_own_numbers_are_marked_as_such(form):
    form.get_by_label("a kWh").fill("100")
    assert values(form, CARBON)[0] == pytest.approx(values(form, FACILITY)[0] / 10)
    assert form.locator("#what-if-result li", has_text="grid").locator(".tag").inner_text() == "yours"


@pytest.mark.browser
def test_energy_is_linear_in_queries(form):
    before = values(form, HARDWARE)
    form.get_by_label("queries a day").fill("300000")
    assert values(form, HARDWARE) == pytest.approx([3 * value for value in before])


@pytest.mark.browser
@pytest.mark.parametrize(("label", "text"), [("PUE", "0.5"), ("queries a day", "-1"), ("a kWh", "")])
def test_a_number_that_cannot_be_gives_no_figure(form, label, text):
    form.get_by_label(label).fill(text)
    assert "give a number of" in form.get_by_role("status").inner_text()
    assert form.locator("#what-if-result table").count() == 0


@pytest.mark.browser
def test_only_techniques_of_the_chosen_use_can_be_chosen(form, found):
    shown = form.locator("#what-if select[name=technique] optgroup:not([hidden]) option")
    assert shown.count() == len(found["uses"][0].techniques)
