"""Trains one reference model and saves it with its card."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from suite.core.setup import Setup
from suite.reference.card import Result, card
from suite.reference.spec import Reference
from suite.toolkit.training.fit import fit


def train(reference: Reference, task: Any, folder: Path, *, seed: int, say: Callable[[str], None]) -> Result:
    """Trains on the train split, saves to ``folder`` as float16, and scores what was saved, once, on the test split.

    Args:
        reference: the recipe.
        task: the task that ``reference.task`` names.
        folder: of the model; files in it are replaced.
        seed: of the initial weights and the order of the samples.
        say: takes one line of progress.
    """
    torch.manual_seed(seed)
    model, processor = reference.build(task)
    setup = setup_for(task, model, processor)
    started = time.process_time()

    def progress(step: int, loss: float) -> None:
        if step % 50 == 0 or step == reference.recipe.steps:
            spent = time.process_time() - started
            say(f"{reference.name}: step {step} of {reference.recipe.steps}, loss {loss:.3f}, {spent:.0f} CPU-s")

    fit(
        model,
        setup,
        reference.pool(task),
        recipe=reference.recipe,
        loss=reference.loss(task),
        seed=seed,
        progress=progress,
    )
    cpu_s = time.process_time() - started
    reference.before_saving(processor)
    save(model, processor, folder)
    setup = setup_for(task, reloaded(model, folder), processor)
    result = Result(
        parameters=sum(weight.numel() for weight in setup.model.parameters()),
        sha256=hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        validation=mean(task.score(setup, task.validation())),
        test=mean(task.score(setup, task.test())),
        test_items=len(task.test()),
        baselines=[*reference.baselines(task), *reference.controls(task, setup)],
        ceilings=reference.ceilings(task),
        figures=reference.figures(task, setup),
        train_cpu_s=cpu_s,
        seed=seed,
    )
    (folder / "README.md").write_text(card(reference, task.metric, result), encoding="utf-8")
    return result


def setup_for(task: Any, model: Any, processor: Any) -> Setup:
    """Training and scoring in float32 on the CPU, whatever else the machine has: the same everywhere."""
    unlimited = dataclasses.replace(task, max_scored=None)
    return Setup(
        task=unlimited, model=model, processor=processor, batch_size=64, dtype="float32", device="cpu", phase="training"
    )


def save(model: Any, processor: Any, folder: Path) -> None:
    """Writes config, float16 weights and processor to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    processor.save_pretrained(folder)


def reloaded(model: Any, folder: Path) -> Any:
    """What is in ``folder``, in float32 and eval mode."""
    return type(model).from_pretrained(folder, dtype=torch.float32).eval()


def mean(values: list[float]) -> float:
    """Arithmetic mean."""
    return math.fsum(values) / len(values)
