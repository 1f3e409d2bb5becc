"""What is known of techniques beforehand, whatever the machine: the work left, and scores that must not move."""

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from suite.mitigations.optimised_hardware.compile import Compile
from suite.mitigations.optimised_hardware.length_bucketing import LengthBucketing
from suite.mitigations.optimised_hardware.no_kv_cache import NoKvCache
from suite.mitigations.optimised_hardware.static_cache import StaticCache
from suite.mitigations.pruning.magnitude_pruning import MagnitudePruning
from suite.mitigations.pruning.semi_structured_pruning import pruned
from suite.toolkit import layers
from tests.fakes import fake_setup, unequal_texts


def flops(setup: Any) -> int:
    batch = setup.task.batch(setup, setup.task.train()[:4])
    with torch.no_grad(), FlopCounterMode(display=False) as counted:
        setup.model(**batch)
    return int(counted.get_total_flops())


@pytest.mark.parametrize("kind", ["image", "text", "generation"])
def test_zeros_in_dense_weights_save_no_arithmetic(kind: Any) -> None:
    setup = fake_setup(kind)
    changed = MagnitudePruning(sparsity=0.9).apply(setup)
    was, now = (dict(each.model.named_modules()) for each in (setup, changed))
    assert {name: type(part) for name, part in was.items()} == {name: type(part) for name, part in now.items()}
    stored = [
        {name: (each.shape, each.stride(), each.layout, each.dtype) for name, each in setup.model.named_parameters()},
        {name: (each.shape, each.stride(), each.layout, each.dtype) for name, each in changed.model.named_parameters()},
    ]
    assert stored[0] == stored[1]
    assert {layout for _shape, _stride, layout, _dtype in stored[1].values()} == {torch.strided}
    assert flops(changed) == flops(setup) > 0


def test_two_of_four_leaves_exactly_two_zeros_in_each_four_weights_of_a_model() -> None:
    setup = fake_setup("text")
    for layer in layers.linears(setup.model).values():
        zeros = (pruned(layer.weight.detach()) == 0).unflatten(-1, (-1, 4)).sum(dim=-1)
        assert zeros.unique().tolist() == [2]


def test_batches_of_like_length_leave_the_scores_as_they_are() -> None:
    setup = fake_setup("text", task=unequal_texts())
    assert setup.task.evaluate(LengthBucketing(batches=4).apply(setup)) == setup.task.evaluate(setup)


@pytest.mark.parametrize("technique", [StaticCache(), NoKvCache()], ids=["static_cache", "no_kv_cache"])
def test_a_cache_of_another_kind_leaves_the_scores_as_they_are(technique: Any) -> None:
    setup = fake_setup("generation", layers=1)
    assert setup.task.evaluate(technique.apply(setup)) == setup.task.evaluate(setup)


def test_compiling_leaves_the_scores_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_module = torch.nn.Module.compile
    quick = {"backend": "aot_eager", "mode": None}  # what inductor would generate is run by torch
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **how: compile_module(self, **(how | quick)))
    setup = fake_setup("image", layers=1)
    assert setup.task.evaluate(Compile().apply(setup)) == setup.task.evaluate(setup)
    torch._dynamo.reset()
