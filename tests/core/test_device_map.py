"""Models spread over several places. No GPU is here: all of them are the host's memory, placed as on GPUs."""

import copy

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from suite.core import device_map
from suite.errors import DoesNotFit, NotApplicable

pytestmark = pytest.mark.filterwarnings("ignore:Device .* is not available")
IDS = torch.arange(12)[None]
BLOCKS = 6


def config(**changes):
    shape = {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": BLOCKS, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 256, "tie_word_embeddings": True,
    }  # fmt: skip
    return AutoConfig.for_model("llama", **(shape | changes))


@pytest.fixture(scope="module")
def without_weights():
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config())


@pytest.fixture
def model():
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config()).eval()


@pytest.fixture
def places(without_weights):
    """As for two GPUs, half of the model each."""
    found = device_map.inferred(without_weights, "auto", {0: 10**9, 1: 10**9}, torch.float32)
    return dict.fromkeys(found, "cpu")


def size(model):
    return 4 * sum(weight.numel() for weight in model.parameters())


def logits(model):
    with torch.no_grad():
        return model(input_ids=IDS).logits


def hooked(model):
    return [name for name, part in model.named_modules() if hasattr(part, "_hf_hook")]


@pytest.mark.parametrize("way", ["auto", "balanced"])
def test_equal_boards_get_equal_parts(without_weights, way):
    places = device_map.inferred(without_weights, way, {0: 10**9, 1: 10**9}, torch.float32)
    blocks = [places[f"model.layers.{number}"] for number in range(BLOCKS)]
    assert blocks == [0, 0, 0, 1, 1, 1]
    assert places["lm_head"] == places["model.embed_tokens"] == 0  # one tensor
    without_weights.hf_device_map = places
    assert device_map.boards_of(without_weights) == (0, 1)


def test_one_after_another_is_filled_and_a_board_that_is_not_needed_is_not_used(without_weights):
    half = size(without_weights) // 2
    places = device_map.inferred(without_weights, "sequential", {0: half, 1: 3 * half, 2: 3 * half}, torch.float32)
    assert set(places.values()) == {0, 1}


def test_the_type_of_the_weights_decides_what_fits(without_weights):
    room = {0: size(without_weights) * 5 // 8}
    assert set(device_map.inferred(without_weights, "sequential", room, torch.bfloat16).values()) == {0}
    with pytest.raises(DoesNotFit):
        device_map.inferred(without_weights, "sequential", room, torch.float32)


@pytest.mark.parametrize("way", device_map.WAYS)
def test_no_part_is_left_to_the_host_or_the_disk(without_weights, way):
    third = size(without_weights) // 3
    with pytest.raises(DoesNotFit, match=rf"device_map={way}, of which .* GB are free.*CUDA_VISIBLE_DEVICES"):
        device_map.inferred(without_weights, way, {0: third, 1: third}, torch.float32)


def test_a_model_answers_as_before_when_it_is_spread(model, places):
    expected = logits(model)
    device_map.place(model, places)
    assert {"model.layers.0", "model.layers.5"} <= set(hooked(model))
    assert device_map.places_of(model) == places
    assert torch.equal(logits(model), expected)
    generated = model.generate(IDS, max_new_tokens=3, do_sample=False)
    assert generated.shape == (1, 15)


def test_a_copy_is_spread_as_well_and_works_with_its_own_weights(model, places):
    expected = logits(device_map.place(model, places))
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for weight in twin.parameters():
            weight.zero_()
    assert torch.equal(logits(model), expected)
    assert torch.all(logits(twin) == 0)
    assert device_map.places_of(twin) == places
    twin.to(torch.float64)  # accelerate's own ``to`` would move the original
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert twin.lm_head.weight is twin.model.embed_tokens.weight


def test_it_goes_to_the_host_as_a_whole_and_comes_back_to_its_places(model, places):
    expected = logits(device_map.place(model, places))
    before = hooked(model)
    device_map.move(model, "cpu")
    assert hooked(model) == []
    assert torch.equal(logits(model), expected)
    device_map.move(model, "cuda")  # its own places, which are none of a GPU's here
    assert hooked(model) == before
    assert torch.equal(logits(model), expected)
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_a_model_that_has_lost_blocks_comes_back_without_them(model, places):
    device_map.place(model, places)
    model.model.layers = model.model.layers[:4]
    model.config.num_hidden_layers = 4
    expected = logits(model)
    device_map.move(model, "cpu")
    device_map.move(model, "cuda")
    assert torch.equal(logits(model), expected)
    assert "model.layers.5" not in device_map.places_of(model)


def test_parts_without_a_place_are_named(model, places):
    model.adapter = torch.nn.Linear(2, 2)
    with pytest.raises(NotApplicable, match=r"no place for adapter\.weight, adapter\.bias"):
        device_map.place(model, places)


@pytest.mark.parametrize("places", [None, {"": "cuda"}, {"": 0}])
def test_what_lies_on_one_device_is_not_spread(model, places):
    model.hf_device_map = places
    assert device_map.places_of(model) == {}
    assert device_map.boards_of(model) == (0,)
    assert device_map.move(model, "cpu") is model


def test_the_first_board_is_in_use_where_inputs_lie_there_alone(model):
    model.hf_device_map = {"": 1}
    assert device_map.boards_of(model) == (0, 1)


def test_gradients_reach_every_part(model, places):
    expected = torch.nn.functional.cross_entropy(model(input_ids=IDS).logits[0], IDS[0])
    device_map.place(model, places).train()
    loss = torch.nn.functional.cross_entropy(model(input_ids=IDS).logits[0], IDS[0])
    loss.backward()
    assert loss.item() == pytest.approx(expected.item())
    assert all(weight.grad is not None for weight in model.parameters())
