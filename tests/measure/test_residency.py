import pytest
import torch

from suite.errors import NotApplicable
from suite.measure.residency import Residency, move_weights
from tests.fakes import fake_setup


class Weights(torch.nn.Linear):
    """Keeps in mind where it was moved."""

    def __init__(self):
        super().__init__(2, 2)
        self.moves = []

    def to(self, device):
        self.moves.append(device)
        return self


def arms():
    models = {name: Weights() for name in ("baseline", "candidate")}
    return models, {name: fake_setup("image", model=model) for name, model in models.items()}


def test_resident_arms_are_never_moved():
    models, setups = arms()
    residency = Residency(setups, swapped=False)
    assert [residency.bring(name) for name in ("baseline", "candidate", "baseline")] == [False, False, False]
    assert models["baseline"].moves == models["candidate"].moves == []


def test_the_other_arm_leaves_before_one_comes_in():
    order = []
    models, setups = arms()
    for name, model in models.items():
        model.to = lambda device, name=name: order.append((name, device))
    assert Residency(setups, swapped=True).bring("candidate")
    assert order == [("baseline", "cpu"), ("candidate", "cpu")]  # to the host, then to its own device


def test_an_arm_that_is_in_stays():
    models, setups = arms()
    residency = Residency(setups, swapped=True)
    residency.bring("baseline")
    models["baseline"].moves.clear()
    assert not residency.bring("baseline")
    assert models["baseline"].moves == []


def test_what_is_no_module_stays_where_it_is():
    move_weights(fake_setup("image", model=lambda **batch: None), "cpu")


def test_weights_that_cannot_leave_the_device_make_swapping_not_applicable():
    def packed(device):
        raise NotImplementedError("SparseSemiStructuredTensor only supports a specific set of operations")

    models, setups = arms()
    models["candidate"].to = packed
    with pytest.raises(NotApplicable, match="both must fit there at once"):
        Residency(setups, swapped=True).bring("baseline")
