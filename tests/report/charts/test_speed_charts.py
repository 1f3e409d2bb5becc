import re

import pytest

from suite.report.charts.speed_chart import SIZE, speed_charts
from tests.report.section_html import drawings_of, html_of, report_of, words_of
from tests.synthetic import record, windows

BF16, NF4 = (("bf16", {}),), (("nf4", {}),)


def ran(stack, ratio, time_ratio=1.0, peak=(60_000_000, 60_000_000), minute=0, **changes):
    seen = windows([ratio * 0.99, ratio * 1.01] * 2, time_ratio=time_ratio)
    return record(mitigations=stack, run_windows=seen, peak=peak, minute=minute, **changes)


def charts_of(tmp_path, *records):
    (group,) = report_of(tmp_path, *records).groups
    return speed_charts(group)


def points_of(chart):
    (layer,) = [layer for layer in chart.wide["layer"] if layer["mark"]["type"] == "point"]
    return {row["label"]: row for row in chart.wide["datasets"][layer["data"]["name"]]}


def test_a_point_lies_at_its_changes_of_energy_latency_and_memory(tmp_path):
    latency, memory = charts_of(tmp_path, ran((), 1.0), ran(BF16, 0.5, 0.7, (60_000_000, 30_000_000), minute=1))
    (point,) = points_of(latency).values()
    assert (point["x"], point["y"]) == (pytest.approx(0.7), pytest.approx(0.5, rel=1e-3))
    assert points_of(memory)["bf16"]["x"] == pytest.approx(0.5)
    assert point["low"] < point["y"] < point["high"]


def test_the_baseline_is_the_cross_and_no_point(tmp_path):
    for chart in charts_of(tmp_path, ran((), 1.0), ran(BF16, 0.5, minute=1)):
        assert list(points_of(chart)) == ["bf16"]
        rules = [layer for layer in chart.wide["layer"] if layer["mark"].get("strokeDash")]
        assert [chart.wide["datasets"][rule["data"]["name"]] for rule in rules] == [[{"x": 1, "y": 1}]] * 2


def test_the_quadrants_have_names_in_their_corners(tmp_path):
    latency, memory = charts_of(tmp_path, ran(BF16, 0.5, 0.7))
    corners = [
        (row["x"] > 1, row["y"] > 1, row["words"])
        for layer in latency.wide["layer"]
        for row in latency.wide["datasets"][layer["data"]["name"]]
        if "words" in row
    ]
    assert sorted(corners) == [
        (False, False, "less energy,\nfaster"),
        (False, True, "more energy,\nfaster"),
        (True, False, "less energy,\nslower"),
        (True, True, "more energy,\nslower"),
    ]
    assert repr("less energy,\nless memory") in str(memory.wide["datasets"])


def test_names_keep_clear_of_the_quadrants_names(tmp_path):
    made = [ran((("structured_pruning", {"share": n / 100}),), 0.5 + n / 100, 1.0, minute=n) for n in range(1, 30)]
    latency, _ = charts_of(tmp_path, *made)
    (scale,) = {
        str(layer["encoding"]["y"]["scale"]["domain"]) for layer in latency.wide["layer"] if "y" in layer["encoding"]
    }
    low, high = map(float, re.findall(r"[\d.]+", scale))
    names = [row for rows in latency.wide["datasets"].values() for row in rows if "dot_x" in row]
    assert names
    step = (high / low) ** (17 / SIZE[1])  # a strip of 17 pixels
    assert all(low * step <= row["y"] <= high / step for row in names)


def test_without_memory_there_is_one_chart(tmp_path):
    (latency,) = charts_of(tmp_path, ran(BF16, 0.5, peak=None))
    assert latency.identifier == "latency-1"


def test_without_a_technique_there_is_no_chart(tmp_path):
    assert charts_of(tmp_path, ran((), 1.0)) == []


def test_more_points_than_can_be_drawn_stand_in_the_table(tmp_path):
    made = [ran((("structured_pruning", {"share": n / 100}),), 0.5, minute=n) for n in range(1, 46)]
    latency, _ = charts_of(tmp_path, *made)
    assert (len(points_of(latency)), latency.left_out) == (40, 5)


@pytest.mark.slow
def test_more_groups_than_can_be_drawn_have_tables(tmp_path):
    made = report_of(tmp_path, *(ran(BF16, 0.5, batch_size=size, minute=size) for size in range(1, 15)))
    html = html_of("speed_and_size", made)
    assert len(drawings_of(html)) == 12 * 2
    assert len(re.findall("<table", html)) == 14
    assert "Charts of the first 12 of 14 comparisons; all have tables." in words_of(html)


def test_the_legend_names_the_verdicts_of_the_points(tmp_path):
    html = html_of("speed_and_size", report_of(tmp_path, ran((), 1.0), ran(NF4, 1.5, minute=1)))
    (legend,) = re.findall(r'<p class="legend">(.*?)</p>', html, re.S)
    assert words_of(legend) == "costs energy"
