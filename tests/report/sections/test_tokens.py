import re

from tests.report.section_html import html_of, report_of, rows_of, words_of
from tests.synthetic import COUNTER, record, windows

GPU = {"component": "gpu", "method": COUNTER, "tokens": 3200}


def generation(prefill=(0.5, 0.5, 0.5, 0.5), *, task="text_generation", prompt=48.0, writes=None, **changes):
    """Whole queries of 2 J against 1.6 J and 32 tokens each; the first token takes 0.45 J of the baseline's."""
    arms = {"writes": writes} if writes else {}
    short = windows(prefill, baseline_j=0.45, component="gpu", method=COUNTER, tokens=100, **arms)
    return record(
        task=task, mitigations=(("float8", {}),), prefill_windows=short, prompt_tokens_per_query=prompt,
        run_windows=windows([0.8] * 4, baseline_j=2.0, **GPU, **arms), **changes,
    )  # fmt: skip


def columns_of(html):
    """The heads of each table."""
    heads = re.findall(r"<thead>(.*?)</thead>", html, re.S)
    return [[words_of(cell) for cell in re.findall(r"<th[^>]*>(.*?)</th>", head, re.S)] for head in heads]


def test_prefill_and_decoding_stand_apart_with_their_changes(tmp_path):
    (row,) = rows_of(html_of("tokens", report_of(tmp_path, generation())))
    assert row == [
        "float8",
        "32",
        "62.5 mJ → 50.0 mJ",  # 2 / 32 and 1.6 / 32
        "25.0 mJ → 20.0 mJ",  # 2 / (48 + 32) and 1.6 / (48 + 32)
        "450 mJ → 225 mJ",
        "-50.0 % [-50.0, -50.0]",
        "50.0 mJ → 44.4 mJ",  # (2 - 0.45) / 31 and (1.6 - 0.225) / 31
        "-11.3 % [-11.3, -11.3]",
    ]


def test_a_decoding_that_is_lost_in_the_noise_has_a_dash(tmp_path):
    (row,) = rows_of(html_of("tokens", report_of(tmp_path, generation(prefill=(0.5, 4.0, 0.5, 0.5)))))
    assert row[7] == "-"


def test_without_windows_of_prefill_tokens_have_their_energy(tmp_path):
    html = html_of("tokens", report_of(tmp_path, generation(prefill=())))
    assert rows_of(html) == [["float8", "32", "62.5 mJ → 50.0 mJ", "25.0 mJ → 20.0 mJ"]]
    assert "Prefill reads" not in words_of(html)


def test_several_tasks_have_a_table_each_with_the_columns_that_they_have(tmp_path):
    speech = generation(task="speech_recognition", prompt=None, minute=1)
    captions = generation(prefill=(), task="image_captioning", prompt=None, minute=2)
    html = html_of("tokens", report_of(tmp_path, generation(), speech, captions))
    answer, total = "a token of the answer, prefill included", "a token of input and answer"
    parts = ["prefill a query", "change 95 % interval", "decoding a token", "change 95 % interval"]
    first = ["technique", "batch", answer]
    assert sorted(columns_of(html), key=len) == [first, [*first, *parts], [*first, total, *parts]]


def test_an_arm_that_writes_no_tokens_has_dashes_beside_the_others_figures(tmp_path):
    report = report_of(tmp_path, generation(writes=["baseline"]))
    (row,) = rows_of(html_of("tokens", report))
    assert row == ["float8", "32", "62.5 mJ → -", "25.0 mJ → -", "450 mJ → -", "-", "50.0 mJ → -", "-"]
    assert "62.5 mJ → -" in rows_of(html_of("speed_and_size", report))[0]


def test_without_tokens_there_is_no_section(tmp_path):
    assert html_of("tokens", report_of(tmp_path, record(run_windows=windows([0.8] * 4)))) is None
