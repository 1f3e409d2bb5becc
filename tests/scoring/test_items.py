import pytest
import torch

from suite.core.setup import Setup
from suite.errors import ImpossibleOutput
from suite.scoring import items

EXAMPLES = [{"text": str(number)} for number in range(20)]


def setup_with(model, phase="inference", contexts=()):
    return Setup(
        task=None,  # type: ignore[arg-type]
        model=model,
        processor=None,
        batch_size=1,
        dtype="float32",
        device="cpu",
        phase=phase,
        contexts=contexts,
    )


def test_sample_keeps_order_and_count():
    chosen = items.sample(EXAMPLES, 5, seed=1)
    numbers = [int(example["text"]) for example in chosen]
    assert len(numbers) == 5
    assert numbers == sorted(set(numbers))


def test_sample_is_the_same_for_the_same_seed_and_another_for_another():
    assert items.sample(EXAMPLES, 5, seed=1) == items.sample(EXAMPLES, 5, seed=1)
    assert items.sample(EXAMPLES, 5, seed=1) != items.sample(EXAMPLES, 5, seed=2)


@pytest.mark.parametrize("count", [None, 20, 21])
def test_sample_of_all_is_all(count):
    assert items.sample(EXAMPLES, count, seed=1) == EXAMPLES


def test_shuffled_copy_leaves_the_original_in_order():
    original = list(EXAMPLES)
    copy = items.shuffled_copy(original, seed=3)
    assert original == EXAMPLES
    assert copy != original
    assert sorted(copy, key=lambda example: int(example["text"])) == original


def test_source_numbers_count_sources_in_order_of_appearance():
    assert items.source_numbers([{"source": name} for name in ["b", "a", "b", "c"]]) == [0, 1, 0, 2]


def test_source_numbers_are_none_where_one_example_has_no_source():
    assert items.source_numbers([{"source": "a"}, {}]) is None


def test_batches_end_with_the_rest():
    assert [len(piece) for piece in items.batches(EXAMPLES, 8)] == [8, 8, 4]


def test_scoring_needs_no_gradients_even_in_training_and_puts_the_mode_back():
    model = torch.nn.Dropout(0.5).train()
    with items.scoring(setup_with(model, phase="training")):
        assert not torch.is_grad_enabled()
        assert not model.training
    assert torch.is_grad_enabled()
    assert model.training


def test_scoring_leaves_an_eval_model_in_eval_mode():
    model = torch.nn.Dropout(0.5).eval()
    with items.scoring(setup_with(model)):
        pass
    assert not model.training


def test_scoring_enters_the_setups_contexts():
    context = lambda: torch.autocast("cpu", dtype=torch.bfloat16)  # noqa: E731
    with items.scoring(setup_with(lambda: None, contexts=(context,))):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == torch.bfloat16


def test_finite_upcasts():
    assert items.finite(torch.ones(2, dtype=torch.float16)).dtype == torch.float32


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_finite_refuses_what_cannot_be(value):
    with pytest.raises(ImpossibleOutput, match="not finite"):
        items.finite(torch.tensor([1.0, value]))
