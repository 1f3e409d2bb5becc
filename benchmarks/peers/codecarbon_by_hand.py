"""CodeCarbon around a loop, as its quickstart has it: what a user without a benchmark does.

``python -m benchmarks.peers.codecarbon_by_hand MODEL BATCH SECONDS`` prints one line of JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.costs import Costs
from benchmarks.peers.subject import TOKENS, Subject
from benchmarks.peers.timed import timed
from suite.io.paths import CHECKOUT
from suite.units import kwh_to_joules

NAME = "CodeCarbon around a loop"
NOT_REPORTED = "accuracy, warm-up, an interval, a verdict, energy of a query, a page"


def measure(subject: Subject, batch_sizes: Sequence[int], loop_s: float) -> Costs:
    """A process for each batch size."""
    began_s = time.perf_counter()
    found = {size: _run(subject.model, size, loop_s) for size in batch_sizes}
    return Costs(
        wall_s=time.perf_counter() - began_s,
        measured_s=sum(each["measured_s"] for each in found.values()),
        warm_up_s=0.0,
        scoring_s=0.0,
        start_s=sum(each["start_s"] for each in found.values()),
        energy_j={size: each["energy_j"] for size, each in found.items()},
    )


def _run(model: Path, size: int, loop_s: float) -> dict[str, float]:
    began = time.time()
    command = [sys.executable, "-m", "benchmarks.peers.codecarbon_by_hand", str(model), str(size), str(loop_s)]
    _, printed = timed(command, CHECKOUT)
    found: dict[str, float] = json.loads(printed.splitlines()[-1])
    return found | {"start_s": found["ready_at"] - began}


def main(model: str, size: int, loop_s: float) -> None:
    """Loads, measures, prints."""
    import torch
    import transformers
    from codecarbon import OfflineEmissionsTracker

    logging.disable(logging.CRITICAL)
    classifier = transformers.AutoModelForSequenceClassification.from_pretrained(model).eval()
    inputs = {"input_ids": torch.randint(5, 31, (size, TOKENS)), "attention_mask": torch.ones(size, TOKENS).long()}
    tracker = OfflineEmissionsTracker(country_iso_code="FRA", save_to_file=False)
    ready_at = time.time()
    tracker.start()
    began_s, calls = time.perf_counter(), 0
    with torch.inference_mode():
        while time.perf_counter() - began_s < loop_s:
            classifier(**inputs)
            calls += 1
    measured_s = time.perf_counter() - began_s
    tracker.stop()
    energy_j = kwh_to_joules(tracker.final_emissions_data.cpu_energy) / (calls * size)
    print(json.dumps({"ready_at": ready_at, "measured_s": measured_s, "energy_j": energy_j}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
