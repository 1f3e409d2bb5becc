"""Against a real server: transformers' own, with two random Llamas of different depth, from the command line."""

import importlib.util
import shutil

import msgspec
import psutil
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from suite.__main__ import main
from suite.config.build import plan_of
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.io.paths import CHECKOUT
from suite.measure import point
from suite.record.store import load_run
from suite.stats.paired import paired_ratio

MISSING = [name for name in ("fastapi", "uvicorn", "openai", "httpx2") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed: pip install -e '.[endpoint]'"),
]
TOKENIZER = CHECKOUT / "models" / "llama_stdlib"
RULES = [
    "workload=endpoint", "device=cpu", "protocol.min_blocks=3", "protocol.max_blocks=3", "protocol.warmup_min_s=0",
    "protocol.warmup_max_s=2", "protocol.warmup_slope_s=0.2", "workload.concurrency=2", "workload.requests=12",
    "workload.new_tokens=16", "task.query_count=16", "task.prompt_tokens=16", "endpoint.ready_timeout_s=120",
]  # fmt: skip


@pytest.fixture(scope="module")
def llamas(tmp_path_factory):
    """Directories of two Llamas of 2 and 12 layers, with the embedded Llama's tokenizer."""
    found = {}
    for name, layers in (("shallow", 2), ("deep", 12)):
        folder = found[name] = tmp_path_factory.mktemp("llamas") / name
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=2048, hidden_size=128, intermediate_size=256, num_hidden_layers=layers, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=512, bos_token_id=0, eos_token_id=None, pad_token_id=0,
        )  # fmt: skip
        LlamaForCausalLM(config).save_pretrained(folder)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(TOKENIZER / file, folder / file)
    return found


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def of(arm, folder):
    return [f"endpoint.{arm}.engine=transformers_serve", f"endpoint.{arm}.model={folder}"]


def by_token(record):
    return paired_ratio([msgspec.structs.replace(each, queries=each.tokens) for each in record.windows], "cpu")


def test_a_shallower_model_takes_fewer_joules_a_token(llamas, tmp_path, capsys):
    """From the command line to the record and the report; the same command again finds nothing to do."""
    words = [*RULES, *of("baseline", llamas["deep"]), *of("candidate", llamas["shallow"]), f"runs_dir={tmp_path}/runs"]
    assert main([*words, "name=depth", "report=false"]) == 0
    [(_, record)], _ = load_run(tmp_path / "runs" / "depth")
    ratio = by_token(record)
    assert ratio.high < 0.9
    assert all(window.tokens > 0 and window.energy_j["cpu"] > 0 for window in record.windows)
    assert all(window.first_token_s and window.between_tokens_s for window in record.windows)
    assert "tokens_not_counted" not in [each.code for each in record.warnings]
    capsys.readouterr()
    assert main([*words, "name=depth", "report=false"]) == 0
    assert len(load_run(tmp_path / "runs" / "depth")[0]) == 1


@pytest.fixture
def plan(tmp_path):
    def make(*overrides):
        every = [*RULES, f"runs_dir={tmp_path}", "name=served", *overrides]
        config = resolved(composed(every))
        return plan_of(config, labels(config, every))

    return make


def test_a_server_against_itself_shows_no_difference(plan, llamas):
    record = point.measure(plan(*of("baseline", llamas["shallow"])))
    assert (record.status, record.reason) == ("ok", None)
    assert record.point.label == "none"
    assert by_token(record).holds(1.0)


class Killing:
    def stage(self, text, left_s=None):
        if text.startswith("block 2"):
            servers = [
                each for each in psutil.Process().children() if "transformers.cli.transformers" in each.cmdline()
            ]
            servers[-1].kill()

    def progress(self, draft):
        pass


def test_a_server_that_is_killed_fails_the_point_and_loses_nothing(plan, llamas):
    made = plan(*of("baseline", llamas["shallow"]), *of("candidate", llamas["shallow"]), "endpoint.api=completions")
    record = point.measure(made, Killing())
    assert (record.status, record.reason.kind) == ("failed", "server_failed")
    assert "SIGKILL" in record.reason.message
    assert len([window for window in record.windows if window.block == 0]) == 4
