"""One point on a real GPU, from conf to record."""

import pytest
import torch

from suite.__main__ import main
from suite.record.store import load_run
from suite.stats.paired import headline_component
from suite.stats.prefill_decode import prefill_decode

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device that torch can use"),
]


@pytest.mark.parametrize("mitigation", ["none", "int8_bitsandbytes", "nf4", "structured_pruning"])
def test_the_gpus_counter_is_the_headline(tmp_path, mitigation):
    code = main(
        ["device=cuda", "protocol=scan", "protocol.min_blocks=2", "protocol.max_blocks=2", "report=false",
         f"mitigation={mitigation}", f"runs_dir={tmp_path}"]
    )  # fmt: skip
    ((_, record),) = load_run(tmp_path / "default")[0]
    assert (code, record.status, record.reason) == (0, "ok", None)
    assert headline_component(record.windows) == "gpu"
    assert record.windows[0].method["gpu"].startswith("measured:nvml")
    assert record.peak_memory_bytes["candidate"] > 0
    counter = record.environment["meter"]["components"]["gpu"]
    is_prompt = counter["lag_s"] is not None and counter["lag_s"] <= counter["period_s"] / 2
    assert {window.edges for window in record.windows} == {"interpolated" if is_prompt else "tick_aligned"}


def test_tf32_takes_effect_against_float32(tmp_path):
    code = main(
        ["device=cuda", "dtype=float32", "protocol=scan", "protocol.min_blocks=2", "protocol.max_blocks=2",
         "report=false", "mitigation=tf32", f"runs_dir={tmp_path}"]
    )  # fmt: skip
    ((_, record),) = load_run(tmp_path / "default")[0]
    assert (code, record.status, record.reason) == (0, "ok", None)


def test_prefill_and_decoding_are_told_apart_over_a_compiled_static_cache(tmp_path):
    code = main(
        ["device=cuda", "task=text_generation", "protocol=scan", "protocol.min_blocks=2", "protocol.max_blocks=2",
         "protocol.prefill=true", "report=false", f"runs_dir={tmp_path}"]
    )  # fmt: skip
    ((_, record),) = load_run(tmp_path / "default")[0]
    assert (code, record.status, record.reason) == (0, "ok", None)
    assert record.point.runtime == "compiled"
    assert [window.tokens for window in record.prefill_windows] == [w.queries for w in record.prefill_windows]
    found = prefill_decode(record.windows, record.prefill_windows, "gpu")
    assert found.prefill_j["baseline"].estimate > 0
    assert found.decode_j["baseline"].estimate > 0
