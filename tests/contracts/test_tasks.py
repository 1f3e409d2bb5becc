"""What every task promises, on its own embedded data and model."""

import math

import pytest
import torch

from suite.checkpoints.pretrained import load_pretrained
from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.core.setup import Setup
from suite.io.paths import CHECKOUT, CONF

NAMES = sorted(path.stem for path in (CONF / "task").glob("*.yaml"))
SCORED = 6


@pytest.fixture(scope="module", params=NAMES)
def setup(request):
    config = resolved(composed([f"task={request.param}", f"protocol.max_scored={SCORED}"]))
    path = config["model"]["path"]
    if path is not None:
        if not (CHECKOUT / path).is_dir():
            pytest.skip(f"no model is embedded for {request.param}: its yaml names {path}, of the hub")
        config["model"]["path"] = str(CHECKOUT / path)
    task, model = build(config["task"]), build(config["model"])
    loaded, processor = load_pretrained(model, task, device="cpu", dtype="float32", seed=0)
    return Setup(
        task=task,
        model=loaded,
        processor=processor,
        batch_size=2,
        dtype="float32",
        device="cpu",
        phase="inference",
        random_weights=model.weights == "random",
    )


def test_there_are_as_many_queries_as_it_says_and_always_the_same(setup):
    first, again = setup.task.queries(), setup.task.queries()
    assert len(first) == setup.task.query_count
    assert [sorted(example) for example in first] == [sorted(example) for example in again]


def test_each_test_item_has_one_finite_score_and_one_source(setup):
    if setup.random_weights:
        pytest.skip("random weights are not scored")
    scores = setup.task.evaluate(setup)
    assert len(scores) == len(setup.task.test()) == SCORED
    assert all(math.isfinite(score) for score in scores)
    sources = setup.task.clusters()
    assert sources is None or len(sources) == SCORED


def test_a_batch_lies_on_the_device_and_is_answered(setup):
    batch = setup.task.batch(setup, setup.task.queries()[:2])
    assert {tensor.shape[0] for tensor in batch.values()} == {2}
    assert {tensor.device.type for tensor in batch.values()} == {"cpu"}
    with setup.active():
        tokens = setup.task.run(setup, batch)
    assert tokens == (2 * setup.task.answer_tokens() if setup.task.generates else None)


def test_a_training_batch_has_a_loss_with_a_gradient(setup):
    batch = setup.task.training_batch(setup, setup.task.train()[:2])
    loss = setup.task.loss(setup.model, batch)
    assert loss.shape == ()
    (gradient,) = torch.autograd.grad(loss, [next(p for p in setup.model.parameters() if p.requires_grad)])
    assert torch.isfinite(gradient).all()


def test_its_margin_is_a_loss_that_still_counts_as_none(setup):
    assert 0 < setup.task.margin < 0.2
    assert setup.task.metric
