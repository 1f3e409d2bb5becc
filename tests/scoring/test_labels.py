from types import SimpleNamespace

import pytest

from suite.data.labels import ClassNumber
from suite.errors import InputError
from suite.scoring.labels import classes_of, label_numbers

CONFIG = SimpleNamespace(label2id={"cat": 0, "dog": 1, "owl": 2}, num_labels=3)


def model(*names):
    label2id = {name: number for number, name in enumerate(names)}
    return SimpleNamespace(num_labels=len(names), id2label=dict(enumerate(names)), label2id=label2id)


def numbers(labels, config):
    return label_numbers([{"label": label} for label in labels], config)


def data(*names):
    return [ClassNumber(number, names) for number in range(len(names))]


def test_names_are_mapped_by_the_model_and_numbers_stand():
    assert numbers(["owl", 1, "cat"], CONFIG) == [2, 1, 0]


@pytest.mark.parametrize("label", ["fox", 3, -1, 1.0, None, True, "3", "-1", "1.5"])
def test_an_unknown_label_is_named_with_the_known_ones(label):
    with pytest.raises(InputError) as caught:
        numbers(["cat", label], CONFIG)
    assert caught.value.got == label
    assert "cat, dog, owl" in str(caught.value)


def test_numbers_may_be_written_as_text():
    assert numbers(["2", "1.0", "0"], CONFIG) == [2, 1, 0]


def test_capitals_do_not_matter_where_nothing_else_differs():
    assert numbers(["negative", "Positive"], model("NEGATIVE", "POSITIVE")) == [0, 1]
    with pytest.raises(InputError, match="does not know, got 'IT'"):
        numbers(["IT"], model("It", "it"))


def test_classes_that_have_numbers_for_names_go_by_name():
    config = model("0", "1", "10", "2")  # sorted as text
    assert numbers([10, "10", 2, "2.0", 1], config) == [2, 2, 3, 3, 1]
    with pytest.raises(InputError, match="got 3"):
        numbers([3], config)


def test_a_data_sets_own_order_gives_way_to_the_names():
    assert numbers(data("owl", "cat", "dog"), model("cat", "dog", "owl")) == [2, 0, 1]


def test_a_data_sets_numbers_stand_where_the_model_names_no_class():
    assert numbers(data("owl", "cat"), model("LABEL_0", "LABEL_1")) == [0, 1]


def test_a_data_set_of_other_names_is_refused():
    with pytest.raises(InputError, match="does not know, got 'neg'"):
        numbers(data("neg", "pos"), model("NEGATIVE", "POSITIVE"))


def test_a_class_that_the_data_names_and_never_uses_may_be_unknown():
    assert numbers(data("fox", "owl", "cat")[1:], model("cat", "dog", "owl")) == [2, 0]


def test_few_names_that_are_spelt_in_another_way_stand_at_their_place():
    names = [f"class {number}" for number in range(20)]
    spelt = [*names[:18], "eighteenth", names[19]]
    assert numbers(data(*spelt), model(*names)) == list(range(20))
    with pytest.raises(InputError, match="got 'eighteenth'"):  # another order: its place says nothing
        numbers(data(*spelt[::-1]), model(*names))


@pytest.mark.parametrize(
    ("id2label", "label2id"),
    [
        ({0: "cat", 1: "dog"}, None),
        ({0: "cat", 1: "dog"}, {"LABEL_0": 0, "LABEL_1": 1}),
        ({"0": "LABEL_0", "1": "LABEL_1"}, {"cat": 0, "dog": "1"}),
        (None, {"dog": 1, "cat": 0}),
        ({0: "cat"}, {"dog": 1}),
    ],
)
def test_one_map_is_enough(id2label, label2id):
    assert classes_of(SimpleNamespace(num_labels=2, id2label=id2label, label2id=label2id)).names == ("cat", "dog")


@pytest.mark.parametrize(
    ("id2label", "label2id", "words"),
    [
        ({0: "cat", 1: "dog"}, {"cat": 1, "dog": 0}, r"disagree on class 0, got \['cat', 'dog'\], correct its config"),
        ({1: "cat", 2: "dog"}, None, "id2label of the model must give its classes the numbers 0 to 1"),
        (None, {"cat": 0, "dog": 2}, "label2id of the model must"),
        ({0: "cat", 1: "dog"}, {"cat": None}, "label2id of the model must"),
    ],
)
def test_maps_that_contradict_are_refused(id2label, label2id, words):
    with pytest.raises(InputError, match=words):
        classes_of(SimpleNamespace(num_labels=2, id2label=id2label, label2id=label2id))


def test_a_name_of_two_classes_goes_by_number_alone():
    config = SimpleNamespace(num_labels=3, id2label={0: "crane", 1: "dog", 2: "crane"}, label2id={"crane": 2, "dog": 1})
    assert numbers([0, "2", "dog"], config) == [0, 2, 1]
    with pytest.raises(InputError, match="several of the model's classes have the name of one label, got 'crane'"):
        numbers(["crane"], config)


def test_a_data_set_with_a_name_of_two_classes_goes_by_the_others_order():
    """As ImageNet's 1,000 classes do, two of which many models call crane."""
    names = ["crane", *(f"class {number}" for number in range(18)), "crane"]
    config = SimpleNamespace(num_labels=20, id2label=dict(enumerate(names)), label2id=None)
    assert numbers(data(*names[:19], "crane bird"), config) == list(range(20))
