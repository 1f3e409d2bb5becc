"""A model spread over real GPUs, from conf to record."""

import pytest
import torch

from suite.__main__ import main
from suite.record.store import load_run
from suite.stats.paired import headline_component

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(torch.cuda.device_count() < 2, reason=f"needs two GPUs, here are {torch.cuda.device_count()}"),
]


def measured(folder, *overrides):
    code = main(
        ["device=cuda", "task=text_generation", "protocol=scan", "protocol.min_blocks=2", "protocol.max_blocks=2",
         "report=false", f"runs_dir={folder}", *overrides]
    )  # fmt: skip
    ((_, record),) = load_run(folder / "default")[0]
    assert (code, record.status, record.reason) == (0, "ok", None)
    return record


@pytest.mark.parametrize("mitigation", ["none", "int8_bitsandbytes", "nf4", "layer_pruning", "structured_pruning"])
@pytest.mark.parametrize("pairing", ["resident", "swapped"])
def test_the_gpus_in_use_are_summed(tmp_path, mitigation, pairing):
    record = measured(tmp_path, "device_map=balanced", f"mitigation={mitigation}", f"protocol.pairing={pairing}")
    boards = record.environment["meter"]["boards"]
    assert len(boards) >= 2
    assert headline_component(record.windows) == "gpu"
    for window in record.windows:
        assert len(window.board_energy_j) == len(boards)
        assert sum(window.board_energy_j) == pytest.approx(window.energy_j["gpu"], rel=0.02)
        assert min(window.board_energy_j) > 0
    assert sum(record.idle.board_power_w) == pytest.approx(record.idle.power_w["gpu"], rel=0.05)


def test_a_spread_model_answers_as_it_does_on_one_gpu(tmp_path):
    spread = measured(tmp_path / "two", "mitigation=none", "device_map=balanced")
    whole = measured(tmp_path / "one", "mitigation=none", "runtime=eager")
    assert spread.scores.baseline == pytest.approx(whole.scores.baseline, rel=1e-2)
