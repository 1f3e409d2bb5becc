import re

from suite.report.sections.tasks import context
from suite.text import numbers as text
from tests.report.section_html import html_of, report_of, rows_of, words_of
from tests.synthetic import binary_scores, record, windows

SAME = binary_scores(90, 0, 0, 10)


def ran(task, joules, minute, **changes):
    run_windows = windows([1.0] * 4, baseline_j=joules)
    made = record(task=task, model="m", run_windows=run_windows, scores=SAME, minute=minute, **changes)
    made.config["task"]["query"] = f"one sample of {task}"
    return made


def three():
    return [
        ran("text_generation", 47.0, 0),
        ran("text_classification", 1.0, 1),
        ran("image_classification", 0.5, 2, distinct_queries=1000),
    ]


def test_rows_stand_by_energy_with_both_multiples_and_ranks(tmp_path):
    rows = rows_of(html_of("tasks", report_of(tmp_path, *three())))
    assert [row[0] for row in rows] == ["1 2", "2 1", "3 3"]
    assert rows[0][1:4] == ["image classification one sample of image_classification", "m batch 32", "500 mJ"]
    assert rows[0][4].startswith(f"{text.TIMES}0.500")
    assert rows[0][5] == f"{text.TIMES}2.97 [2.47, 4.00]"  # 0.00699, 0.00581 and 0.00941 over 0.00235 Wh
    assert [row[6] for row in rows] == ["1,000", "-", "-"]
    assert rows[0][7] == "90.0 % accuracy"


def test_the_page_says_why_joules_are_not_set_side_by_side_and_how_the_orders_agree(tmp_path):
    words = words_of(html_of("tasks", report_of(tmp_path, *three())))
    assert "Rank correlation with the study's order over 3 tasks (Spearman's rho): +0.50." in words
    assert "eight GPUs, of which seven were idle" in words


def test_the_chart_has_both_orders(tmp_path):
    chart = context(report_of(tmp_path, *three()))["views"][0].chart
    datasets = [(layer["mark"], chart.wide["datasets"][layer["data"]["name"]]) for layer in chart.wide["layer"]]
    found = {mark["filled"]: rows for mark, rows in datasets if "filled" in mark}
    assert [round(row["ratio"], 2) for row in found[True]] == [0.5, 1.0, 47.0]
    assert [round(row["ratio"], 2) for row in found[False]] == [2.97, 1.0, 17.97]


def test_two_tasks_are_no_order_and_tasks_that_the_study_lacks_have_no_second_side(tmp_path):
    assert html_of("tasks", report_of(tmp_path, *three()[:2])) is None
    own = [ran(f"task_{n}", 1.0 + n, n) for n in range(3)]
    html = html_of("tasks", report_of(tmp_path / "own", *own))
    assert "<svg" not in re.sub(r'<svg class="icon".*?</svg>', "", html, flags=re.S)
    assert [len(row) for row in rows_of(html)] == [6, 6, 6]
