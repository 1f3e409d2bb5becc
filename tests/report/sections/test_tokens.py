from tests.report.section_html import html_of, report_of, rows_of
from tests.synthetic import COUNTER, record, windows

GPU = {"component": "gpu", "method": COUNTER, "tokens": 3200}


def generation(prefill=(0.5, 0.5, 0.5, 0.5), **changes):
    """Whole queries of 2 J against 1.6 J and 32 tokens each; the first token takes 0.45 J of the baseline's."""
    short = windows(prefill, baseline_j=0.45, component="gpu", method=COUNTER, tokens=100)
    return record(
        task="text_generation", mitigations=(("float8", {}),), prefill_windows=short, prompt_tokens_per_query=48.0,
        run_windows=windows([0.8] * 4, baseline_j=2.0, **GPU), **changes,
    )  # fmt: skip


def test_prefill_and_decoding_stand_apart_with_their_changes(tmp_path):
    (row,) = rows_of(html_of("tokens", report_of(tmp_path, generation())))
    assert row == [
        "float8",
        "32",
        "450 mJ → 225 mJ",
        "-50.0 % [-50.0, -50.0]",
        "50.0 mJ → 44.4 mJ",  # (2 - 0.45) / 31 and (1.6 - 0.225) / 31
        "-11.3 % [-11.3, -11.3]",
        "50.0 mJ",  # 1.6 / 32
        "20.0 mJ",  # 1.6 / (48 + 32)
    ]


def test_a_decoding_that_is_lost_in_the_noise_has_a_dash(tmp_path):
    (row,) = rows_of(html_of("tokens", report_of(tmp_path, generation(prefill=(0.5, 4.0, 0.5, 0.5)))))
    assert row[5] == "-"


def test_without_windows_of_prefill_there_is_no_section(tmp_path):
    assert html_of("tokens", report_of(tmp_path, generation(prefill=()))) is None
