import hydra
import pytest
import torch
from omegaconf import OmegaConf

from suite.core.setup import Setup
from suite.io.paths import CONF


@pytest.fixture(scope="session")
def make_task():
    """The task of a yaml, with changes."""

    def make(name, **changes):
        config = OmegaConf.to_container(OmegaConf.load(CONF / "task" / f"{name}.yaml"), resolve=False)
        config.pop("defaults", None)
        return hydra.utils.instantiate({**config, "max_scored": None, "seed": 0, **changes}, _convert_="all")

    return make


@pytest.fixture(scope="session")
def make_setup():
    """A CPU setup in float32."""

    def make(task, model, processor, **changes):
        if isinstance(model, torch.nn.Module):
            model.eval()
        fields = {"batch_size": 4, "dtype": "float32", "device": "cpu", "phase": "inference", **changes}
        return Setup(task=task, model=model, processor=processor, **fields)

    return make
