"""The race with peers: what its tables say of logs and costs made up here. The race itself is run by hand."""

import json

import pytest

from benchmarks.peers import __main__ as race
from benchmarks.peers import optimum_benchmark
from benchmarks.peers.costs import Costs
from benchmarks.peers.subject import TOKENS, write_subject

LOG = """\
[MAIN-PROCESS][\x1b[36m2026-11-27 21:25:58,500\x1b[0m][\x1b[34mprocess\x1b[0m][\x1b[32mINFO\x1b[0m] - Allocated process launcher
[ISOLATED-PROCESS][\x1b[36m2026-11-27 21:26:04,500\x1b[0m][\x1b[34minference\x1b[0m][\x1b[32mINFO\x1b[0m] - \t+ Warming up backend for Inference
a library's word
[ISOLATED-PROCESS][2026-11-27 21:26:05,000][inference][INFO] - \t+ Running Inference latency tracking
[ISOLATED-PROCESS][2026-11-27 21:26:15,000][inference][INFO] - \t+ Running energy tracking
[ISOLATED-PROCESS][2026-11-27 21:26:25,250][energy][INFO] - \t\t+ Saving codecarbon emission data to forward_codecarbon.json
"""  # noqa: E501
COSTS = Costs(wall_s=60.0, measured_s=40.0, warm_up_s=2.0, scoring_s=4.0, start_s=3.0, energy_j={1: 0.5, 4: 0.25})


def test_stages_of_a_peer_are_read_from_its_log_with_and_without_colours():
    found = optimum_benchmark._stages(LOG)
    assert found == {"start": 6.0, "warm-up": 0.5, "measured": 20.25}


def test_a_peers_energy_is_that_of_a_call_of_the_whole_batch(tmp_path):
    (tmp_path / "benchmark_report.json").write_text(json.dumps({"forward": {"energy": {"cpu": 1e-6, "total": 5e-6}}}))
    assert optimum_benchmark._energy_j(tmp_path) == pytest.approx(3.6)


def test_the_table_has_seconds_a_configuration():
    """Two configurations: 60 s, of which 40 measured, 2 warm-up and 4 scoring; 14 are left."""
    assert COSTS.outside_s == 14.0
    table = race.costs_table({"a tool": COSTS})
    assert table.splitlines()[2].split() == ["a", "tool", "30.0", "20.0", "1.0", "2.0", "7.0", "1.5"]
    assert table.splitlines()[-1].split() == ["a", "tool", "0.500", "0.250"]


def test_ratios_stand_with_how_far_they_lie_apart():
    line = race.ratios_table({"a tool": [0.5, 0.6]}).splitlines()[1]
    assert line.endswith("0.500 0.600  mean 0.550, standard deviation 12.9%")


def test_texts_have_the_stated_number_of_tokens(tmp_path):
    transformers = pytest.importorskip("transformers")
    subject = write_subject(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(subject.model)
    texts = [json.loads(line)["text"] for line in subject.texts.read_text().splitlines()]
    assert {len(tokenizer(text)["input_ids"]) for text in texts} == {TOKENS}
