import pytest

from suite.stats.prefill_decode import ARMS, prefill_decode
from tests.synthetic import windows

QUERIES, TOKENS = 100, 3200
RATIOS = [0.80, 0.82, 0.78, 0.80]


def split(whole=RATIOS, short=(0.9, 0.9, 0.9, 0.9), *, prefill_j=0.2, component="cpu", tokens=TOKENS, writes=ARMS):
    """Whole queries of 1 J and 32 tokens; until the first token ``prefill_j``; ratios by block of each."""
    return prefill_decode(
        windows(whole, queries=QUERIES, tokens=tokens, writes=writes),
        windows(short, queries=QUERIES, tokens=QUERIES, baseline_j=prefill_j, writes=writes),
        component,
    )


def test_decoding_is_what_whole_queries_use_beyond_prefill():
    found = split()
    assert found.prefill_j["baseline"].estimate == pytest.approx(0.2)
    assert found.decode_j["baseline"].estimate == pytest.approx((1 - 0.2) / 31)
    assert found.decode_j["candidate"].estimate == pytest.approx((0.8 - 0.18) / 31)
    assert found.prefill_ratio.estimate == pytest.approx(0.9)
    assert found.decode_ratio.holds((0.8 - 0.18) / 0.8)


def test_intervals_are_of_the_blocks_differences():
    assert split([0.8] * 4).decode_j["candidate"].half_width == pytest.approx(0, abs=1e-9)
    assert split([0.7, 0.9, 0.7, 0.9]).decode_j["candidate"].half_width > 0.001


def test_a_prefill_as_dear_as_the_whole_leaves_no_ratio_of_decoding():
    found = split(prefill_j=1.0)
    assert found.decode_ratio is None
    assert "baseline" not in found.decode_j
    assert found.prefill_ratio.estimate == pytest.approx(0.9)


@pytest.mark.parametrize("how", [{"component": "gpu"}, {"tokens": None}, {"short": []}])
def test_what_was_not_measured_has_no_figure(how):
    assert split(**how) is None


def test_a_block_without_prefill_is_left_out():
    assert split(short=[0.9, 0.9, 0.9]).decode_j["candidate"].half_width is not None
    assert split([0.8, 0.8, 0.8, 9.0], short=[0.9, 0.9, 0.9]).decode_ratio.estimate == pytest.approx(0.775)


def test_an_arm_that_writes_no_tokens_has_no_parts_and_the_other_keeps_its_own():
    found = split(writes=["baseline"])
    assert set(found.prefill_j) == set(found.decode_j) == {"baseline"}
    assert found.decode_j["baseline"].estimate == pytest.approx((1 - 0.2) / 31)
    assert (found.prefill_ratio, found.decode_ratio) == (None, None)
