"""A made-up run that looks like a real one: three tasks, fifteen techniques, some of them skipped or failed."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from suite.record.schema import ApplyCost, Idle, Reason, Record, RecordWarning, Scores
from suite.stats.cross_checks import warnings_of
from tests.synthetic import BOARD, COUNTER, ESTIMATED, environment, record, windows


class Try(NamedTuple):
    """A stack, its true energy ratio and loss of accuracy, what it changes, and the seconds it takes to apply."""

    stack: tuple[tuple[str, dict[str, Any]], ...]
    ratio: float
    loss: float
    effect: dict[str, Any]
    apply_s: float | None
    is_noisy: bool = False


INT8 = {"quantised_share": 0.98, "bytes": 1_413_824, "dtypes": {"int8": 0.95, "float32": 0.05}}
HALF = {"parameters": 803_456, "bytes": 3_213_824}
QUARTER = {"parameters": 603_456, "bytes": 2_413_824}
STUDENT = {"parameters": 503_456, "bytes": 2_013_824}
BF16 = {"dtype": "bfloat16", "bytes": 2_406_912, "dtypes": {"bfloat16": 1.0}}

BASELINE = Try((), 1.0, 0.0, {}, None)
TRIES = (
    BASELINE,
    Try((("structured_pruning", {"ratio": 0.5, "recovery": {"steps": 200}}),), 0.62, 0.001, HALF, 21),
    Try((("structured_pruning", {"ratio": 0.75, "recovery": {"steps": 200}}),), 0.45, 0.034, QUARTER, 20),
    Try((("distillation", {"layers": 2, "recipe": {"steps": 600}}),), 0.38, 0.012, STUDENT, 64),
    Try((("magnitude_pruning", {"amount": 0.5}),), 1.001, 0.002, {"sparsity": 0.5}, 0.05),
    Try((("int8_dynamic", {}),), 0.81, 0.0, INT8, 0.1),
    Try((("int8_weight_only", {}),), 1.04, 0.0, INT8, 0.1),
    Try((("int8_quanto", {}),), 1.12, 0.0, INT8, 0.2),
    Try((("int8_bitsandbytes", {"threshold": 6.0}),), 0.96, 0.0, INT8, 0.1, is_noisy=True),
    Try((("int8_onnxruntime", {}),), 0.51, 0.001, INT8, 6),
    Try(
        (("nf4", {"double_quant": False}),),
        0.97,
        0.052,
        {"quantised_share": 0.98, "bytes": 813_824},
        0.2,
        is_noisy=True,
    ),
    Try((("bf16", {}),), 0.58, 0.0, BF16, 0.01),
    Try((("fp16", {}),), 3.9, 0.0, {"dtype": "float16", "bytes": 2_406_912}, 0.01),
    Try((("autocast_bf16", {}),), 0.66, 0.0, {}, 0.01),
    Try((("batch_size", {"batch_size": 128}),), 0.91, 0.0, {"batch_size": 128}, 0.0),
    Try((("batch_size", {"batch_size": 8}),), 1.31, 0.0, {"batch_size": 8}, 0.0),
    Try((("structured_pruning", {"ratio": 0.5}), ("int8_dynamic", {})), 0.5, 0.002, HALF, 22),
)
TRAINING = (
    BASELINE,
    Try((("autocast_bf16", {}),), 0.78, 0.0, {}, 0.01),
    Try((("gradient_checkpointing", {}),), 1.27, 0.0, {}, 0.01),
)
TASKS = (
    ("image_classification", "vit_digits", 0.0021),
    ("text_classification", "bert_languages", 0.0184),
    ("text_generation", "llama_stdlib", 0.43),
)
SKIPPED = {
    "tf32": "TF32 needs a CUDA device of compute capability 8.0 or higher; this point runs on the CPU",
    "gradient_checkpointing": "gradient checkpointing changes training only; this point is inference",
}
ESTIMATE = RecordWarning(
    code="cpu_energy_estimated",
    message="CPU energy is an estimate (CPU time x TDP): it ranks techniques by CPU time, not by power",
    remedy="run on bare metal with readable RAPL files (python -m suite.doctor says how), or on a GPU",
)
NOT_CONVERGED = RecordWarning(
    code="not_converged",
    message="after 8 blocks the interval is still wider than 2 % each way",
    remedy="stop other work on this machine, or give more blocks (protocol=strict)",
)


def embedded_run(seed: int = 1) -> list[Record]:
    """Like the default experiment: every kind of outcome occurs."""
    draw, made = random.Random(seed), []
    for task, model, joules in TASKS:
        for one in TRIES:
            drift = draw.uniform(0.95, 1.05) if one.stack and one.ratio != 1.001 else 1.0
            made.append(_ran(task, model, one._replace(ratio=one.ratio * drift), joules, draw, len(made)))
        for name, why in SKIPPED.items():
            reason = Reason(kind="not_applicable", message=why)
            stack = ((name, {}),)
            made.append(
                record(task=task, model=model, mitigations=stack, status="skipped", reason=reason, minute=len(made))
            )
        for one in TRAINING:
            training = {"phase": "training", "workload": "training_steps"}
            made.append(_ran(task, model, one, 3 * joules, draw, len(made), **training))
    reason = Reason(kind="no_effect", message="no Linear layer of the model was converted to int8")
    stack = (("int8_dynamic", {"layers": "conv"}),)
    made.append(record(task=task, model=model, mitigations=stack, status="failed", reason=reason, minute=len(made)))
    return made


def gpu_run(seed: int = 2) -> list[Record]:
    """A language model with random weights on a GPU: measured, not scored, idle power known, CPU beside it."""
    draw, made = random.Random(seed), []
    where = environment(gpu="Example GPU, 141 GB")
    for batch_size, joules in ((1, 21.0), (8, 3.4), (64, 0.62)):
        for stack, ratio in (((), 1.0), ((("int8_bitsandbytes", {}),), 1.6), ((("nf4", {}),), 0.88)):
            seen = windows(
                [ratio * (1 + draw.gauss(0, 0.004)) for _ in range(6)],
                baseline_j=joules,
                queries=64,
                duration_s=6.0,
                component="gpu",
                method=COUNTER,
                beside={"cpu": (joules / 9, ESTIMATED)},
                time_ratio=ratio,
                batch_sizes=(batch_size, batch_size),
                tokens=8192,
                edges="tick_aligned",
                conditions=BOARD | {"throttle_reasons": ["power limit reached"] if ratio > 1 else []},
            )
            cost = ApplyCost(duration_s=3.0, energy_j={"gpu": 400.0}, method={"gpu": COUNTER})
            made.append(
                record(
                    task="text_generation",
                    model="llama_1b",
                    mitigations=stack,
                    batch_size=batch_size,
                    device="cuda",
                    dtype="bfloat16",
                    run_windows=seen,
                    idle=Idle(
                        power_w={"gpu": 3.0}, method={"gpu": COUNTER}, before_w={"gpu": 2.9}, after_w={"gpu": 3.1}
                    ),
                    warnings=warnings_of(seen, None, where["meter"]),
                    where=where,
                    minute=len(made),
                    apply_cost=cost if stack else None,
                    peak=(2_600_000_000, 1_900_000_000),
                )
            )
    return made


AT_BATCH_SIZES: dict[str, tuple[float | None, ...]] = {
    "float8": (1.28, 1.06, 0.93, 0.82),
    "nf4": (0.81, 0.92, 1.07, 1.24),
    "compile": (0.52, 0.61, 0.86, 0.97),
    "static_cache": (0.58, 0.71, 0.97, None),
    "int8_bitsandbytes": (2.3, 1.9, 1.35, 1.08),
    "magnitude_pruning": (1.003, 0.999, 1.001, 0.998),
    "semi_structured_pruning": (1.05, 0.98, 1.03, 0.97),
}
"""Energy ratios at batches of 1, 8, 64 and 256; None where the technique could not run."""


def crossover_run(seed: int = 3, **changes: Any) -> list[Record]:
    """A language model at four batch sizes: techniques that flip either way, once, not at all, or not clearly."""
    draw, made = random.Random(seed), []
    for name, ratios in AT_BATCH_SIZES.items():
        spread = 0.05 if name == "semi_structured_pruning" else 0.012
        for batch_size, joules, ratio in zip((1, 8, 64, 256), (21.0, 3.4, 0.62, 0.4), ratios, strict=True):
            where = {"mitigations": ((name, {}),), "batch_size": batch_size, "minute": len(made)}
            where |= {"task": "text_generation", "model": "llama_1b", "device": "cuda", "dtype": "bfloat16"} | changes
            where["where"] = environment(gpu="Example GPU, 80 GB") if where["device"] == "cuda" else environment()
            if ratio is None:
                reason = Reason(kind="not_applicable", message="the cache of this batch does not fit into the memory")
                made.append(record(status="skipped", reason=reason, **where))
                continue
            is_gpu = where["device"] == "cuda"
            seen = windows(
                [ratio * (1 + draw.gauss(0, spread)) for _ in range(5)],
                baseline_j=joules,
                component="gpu" if is_gpu else "cpu",
                method=COUNTER if is_gpu else ESTIMATED,
                time_ratio=ratio,
            )
            made.append(record(run_windows=seen, **where))
    return made


def _ran(task: str, model: str, one: Try, joules: float, draw: random.Random, minute: int, **changes: Any) -> Record:
    spread = 0.06 if one.is_noisy else 0.009
    ratios = [one.ratio * (1 + draw.gauss(0, spread)) for _ in range(8 if one.is_noisy else 5)]
    is_generation = task == "text_generation"
    seen = windows(
        ratios,
        baseline_j=joules * (1 + draw.gauss(0, 0.01)),
        queries=int(8 / joules) // 128 * 128 + 128,
        time_ratio=one.ratio,
        batch_sizes=(32, one.effect.get("batch_size", 32)),
        tokens=4096 if is_generation else None,
    )
    return record(
        task=task,
        model=model,
        mitigations=one.stack,
        run_windows=seen,
        scores=_bits(one, draw) if is_generation else _accuracy(one, draw),
        margin=0.01,
        margin_relative=is_generation,
        apply_cost=_cost(one),
        candidate=one.effect,
        warnings=[ESTIMATE, NOT_CONVERGED] if one.is_noisy else [ESTIMATE],
        converged=not one.is_noisy,
        minute=minute,
        peak=(60_000_000, int(60_000_000 * (0.7 + 0.3 * one.ratio))),
        **changes,
    )


def _cost(one: Try) -> ApplyCost | None:
    """8 W while it lasts; what is below the meter's step was not read."""
    if one.apply_s is None:
        return None
    energy_j = {"cpu": 8.0 * one.apply_s} if one.apply_s else {}
    return ApplyCost(duration_s=one.apply_s or 1e-4, energy_j=energy_j, method=dict.fromkeys(energy_j, ESTIMATED))


def _accuracy(one: Try, draw: random.Random) -> Scores:
    baseline = [float(item % 100 >= 7) for item in range(1000)]
    flips = 0.004 if one.stack else 0.0
    candidate = [
        float(draw.random() >= flips + one.loss) if right else float(draw.random() < 10 * flips) for right in baseline
    ]
    return Scores(metric="accuracy", higher_is_better=True, baseline=baseline, candidate=candidate)


def _bits(one: Try, draw: random.Random) -> Scores:
    same = random.Random(0)
    baseline = [same.gauss(1.75, 0.3) for _ in range(400)]
    candidate = [bits + (draw.gauss(2 * one.loss, 0.04) if one.stack else 0.0) for bits in baseline]
    return Scores(metric="bits_per_byte", higher_is_better=False, baseline=baseline, candidate=candidate)
