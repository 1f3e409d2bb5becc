"""Classifiers that answer with part of themselves where that is sure enough."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from suite.core.setup import Setup
from suite.core.task import Batch
from suite.errors import NotApplicable
from suite.toolkit import effect, layers, runtime_change

SAMPLES = 256
"""Training samples that a proof counts on: shares come to a standard error of 3 points or less."""
ONE_LABEL = ("SequenceClassification", "ImageClassification", "AudioClassification")
"""What classes of transformers whose models give one row of logits a query are called, behind AutoModelFor."""


def require_classifier(setup: Setup, name: str) -> nn.Module:
    """The model, if it gives one row of logits a query, eagerly, and was trained.

    Raises:
        NotApplicable: otherwise; ``name`` is the technique's.
    """
    runtime_change.require_eager(setup, name)
    model = layers.module_of(setup)
    if setup.random_weights:
        raise NotApplicable("the model has random weights: how sure it is means nothing")
    if setup.task.generates:
        raise NotApplicable(f"{name} is for classification, the task {setup.task.name} generates tokens")
    if not setup.task.auto_class.endswith(ONE_LABEL):
        raise NotApplicable(f"{name} is for one label a query, which the task {setup.task.name} does not ask for")
    return model


def sure(logits: torch.Tensor, threshold: float) -> torch.Tensor:
    """Which rows of ``logits`` give their largest class a probability of at least ``threshold``: (batch,) of bool."""
    return logits.float().softmax(dim=-1).amax(dim=-1) >= threshold


def rows_of(batch: Batch, index: torch.Tensor) -> Batch:
    """The batch's rows with these numbers."""
    return {name: tensor[index] for name, tensor in batch.items()}


def answer_samples(setup: Setup, model: Any) -> int:
    """Has ``model`` answer training samples in batches of the setup's size; returns how many."""
    samples = setup.task.samples(SAMPLES)
    with setup.active(), torch.no_grad():
        for start in range(0, len(samples), setup.batch_size):
            model(**setup.task.batch(setup, samples[start : start + setup.batch_size]))
    return len(samples)


def changes(before: Setup, after: Setup, figures: dict[str, Any], happened: bool, promise: str) -> dict[str, Any]:
    """The changes of both setups and ``figures``; NoEffect with ``promise`` where nothing ``happened``."""
    return effect.require(happened, promise, effect.changes(before, after) | figures)
