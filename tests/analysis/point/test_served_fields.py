"""What a point says of answers that came token by token."""

import msgspec
import pytest

from suite.analysis.summary import summarise_record
from tests.synthetic import binary_scores, record, windows


def served(block_ratios, tokens):
    """Windows whose arms write ``tokens`` (baseline, candidate) in 50.5 requests' worth."""
    counts = dict(zip(("baseline", "candidate"), tokens, strict=True))
    return [
        msgspec.structs.replace(
            window,
            queries=50.5,
            tokens=counts[window.arm],
            first_token_s=[0.1, 0.3, 0.2],
            between_tokens_s=[0.01, 0.03],
        )
        for window in windows(block_ratios, queries=50, duration_s=2.0)
    ]


def by_token(run_windows, **fields):
    return summarise_record(
        "run", msgspec.structs.replace(record(run_windows=run_windows, **fields), denominator="token"), None
    )


def test_energies_of_a_served_point_are_compared_by_token():
    """Half the joules a request, and half the tokens: no change a token. Joules a query are those of a request."""
    point = by_token(served([0.5, 0.5], (1000, 500)))
    assert point.energy_ratio == point.energy_per_token_ratio == pytest.approx(1.0)
    assert point.verdict == "no-detectable-change"
    assert (point.baseline_energy_per_query_j, point.energy_per_query_j) == pytest.approx((50 / 50.5, 25 / 50.5))
    assert point.energy_per_token_j == point.baseline_energy_per_token_j == pytest.approx(0.05)
    assert point.block_energy_ratios == pytest.approx([1.0, 1.0])
    assert [window.energy_per_query_j for window in point.windows["candidate"]] == pytest.approx([25 / 50.5] * 4)


def test_requests_as_they_were_answered_stand_beside():
    point = by_token(served([0.5, 0.5], (1000, 500)))
    assert point.energy_per_request_ratio == pytest.approx(0.5)
    assert point.energy_per_request_ratio_high == pytest.approx(0.5)
    assert (point.baseline_tokens_per_request, point.tokens_per_request) == pytest.approx((1000 / 50.5, 500 / 50.5))
    assert point.throughput_qps == pytest.approx(50.5 / 2.0)
    assert point.queries == 202  # four windows of 50.5 requests
    assert [each.code for each in point.warnings] == ["answers_differ_in_length"]
    assert not by_token(served([0.5, 0.5], (1000, 990))).warnings


def test_a_right_answer_costs_what_its_request_cost():
    point = by_token(served([0.5, 0.5], (1000, 500)), scores=binary_scores(right=2, lost=0, won=0, wrong=2))
    assert point.energy_per_correct_j == pytest.approx(2 * 25 / 50.5)
    assert point.baseline_energy_per_correct_j == pytest.approx(2 * 50 / 50.5)


def test_the_ratio_by_token_is_another_one_where_answers_differ_in_length():
    """Half the joules a request, and half the tokens: as many joules a token: 0.8 and 1.25 in the blocks."""
    point = summarise_record("run", record(run_windows=served([0.4, 0.625], (1000, 500))), None)
    assert point.energy_ratio == pytest.approx(0.5)
    assert point.energy_per_request_ratio is None  # a query is the request
    assert point.energy_per_token_ratio == pytest.approx(1.0)
    assert point.energy_per_token_ratio_low < 0.8
    assert point.energy_per_token_ratio_high > 1.25


def test_percentiles_of_tokens_are_in_milliseconds():
    point = summarise_record("run", record(run_windows=served([0.5, 0.5], (1000, 500))), None)
    assert point.first_token_ms_p50 == pytest.approx(200)
    assert point.first_token_ms_p99 == pytest.approx(300)
    assert point.baseline_between_tokens_ms_p50 == pytest.approx(10)
    assert point.baseline_between_tokens_ms_p95 == pytest.approx(30)
    assert (point.baseline_tokens_per_s, point.tokens_per_s) == (pytest.approx(500), pytest.approx(250))
    assert point.queries == 202  # four windows of 50.5


def test_what_was_not_followed_token_by_token_is_absent():
    point = summarise_record("run", record(run_windows=windows([0.5, 0.5])), None)
    assert point.first_token_ms_p50 is None
    assert point.energy_per_token_ratio is None
    assert point.tokens_per_s is None
