import re

import msgspec
import pytest

from suite.record.schema import Idle
from suite.report.charts.component_chart import component_chart
from suite.report.sections import components
from suite.report.sections.components import context
from tests.report.section_html import drawings_of, html_of, report_of, rows_of, words_of
from tests.synthetic import COUNTER, ESTIMATED, record, windows

BF16, NF4 = (("bf16", {}),), (("nf4", {}),)


def gpu(stack=(), ratio=1.0, *, idle_w=30.0, minute=0, method=COUNTER, **changes):
    """2 J a query of the baseline on the GPU, 0.5 J on the CPU; windows of 1 s for 100 queries: 0.3 J at rest."""
    seen = windows([ratio] * 4, baseline_j=2.0, component="gpu", method=method, beside={"cpu": (0.5, ESTIMATED)})
    idle = Idle(power_w={"gpu": idle_w}, method={"gpu": method}) if idle_w else None
    return record(mitigations=stack, device="cuda", run_windows=seen, idle=idle, minute=minute, **changes)


@pytest.fixture
def two(tmp_path):
    return report_of(tmp_path, gpu(), gpu(BF16, 0.5, minute=1), with_cpu_estimate=True)


def test_the_table_holds_every_component_apart(two):
    assert rows_of(html_of("components", two)) == [
        ["baseline, mean", "2.00 J", "500 mJ", "300 mJ"],
        ["baseline (A/A)", "2.00 J", "500 mJ → 500 mJ", "300 mJ"],
        ["bf16", "2.00 J → 1.00 J", "500 mJ → 500 mJ", "300 mJ"],
    ]


def test_the_estimate_of_the_cpu_is_named_where_it_is_hidden(tmp_path):
    html = html_of("components", report_of(tmp_path, gpu(), gpu(BF16, 0.5, minute=1)))
    assert [len(row) for row in rows_of(html)] == [3, 3, 3]  # name, GPU, at rest
    assert "CPU:" not in words_of(html)
    assert "--cpu-estimate shows it" in words_of(html)


def test_nothing_is_said_to_be_hidden_where_all_is_shown(two):
    assert "--cpu-estimate" not in words_of(html_of("components", two))


def test_no_figure_is_a_sum_over_components(two):
    """2 and 0.5 J, and 1 and 0.5 J."""
    assert not re.search(r"2\.50|1\.50", words_of(html_of("components", two)))


def test_the_caption_names_the_instrument_of_each_column_and_forbids_adding(two):
    words = words_of(html_of("components", two))
    assert (
        "GPU: measured, the GPU's energy counter (NVML). CPU: estimated, CPU time \N{MULTIPLICATION SIGN} TDP." in words
    )
    assert words.count("Columns must not be added.") == 1


def test_figures_of_the_headline_are_those_of_results_json(two):
    html = html_of("components", two)
    point = two.groups[0].entries[1].point
    assert f'data-field="energy_per_query_j" data-value="{point.energy_per_query_j}"' in html


def test_estimated_columns_are_hatched_and_measured_ones_are_not(two):
    for svg in drawings_of(html_of("components", two)):
        (name,) = re.findall(r'<pattern id="([^"]+)"', svg)
        assert name.startswith("texture-estimated-components-1-")
        assert svg.count(f'fill="url(#{name})"') == 2  # the baseline and the technique, of the CPU alone


def test_every_drawing_has_a_pattern_of_its_own(tmp_path):
    records = (gpu(), gpu(BF16, 0.5, minute=1), gpu(batch_size=8, minute=2))
    made = report_of(tmp_path, *records, with_cpu_estimate=True)
    html = html_of("components", made)
    names = re.findall(r'<pattern id="([^"]+)"', html)
    assert len(names) == 5  # two groups in two widths, and the legend
    assert len(set(names)) == 5


@pytest.mark.parametrize("basis", ["simulated", "replayed"])
def test_energy_of_no_instrument_is_marked(tmp_path, basis):
    html = html_of("components", report_of(tmp_path, gpu(BF16, 0.5, method=f"{basis}:power_trace")))
    assert f"texture-{basis}-components-1-wide" in html
    assert f"technique, {basis}" in words_of(html)


def bars(report):
    """Of the GPU's column: for each row the net and the gross length."""
    group = report.groups[0]
    columns = components.columns([entry.point for entry in group.ok], with_cpu_estimate=True)
    chart = component_chart(group, columns).wide
    layers = chart["hconcat"][0]["layer"]
    rows = chart["datasets"][layers[0]["data"]["name"]]
    return [(row["row"], row["net"], row["gross"]) for row in rows], len(layers)


def test_the_idle_part_is_the_pale_end_of_the_bar(two):
    found, layers = bars(two)
    assert found == [(0, pytest.approx(1.7), pytest.approx(2.0)), (1, pytest.approx(0.7), pytest.approx(1.0))]
    assert layers == 2  # no texture over what was measured


def test_without_idle_power_the_whole_bar_is_full(tmp_path):
    made = report_of(tmp_path, gpu(idle_w=None), gpu(BF16, 0.5, idle_w=None, minute=1))
    found, _ = bars(made)
    assert [net == gross for _, net, gross in found] == [True, True]
    assert "at rest" not in words_of(html_of("components", made))


def test_the_a_a_point_is_no_technique_of_the_chart(two):
    svg = drawings_of(html_of("components", two))[0]
    assert re.findall(r">(baseline[^<]*|bf16)<", svg) == ["baseline", "bf16"]


def test_more_techniques_than_can_be_drawn_stand_in_the_table(tmp_path):
    many = [gpu((("structured_pruning", {"share": n / 100}),), 0.5, minute=n) for n in range(1, 46)]
    html = html_of("components", report_of(tmp_path, *many))
    assert len(rows_of(html)) == 46
    assert "5 more points are in the table of techniques." in words_of(html)
    assert len(re.findall(r">structured pruning \(share", drawings_of(html)[0])) == 40


@pytest.mark.slow
def test_more_groups_than_can_be_drawn_have_tables(tmp_path):
    groups = [gpu(BF16, 0.5, batch_size=size, minute=size) for size in range(1, 15)]
    found = context(report_of(tmp_path, *groups))
    assert [view.chart is not None for view in found["views"]] == [True] * 12 + [False] * 2
    html = html_of("components", report_of(tmp_path, *groups))
    assert "Charts of the first 12 of 14 comparisons; all have tables." in words_of(html)
    assert len(re.findall("<table", html)) == 14


def test_training_is_said_per_sample(tmp_path):
    made = report_of(tmp_path, gpu(BF16, 0.5, phase="training", workload="training_steps"))
    svg = drawings_of(html_of("components", made))[0]
    assert "GPU, J per training sample (measured)" in svg


def test_without_energy_there_is_no_section(tmp_path):
    failed = record(mitigations=BF16, status="failed")
    unread = msgspec.structs.replace(
        record(mitigations=NF4, minute=1),
        windows=[msgspec.structs.replace(w, energy_j={}, method={}) for w in windows([1.0])],
    )
    assert html_of("components", report_of(tmp_path, failed, unread)) is None
