"""Files as other tools write them. Only what readers need and what may be in their way is filled in.

``optimum_benchmark``: fields of ``BenchmarkReport``, ``Measurements``, ``Latency``, ``Throughput``, ``Energy``,
``Efficiency`` in optimum_benchmark/benchmark/report.py and trackers/ of 0.6.0. ``ml_energy``: ``result`` in
mlenergy/llm/benchmark.py, and what the benchmark's own tools read of a diffusion model's file. ``aiperf``:
the example in AIPerf's docs/reference/json-export-schema.md, with the tags of its power_efficiency_metrics.py.
``vllm``: ``result_json`` in vllm/benchmarks/serve.py and ``get_results`` in
lib/energy.py. ``files/emissions.csv``: written by CodeCarbon 3.3.2 in three seconds of counting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

EMISSIONS = Path(__file__).parent / "files" / "emissions.csv"


def latency(p50: float, p99: float) -> dict[str, Any]:
    values = dict.fromkeys(("total", "mean", "p90", "p95", "stdev", "stdev_"), p50)
    return {"unit": "s", "values": [p50, p99], "count": 2, "p50": p50, "p99": p99, **values}


def energy(total: float) -> dict[str, Any]:
    return {"unit": "kWh", "cpu": total / 2, "ram": total / 2, "gpu": 0.0, "total": total}


def optimum_report(**forward: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("memory", "latency", "throughput", "energy", "efficiency"))
    usual = {
        "latency": latency(0.02, 0.05),
        "throughput": {"unit": "samples/s", "value": 200.0},
        "energy": energy(1e-6),
        "efficiency": {"unit": "samples/kWh", "value": 3.6e6},
    }
    return {
        "load_model": nothing | {"latency": latency(9.0, 9.0), "energy": energy(1e-3)},
        "first_forward": nothing | {"latency": latency(1.0, 1.0)},
        "forward": nothing | usual | forward,
    }


def optimum_benchmark() -> dict[str, Any]:
    nothing = dict.fromkeys(("memory", "latency", "throughput", "energy", "efficiency"))
    return {
        "config": {
            "name": "pytorch_llama",
            "backend": {"name": "pytorch", "model": "owner/llama", "device": "cuda"},
            "environment": {"cpu": " Intel Xeon", "gpu": ["NVIDIA H100"], "optimum_benchmark_version": "0.6.0"},
        },
        "report": {
            "load_model": nothing | {"latency": latency(9.0, 9.0)},
            "prefill": nothing | {"energy": energy(1e-6), "efficiency": {"unit": "samples/kWh", "value": 7.2e6}},
            "decode": nothing | {"energy": energy(1e-5), "efficiency": {"unit": "tokens/kWh", "value": 3.6e7}},
            "per_token": nothing | {"latency": latency(0.01, 0.02)},
        },
    }


def ml_energy() -> dict[str, Any]:
    return {
        "date": "20260102-030405", "endpoint_type": "openai-chat", "model_id": "Qwen/Qwen3-8B", "num_prompts": 1000,
        "request_rate": "inf", "burstiness": 1.0, "max_concurrency": None, "gpu_model": "H100", "num_gpus": 1,
        "duration": 135.2, "completed": 1000, "steady_state_duration": 97.6, "steady_state_energy": 50_000.0,
        "steady_state_energy_per_token": 0.1, "total_input_tokens": 245_000, "total_output_tokens": 640_000,
        "request_throughput": 7.4, "output_throughput": 4733.0, "total_token_throughput": 6545.0,
        "steady_state_measurement": {"time": 97.6, "gpu_energy": {"0": 50_000.0}, "cpu_energy": None},
        "median_ttft_ms": 156.0, "median_itl_ms": 11.0, "results": [{"energy": 52.1, "error": ""}],
    }  # fmt: skip


def ml_energy_diffusion() -> dict[str, Any]:
    iterations = [
        {"gpu_energy": {"0": 50.0, "1": 50.0}, "time": 2.0},
        {"gpu_energy": {"0": 60.0, "1": 60.0}, "time": 3.0},
    ]
    sizes = {"height": 512, "width": 512, "inference_steps": 20, "num_frames": None, "fps": None}
    return {"model_id": "org/diffusion", "batch_size": 2, "iteration_energy_measurements": iterations} | sizes


def aiperf() -> dict[str, Any]:
    return {
        "schema_version": "1.5",
        "aiperf_version": "0.13.0",
        "input_config": {"endpoint": {"model_names": ["owner/llama"]}},
        "request_latency": {"unit": "ms", "avg": 2620.71, "p50": 2568.73, "p99": 3371.24, "count": 20, "sum": 52414.29},
        "time_to_first_token": {"unit": "ms", "avg": 90.0, "p50": 88.0},
        "request_throughput": {"unit": "requests/sec", "avg": 1.45},
        "request_count": {"unit": "requests", "avg": 20.0},
        "nvidia_total_gpu_energy": {"unit": "J", "avg": 5000.0},
        "nvidia_output_tokens_per_joule": {"unit": "tokens/J", "avg": 2.0},
    }


def vllm(**changes: Any) -> dict[str, Any]:
    usual = {
        "date": "20260102-030405", "endpoint_type": "vllm", "backend": "vllm", "label": "vllm",
        "model_id": "owner/llama", "tokenizer_id": "owner/llama", "num_prompts": 100, "request_rate": "inf",
        "burstiness": 1.0, "max_concurrency": None, "duration": 20.0, "completed": 100, "failed": 0,
        "total_input_tokens": 12_800, "total_output_tokens": 6_400, "request_throughput": 5.0, "request_goodput": None,
        "output_throughput": 320.0, "total_token_throughput": 960.0, "mean_ttft_ms": 40.0, "median_ttft_ms": 38.0,
        "p99_ttft_ms": 90.0, "median_tpot_ms": 8.0, "median_e2el_ms": 540.0, "p99_e2el_ms": 900.0,
    }  # fmt: skip
    return usual | changes


GPU_ENERGY = {
    "energy_gpu_ids": [0], "gpu_energy_j": 6000.0, "gpu_energy_duration_s": 20.0, "gpu_avg_power_w": 300.0,
    "gpu_energy_per_output_token_j": 0.9375,
}  # fmt: skip
