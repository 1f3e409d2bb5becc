"""The published cost model, against the published figures and against operations that torch counts."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from suite.analysis.video_cost import WAN_1_3B, VideoTransformer, energy_wh, latency_s

TINY = VideoTransformer(width=128, layers=4, mlp_ratio=4, text_tokens=0, calls_per_step=1)


def test_the_operations_of_one_layer_by_hand():
    one = VideoTransformer(width=2, layers=1, mlp_ratio=4, text_tokens=5, calls_per_step=1)
    # 3 tokens: self 8·3·4 + 4·9·2, cross 4·3·4 + 4·5·4 + 4·5·3·2, MLP 4·4·3·4
    assert one.flop(3, 1) == 96 + 72 + 48 + 80 + 120 + 192
    assert one.flop(3, 10) == 10 * one.flop(3, 1)


def test_wan_at_720p_is_what_was_measured():
    flop = WAN_1_3B.flop(WAN_1_3B.tokens(81, 720, 1280), 50)
    assert latency_s(flop) == pytest.approx(410, rel=0.01)  # arXiv:2509.19222, table 4
    assert energy_wh(flop) == pytest.approx(78.8, rel=0.01)  # the GPU's part


def test_wan_at_480p_is_what_others_measured():
    flop = WAN_1_3B.flop(WAN_1_3B.tokens(81, 480, 832), 50)
    assert energy_wh(flop) == pytest.approx(17.96, rel=0.01)  # the ML.ENERGY leaderboard, version 3, one H100


@pytest.mark.parametrize(("height", "width", "published"), [(480, 832, 1.69), (720, 1280, 1.84)])
def test_the_local_exponent_is_one_and_the_share_of_attention(height, width, published):
    assert WAN_1_3B.exponent(WAN_1_3B.tokens(81, height, width)) == pytest.approx(published, abs=0.005)


@pytest.mark.parametrize(("tokens", "exponent"), [(512, 1.36), (1280, 1.59), (2304, 1.72), (4352, 1.83), (8448, 1.90)])
def test_a_small_model_reaches_the_quadratic_regime_early(tokens, exponent):
    assert TINY.exponent(tokens) == pytest.approx(exponent, abs=0.005)  # 1 + l / (l + 7 d) for no text


def test_a_doubling_costs_the_more_the_longer_the_video_and_less_than_four_times():
    ratios = [WAN_1_3B.doubling(2.0**power) for power in range(8, 24)]
    assert ratios == sorted(ratios)
    assert 2 > ratios[0] > 1
    assert 3.99 < ratios[-1] < 4


def test_the_slope_between_two_lengths_lies_between_the_slopes_at_both():
    assert TINY.exponent(4352) < TINY.exponent_between(4352, 8448) < TINY.exponent(8448)


def test_tokens_are_those_of_the_model_it_stands_for():
    assert TINY.tokens_made(17, 256, 256) == 1280
    assert TINY.tokens(81, 720, 1280) == 21.25 * 45 * 80


def test_the_model_is_what_torch_counts():
    """Flash attention on a CPU is counted as nothing, so the counter needs the plain kernel."""
    diffusers = pytest.importorskip("diffusers")
    sizes = {"num_attention_heads": 4, "attention_head_dim": 16, "ffn_dim": 256, "num_layers": 2}
    model = diffusers.WanTransformer3DModel(**sizes, in_channels=4, out_channels=4, text_dim=8, freq_dim=16)
    inputs = {
        "hidden_states": torch.randn(1, 4, 3, 32, 32),
        "timestep": torch.tensor([500.0]),
        "encoder_hidden_states": torch.randn(1, 8, 8),
    }
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        model(**inputs)
    sized = VideoTransformer(width=64, layers=2, mlp_ratio=4, text_tokens=8, calls_per_step=1)
    tokens = 3 * 16 * 16
    assert counter.get_total_flops() == pytest.approx(sized.flop(tokens, 1), rel=0.02)
