from types import SimpleNamespace

import pytest

from suite.errors import InputError
from suite.scoring.labels import label_numbers

CONFIG = SimpleNamespace(label2id={"cat": 0, "dog": 1, "owl": 2}, num_labels=3)


def test_names_are_mapped_by_the_model_and_numbers_stand():
    assert label_numbers([{"label": "owl"}, {"label": 1}, {"label": "cat"}], CONFIG) == [2, 1, 0]


@pytest.mark.parametrize("label", ["fox", 3, -1, 1.0, None, True])
def test_an_unknown_label_is_named_with_the_known_ones(label):
    with pytest.raises(InputError) as caught:
        label_numbers([{"label": "cat"}, {"label": label}], CONFIG)
    assert caught.value.got == label
    assert "cat, dog, owl" in str(caught.value)
