"""An embedded task with its trained model, as a user's run has them."""

from __future__ import annotations

import functools
from typing import Any

import hydra
from omegaconf import OmegaConf

from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.pretrained import load_pretrained
from suite.core.setup import Setup
from suite.io.paths import CONF

MODELS = CONF.parent / "models"


@functools.cache
def embedded_setup(task: str, model: str, **changes: Any) -> Setup:
    """A CPU setup in float32 of the task of a yaml and a model of ``models/``; ``changes`` are the task's."""
    config: Any = OmegaConf.to_container(OmegaConf.load(CONF / "task" / f"{task}.yaml"), resolve=False)
    config.pop("defaults", None)
    made = hydra.utils.instantiate({**config, "max_scored": None, "seed": 0, **changes}, _convert_="all")
    path = str(MODELS / model)
    spec = ModelSpec(name=model, path=path, revision=None, weights="pretrained", architecture=None)
    loaded, processor = load_pretrained(spec, made, device="cpu", dtype="float32", seed=0)
    return Setup(
        task=made, model=loaded, processor=processor, batch_size=8, dtype="float32", device="cpu", phase="inference"
    )
