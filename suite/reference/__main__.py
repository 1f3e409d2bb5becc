"""Trains the embedded reference models: ``python -m suite.reference [NAME ... | --task TASK]``."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import sys
from pathlib import Path
from typing import Any

from suite import cli
from suite.errors import InputError
from suite.io.paths import CONF, MODELS
from suite.machine.log_levels import quieten
from suite.text.suggest import did_you_mean

DESCRIPTION = """\
Trains the embedded reference models on the CPU and writes them, each with its card. Each takes up to 15 minutes of CPU
time; the files that are there are replaced.
"""
NAMES = (
    "vit_digits",
    "bert_languages",
    "llama_stdlib",
    "modernbert_stdlib",
    "modernbert_source",
    "modernbert_answers",
    "modernbert_similarity",
    "unet_digits",
    "encoder_decoder_rows",
    "t5_dates",
    "llama_languages",
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = cli.parser("suite.reference", DESCRIPTION)
    command.add_argument("names", nargs="*", metavar="NAME", help=f"models to train: {', '.join(NAMES)} (default: all)")
    command.add_argument("--task", help="train the embedded model of this task alone, as conf/task names it")
    command.add_argument("--out", type=Path, default=MODELS, help="folder of the models (default: models/)")
    command.add_argument("--steps", type=int, help="optimiser steps in place of the recipe's, for a trial")
    command.add_argument("--seed", type=int, default=0, help="of weights and order of samples (default: 0)")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return cli.run(parser(), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    check(options)
    quieten()
    for name in of_task(options.task) if options.task else options.names or NAMES:
        train(name, options.out, steps=options.steps, seed=options.seed)
    return 0


def check(options: argparse.Namespace) -> None:
    """Raises InputError for unknown names, models named twice over and impossible numbers."""
    if options.names and options.task:
        got = [*options.names, f"--task {options.task}"]
        raise InputError("models are named, and a task as well", got=got, remedy="give one of the two")
    for name in options.names:
        if name not in NAMES:
            raise InputError("unknown reference model", got=name, remedy=f"use one of {', '.join(NAMES)}")
    if options.steps is not None and options.steps < 1:
        raise InputError("--steps must be at least 1", got=options.steps, remedy="raise it")


def of_task(task: str) -> list[str]:
    """The models whose recipe is of ``task``: one, as the suite is.

    Raises:
        InputError: there is no such task, or no model is embedded for it.
    """
    tasks = {name: reference_of(name).task for name in NAMES}
    found = [name for name, its_task in tasks.items() if its_task == task]
    if found:
        return found
    exists = (CONF / "task" / f"{task}.yaml").is_file()
    what = "no model is embedded for this task" if exists else "unknown task"
    asked = "" if exists else did_you_mean(task, tasks.values())
    raise InputError(what, got=task, remedy=f"{asked}embedded are models for {', '.join(sorted(tasks.values()))}")


def reference_of(name: str) -> Any:
    """The recipe of the model ``name``."""
    return importlib.import_module(f"suite.reference.{name}").REFERENCE


def train(name: str, out: Path, *, steps: int | None, seed: int) -> None:
    """Trains one model into ``out/name``."""
    from suite.reference.training import train as train_reference

    reference = reference_of(name)
    if steps is not None:
        reference = dataclasses.replace(reference, recipe=dataclasses.replace(reference.recipe, steps=steps))
    task = load_task(reference.task)
    result = train_reference(reference, task, out / name, seed=seed, say=lambda line: print(line, flush=True))
    print(f"{name}: {task.metric} {result.test:.3f} on test, {result.validation:.3f} on validation", flush=True)
    for baseline, score in result.baselines:
        print(f"  {baseline}: {score:.3f}", flush=True)


def load_task(name: str) -> Any:
    """The task of ``conf/task/NAME.yaml`` on its embedded data, all test items scored."""
    import hydra
    from omegaconf import OmegaConf

    config = OmegaConf.to_container(OmegaConf.load(CONF / "task" / f"{name}.yaml"), resolve=False)
    assert isinstance(config, dict)
    config.pop("defaults", None)
    config |= {"max_scored": None, "seed": 0}  # in a run these come from its protocol and its configuration
    return hydra.utils.instantiate(config, _convert_="all")


if __name__ == "__main__":
    sys.exit(main())
