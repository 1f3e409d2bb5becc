import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from suite.analysis.results.csv_json import results_csv, results_json
from suite.carbon.place import find
from suite.record.schema import Reason, RecordWarning
from suite.report import sections
from suite.report.build import read_report
from suite.report.page import render, safe_json, section_names
from suite.report.view_model import make_report
from suite.text import numbers as text
from tests.report.section_html import html_of, report_of
from tests.synthetic import BOARD, COUNTER, ESTIMATED, environment, no_points, record, windows, write_run

PRUNING = (("structured_pruning", {"ratio": 0.5}),)
ATTACK = "<script>alert(1)</script>"

FORMATS = {
    "energy_ratio": text.change,
    "net_energy_ratio": text.change,
    "latency_ratio": text.change,
    "apply_energy_j": text.energy,
    "break_even_queries": text.count,
    "co2e_g_per_1000": text.grams,
    "peak_memory_mb": text.megabytes,
    "model_mb": text.megabytes,
    "latency_ms_p50": text.milliseconds,
    "throughput_qps": text.per_second,
}


class Figures(HTMLParser):
    """Collects (point, field, value, text) of every figure, and (point, field, value) of interval ends."""

    def __init__(self):
        super().__init__()
        self.point, self.open, self.found, self.ends = None, None, [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.point = attributes.get("data-point", self.point)
        if "data-field" in attributes:
            self.open = [self.point, attributes["data-field"], attributes["data-value"], ""]
        if "data-low" in attributes:
            self.ends.append((self.point, attributes["data-low-field"], attributes["data-low"]))
            self.ends.append((self.point, attributes["data-high-field"], attributes["data-high"]))

    def handle_data(self, data):
        if self.open:
            self.open[3] += data

    def handle_endtag(self, tag):
        if self.open:
            self.found.append(tuple(self.open))
            self.open = None


@pytest.fixture(scope="module")
def figures(page):
    parser = Figures()
    parser.feed(page)
    return parser


@pytest.fixture(scope="module")
def by_point(embedded):
    return {point["point_id"]: point for point in json.loads(results_json(embedded.results, embedded.grid))["points"]}


def small_page(tmp_path, records):
    return render(read_report(write_run(tmp_path / "small", records)))


def test_every_number_on_the_page_is_the_one_in_results_json(figures, by_point):
    assert len(figures.found) > 500
    for point, field, value, _ in figures.found:
        expected = by_point[point][field]
        assert (value == "") if expected is None else (float(value) == expected), (point, field)


def test_every_interval_on_the_page_is_the_one_in_results_json(figures, by_point):
    assert len(figures.ends) > 200
    for point, field, value in figures.ends:
        assert float(value) == by_point[point][field]


def test_every_number_reads_as_its_value(figures):
    checked = 0
    for _, field, value, words in figures.found:
        if field in FORMATS and value:
            assert words == FORMATS[field](float(value))
            checked += 1
    assert checked > 300


def test_every_point_has_a_row_and_its_verdict(page, embedded):
    for point in embedded.points:
        row = re.search(rf'<tr data-point="{point.point_id}".*?</tr>', page, re.S)
        assert row is not None
        assert f"verdict-{point.claim}" in row.group()
        assert ("by itself: " in row.group()) == (point.claim != point.verdict)


def test_reasons_of_points_that_did_not_run_are_shown(page):
    assert "TF32 needs a CUDA device of compute capability 8.0 or higher" in page
    assert "no Linear layer of the model was converted to int8" in page


def test_first_screen_says_estimated_and_counts(page):
    head = page[: page.index('<section id="tradeoff"')]
    assert "Estimated: CPU time \N{MULTIPLICATION SIGN} TDP" in head
    assert "<b>60</b> ok · <b>6</b> skipped · <b>1</b> failed · <b>1</b> unreadable" in head


def test_the_answer_is_a_sentence(page):
    answers = [
        re.sub(r"<[^>]+>", "", found).strip()
        for found in re.findall(r'<p class="answer" role="status">(.*?)</p>', page, re.S)
    ]
    assert len(answers) == 3
    assert all(
        re.search(r" saves \d+.% \[[\d.]+, [\d.]+\] of the energy per query (with|but) ", answer) for answer in answers
    )


def test_charts_show_without_javascript(page):
    drawings = len(re.findall(r'<div class="drawing ', page))
    assert len(re.findall(r'<div class="drawing [^>]*><svg', page)) == drawings > 27


def test_nothing_is_loaded_from_elsewhere(page):
    html = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    addresses = re.findall(r'(?:src|href|action|data)="([^"]*)"', html)
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert not re.search(r"url\((?!#)|@import", html)


def test_only_the_pages_own_scripts_may_run(page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    content = policy.group(1).replace("&#39;", "'")
    assert "default-src 'none'" in content
    assert "unsafe-eval" not in content
    scripts = re.findall(r'<script type="module">(.*?)</script>', page, re.S)
    packed = re.search(r'<script type="application/gzip" id="chart-library">(.*?)</script>', page)
    assert packed is not None
    scripts.append(gzip.decompress(base64.b64decode(packed.group(1))).decode())
    assert len(scripts) == 2
    for script in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in content
    assert "'unsafe-inline'" not in content.split("script-src")[1].split(";")[0]


def test_the_page_is_small_enough(built):
    assert built.stat().st_size < 3_000_000


@pytest.mark.slow
def test_the_same_records_give_the_same_page(embedded, page):
    assert render(embedded) == page


@pytest.mark.slow
def test_the_same_records_of_a_gpu_give_the_same_page(gpu, gpu_page):
    assert render(gpu) == gpu_page


def test_downloads_are_the_files_themselves(page, embedded):
    links = dict(re.findall(r'<a download="([\w.]+)" href="data:[^,]*,([^"]*)"', page))
    assert base64.b64decode(links["results.csv"]) == results_csv(embedded.points)
    assert base64.b64decode(links["results.json"]) == results_json(embedded.results, embedded.grid)


def test_untrusted_text_is_escaped_everywhere(tmp_path):
    hostile = record(
        task=ATTACK,
        model=ATTACK,
        mitigations=((ATTACK, {ATTACK: ATTACK}),),
        run_windows=windows([0.5] * 4, method=f"estimated:{ATTACK}"),
        warnings=[RecordWarning(code=ATTACK, message=ATTACK, remedy=ATTACK)],
        where={"hardware": {"name": ATTACK}, ATTACK: ATTACK},
    )
    failed = record(task=ATTACK, status="failed", reason=Reason(kind=ATTACK, message=ATTACK), minute=1)
    html = small_page(tmp_path, [hostile, failed])
    assert ATTACK not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 10


def test_json_in_a_script_element_cannot_end_it():
    assert "<" not in safe_json({"name": "</script><script>"})
    assert json.loads(safe_json({"name": "</script>&"})) == {"name": "</script>&"}


def test_no_points_still_make_a_page():
    html = render(make_report(no_points(unreadable=("x-1.json: torn",)), find("world")))
    assert "This run has no points yet." in html
    assert "x-1.json: torn" in html
    assert "No energy figures" in html


def test_one_point_makes_a_page(tmp_path):
    html = small_page(tmp_path, [record(run_windows=windows([1.0] * 4))])
    assert "Only the baseline ended with a result." in html


def test_only_failed_points_make_a_page(tmp_path):
    reason = Reason(kind="out_of_memory", message="tried to allocate 2 GiB")
    html = small_page(tmp_path, [record(mitigations=PRUNING, status="failed", reason=reason)])
    assert "No point of this task ended with a result." in html
    assert "tried to allocate 2 GiB" in html


def test_when_nothing_saves_the_page_says_so(tmp_path):
    html = small_page(tmp_path, [record(mitigations=PRUNING, run_windows=windows([1.5] * 4))])
    assert "The technique measured here clearly saves" not in html
    assert "does not clearly save energy per query" in html


def test_measured_and_estimated_points_each_get_their_badge(tmp_path):
    seen = windows([0.5] * 4, component="gpu", method="measured:nvml_energy_counter", beside={"cpu": (0.1, ESTIMATED)})
    html = small_page(
        tmp_path, [record(run_windows=windows([1.0] * 4)), record(device="cuda", run_windows=seen, minute=1)]
    )
    assert re.search(r'class="badge estimated"><svg.*?</svg>Estimated: CPU time \N{MULTIPLICATION SIGN} TDP<', html)
    assert re.search(r'class="badge measured"><svg.*?</svg>Measured: the GPU&#39;s energy counter \(NVML\)<', html)


@pytest.mark.slow
def test_a_gpu_report_shows_net_energy_and_the_cpu_beside(gpu_page):
    assert "Net of idle power" in gpu_page
    assert re.search(
        r'data-field="idle_before_w" data-value="2.9">.*?data-field="idle_after_w" data-value="3.1">', gpu_page
    )
    assert "Where the energy went" in gpu_page
    assert "its accuracy was not measured" in gpu_page


def section_of(html, name):
    """Text of a section, without its tags."""
    found = re.search(rf'<(section|header) id="{name}".*?</\1>', html, re.S)
    assert found is not None
    return without_tags(found.group())


def without_tags(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).replace(text.GAP, " ")


def section_alone(tmp_path, name, records):
    """The same of a page of which nothing else is drawn."""
    return without_tags(html_of(name, report_of(tmp_path, *records)))


def gpu_record(method=COUNTER, **changes):
    seen = windows([0.5] * 4, component="gpu", method=method, edges="tick_aligned", conditions=BOARD)
    return record(device="cuda", where=environment(gpu="Example GPU"), mitigations=PRUNING, run_windows=seen, **changes)


@pytest.fixture(scope="module")
def page_of_one_gpu_point(tmp_path_factory):
    return small_page(tmp_path_factory.mktemp("one"), [gpu_record()])


@pytest.mark.slow
def test_the_first_screen_names_the_instruments_and_what_checking_them_found(page_of_one_gpu_point):
    head = section_of(page_of_one_gpu_point, "overview")
    assert "Measured: the GPU&#39;s energy counter (NVML)GPU · covers the whole board" in head
    assert "✓ CodeCarbon and the GPU&#39;s counter agree within 0.1 % in 16 of 16 windows" in head


def test_the_first_screen_says_where_nothing_could_be_checked(page):
    head = section_of(page, "overview")
    assert "CPU · covers this process and its children · TDP 120 W, from a source that was not recorded" in head
    assert "None: no second instrument reads what these figures are made from." in head


@pytest.mark.slow
def test_a_simulated_page_says_so_before_anything_else(tmp_path):
    html = small_page(tmp_path, [gpu_record("simulated:nvml_energy_counter")])
    head = section_of(html, "overview").strip()
    assert head.startswith("Nothing on this page was measured: all energy was simulated.")
    assert "of the energy per query (simulated)" in head
    assert "<small>simulated</small>" in html
    assert "Measured:" not in head


def test_a_measured_page_says_nothing_of_simulation(page_of_one_gpu_point):
    assert "Nothing on this page was measured" not in page_of_one_gpu_point
    assert 'class="badge simulated"' not in page_of_one_gpu_point


def test_swapped_models_are_flagged_in_the_table(tmp_path):
    swapped = msgspec.structs.replace(gpu_record(), pairing="swapped")
    assert "models swapped, re-warmed" in section_alone(tmp_path, "techniques", [swapped])


def test_a_latency_gate_that_is_missed_is_flagged_in_the_table(tmp_path):
    plain = gpu_record()
    late = [msgspec.structs.replace(window, latencies_s=[0.2] * 4) for window in plain.windows]
    asked = plain.config | {"workload": {"latency_gate_s": {"p50": 0.1, "p90": None, "p99": None}}}
    missed = msgspec.structs.replace(plain, windows=late, config=asked)
    assert "misses the latency gate" in section_alone(tmp_path, "techniques", [missed])
    assert "misses the latency gate" not in section_alone(tmp_path, "techniques", [plain])


def test_how_the_windows_of_a_gpu_were_measured(page_of_one_gpu_point):
    found = section_of(page_of_one_gpu_point, "provenance")
    assert "16 windows a point, 1.00 s long (median of a point), 16.0 s in all" in found
    assert "16 of 16 aligned with the counter&#39;s steps, one every 100 ms" in found
    assert "61\N{EN DASH}64 °C" in found
    assert "1,980 MHz" in found


def test_how_the_windows_of_a_cpu_were_measured(tmp_path):
    found = section_alone(tmp_path, "provenance", [record(run_windows=windows([1.0] * 4, slices=20))])
    assert "in 20 slices, taken in turn with the other arm&#39;s" in found
    assert "temperature" not in found


@pytest.mark.slow
def test_the_environment_stands_once_whatever_the_meter_found_at_each_point(tmp_path):
    other = environment(gpu="Example GPU")
    other["meter"]["components"]["gpu"]["period_s"] = 0.09
    html = small_page(tmp_path, [gpu_record(), msgspec.structs.replace(gpu_record(batch_size=8), environment=other)])
    assert "measured in this environment" not in html


def test_a_warning_whose_figures_differ_stands_once_with_each_points_own(tmp_path):
    made = [
        gpu_record(
            warnings=[RecordWarning(code="throttled", message=f"held back in {size} windows", remedy="cool it")],
            batch_size=size,
        )
        for size in (1, 2)
    ]
    found = section_alone(tmp_path, "warnings", made)
    assert found.count("What to do: cool it.") == 1
    assert all(f"structured pruning: held back in {size} windows" in found for size in (1, 2))


def test_warnings_stand_once_with_their_remedy(page):
    section = page[page.index('<section id="warnings"') : page.index('<section id="environment"')]
    assert section.count("CPU energy is an estimate") == 1
    assert "What to do: run on bare metal" in section
    assert "0123456789ab-1.json" in section


def test_every_section_is_found_by_its_file():
    names = section_names()
    assert set(names) == {path.stem for path in Path(sections.__file__).parent.rglob("[a-z]*.py")}
    assert (names[0], names[-1]) == ("overview", "downloads")


def test_break_even_words(page):
    section = page[page.index('<section id="cost"') : page.index('<section id="provenance"')]
    assert "never: it saves nothing" in section
    assert "not known: the saving may be none" in section
    assert "below what the meter resolves" in section
