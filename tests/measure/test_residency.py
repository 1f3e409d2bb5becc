import pytest
import torch

from suite.core import device_map
from suite.errors import NotApplicable
from suite.measure.residency import Residency, move_weights
from suite.toolkit import layers
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


def follows(model):
    """Whether inputs follow the parts of a model that is spread, wherever these lie."""
    return any(hasattr(part, "_hf_hook") for part in model.modules())


def test_a_spread_arm_leaves_as_a_whole_and_comes_back_to_its_places():
    """No GPU is here: both places are the host's memory."""
    setups = {}
    for name in ("baseline", "candidate"):
        model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
        device_map.place(model, {"0": "cpu", "1": "cpu"})
        setups[name] = fake_setup("image", model=model).replace(device="cuda")
    inputs = torch.ones(1, 2)
    expected = setups["candidate"].model(inputs)
    residency = Residency(setups, swapped=True)
    for name, other in (("candidate", "baseline"), ("baseline", "candidate"), ("candidate", "baseline")):
        assert residency.bring(name)
        assert (follows(setups[name].model), follows(setups[other].model)) == (True, False)
    assert torch.equal(setups["candidate"].model(inputs), expected)


@pytest.mark.parametrize("is_parked", [False, True])
def test_a_techniques_copy_is_spread_as_the_baseline_is(is_parked):
    setup = fake_setup("image")
    names = [name for name, part in setup.model.named_children() if len(part.state_dict())]
    device_map.place(setup.model, dict.fromkeys(names, "cpu"))
    setup = setup.replace(device="cuda")
    if is_parked:
        move_weights(setup, "cpu")
    copied = layers.editable_copy(setup)
    assert follows(copied)
    assert follows(setup.model) != is_parked
    assert device_map.places_of(copied) == device_map.places_of(setup.model)
    weights, others = (dict(model.named_parameters()) for model in (setup.model, copied))
    assert all(weights[name] is not others[name] and torch.equal(weights[name], others[name]) for name in weights)
