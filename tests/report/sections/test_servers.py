import msgspec

from tests.report.section_html import html_of, report_of, rows_of, words_of
from tests.synthetic import record, windows


def served(*, tokens=(1000, 500), read=True, mitigations=(("endpoint", {"model": "small", "arguments": "-q"}),)):
    """Windows of 2 s and 50 requests; the candidate takes half the joules of a request, whose tokens are given."""
    counts = dict(zip(("baseline", "candidate"), tokens, strict=True))
    made = [
        msgspec.structs.replace(
            window,
            tokens=counts[window.arm],
            batches=None,
            latencies_s=[0.5, 0.7],
            first_token_s=[0.1, 0.3] if window.arm == "baseline" else [0.05, 0.06],
            between_tokens_s=[0.02, 0.04],
            energy_j=window.energy_j if read else {},
            method=window.method if read else {},
        )
        for window in windows([0.5] * 4, queries=50, duration_s=2.0)
    ]
    found = record(
        task="text_generation", model="large", workload="endpoint", mitigations=mitigations, run_windows=made
    )
    point = msgspec.structs.replace(found.point, runtime="served")
    return msgspec.structs.replace(found, point=point, point_id=point.point_id, denominator="token")


def test_both_arms_have_a_row_and_the_candidate_the_change(tmp_path):
    baseline, candidate = rows_of(html_of("servers", report_of(tmp_path, served(tokens=(1000, 800)))))
    times = ["20.0 ms", "40.0 ms", "600 ms", "700 ms", "700 ms"]
    assert baseline == [
        "large", "100 ms", "300 ms", *times, "500/s", "25.0/s", "50.0 mJ", "1.00 J", "", "", "",
    ]  # fmt: skip
    assert candidate[:12] == [
        "small [-q]", "50.0 ms", "60.0 ms", *times, "400/s", "25.0/s", "31.2 mJ", "500 mJ",
    ]  # fmt: skip
    assert candidate[12:14] == ["-37.5 % [-37.5, -37.5]", "-50.0 % [-50.0, -50.0]"]
    assert candidate[14] == "saves, not scored"


def test_half_the_tokens_at_half_the_joules_are_no_saving(tmp_path):
    _, candidate = rows_of(html_of("servers", report_of(tmp_path, served(tokens=(1000, 500)))))
    assert candidate[12].startswith("0.0 %")
    assert "saves" not in candidate[14]


def test_energy_that_was_not_read_is_a_dash(tmp_path):
    rows = rows_of(html_of("servers", report_of(tmp_path, served(read=False))))
    assert [row[10:12] for row in rows] == [["-", "-"], ["-", "-"]]
    assert rows[1][1] == "50.0 ms"


def test_a_server_against_itself_has_one_name(tmp_path):
    html = html_of("servers", report_of(tmp_path, served(mitigations=())))
    assert [row[0] for row in rows_of(html)] == ["large", "large"]
    assert "by token of the answers" in words_of(html)


def test_without_servers_there_is_no_section(tmp_path):
    assert html_of("servers", report_of(tmp_path, record(run_windows=windows([0.8] * 4)))) is None
