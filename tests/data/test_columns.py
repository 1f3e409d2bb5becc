"""Which column is the text, and which the label: what could be meant twice is refused."""

import pytest

from suite.data import columns
from suite.data.readers import Row
from suite.errors import InputError


def table(**values):
    return [Row(f"a.csv, row {at}", values) for at in (1, 2)]


@pytest.mark.parametrize(
    "values",
    [
        {"question": "q", "sentence": "s"},
        {"text": "t", "text_pair": "p"},
        {"Text": "t", "text": "s"},
        {"question": "q", "passage": "p"},
        {"sentence": "s", "sentence2": b"t"},
        {"review": "r", "content": "c"},
    ],
)
def test_two_texts_are_refused_by_name(values):
    with pytest.raises(InputError, match=r"several columns of the data could be the text \(a\.csv, row 1\)") as caught:
        columns.chosen(table(**values, label=1), "text")
    assert sorted(caught.value.got) == sorted(values)
    assert "name one, task.columns.input=" in caught.value.remedy


@pytest.mark.parametrize("more", [{"review": 5}, {"content": ""}, {"content": None}, {"title": "x"}, {"context": 3}])
def test_a_column_that_holds_no_text_is_not_meant(more):
    assert columns.chosen(table(text="t", **more), "text") == "text"


def test_a_second_text_means_nothing_to_a_corpus():
    assert columns.chosen(table(text="t", context="c"), "text", pairs=False) == "text"


def test_two_labels_are_refused_by_name():
    with pytest.raises(InputError, match="could be the label") as caught:
        columns.chosen(table(text="t", fine_label=3, coarse_label=1), "label")
    assert caught.value.got == ["coarse_label", "fine_label"]


def test_an_empty_second_label_is_not_meant():
    assert columns.chosen(table(text="t", label=0, target=None), "label") == "label"


def test_an_image_may_have_a_path_beside_it():
    assert columns.chosen(table(path="p", image="i", label=0), "image") == "image"


def test_a_column_that_the_user_names_is_taken():
    rows = table(text="t", fine_label=3, coarse_label=1)
    assert columns.chosen(rows, "label", "fine_label") == "fine_label"
    assert columns.has(rows, "label", "fine_label")


def test_a_column_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(InputError, match=r"no such column .* got 'fine_labl', .*fine_label"):
        columns.chosen(table(text="t", fine_label=3, coarse_label=1), "label", "fine_labl")


def test_the_refusal_of_two_names_the_key():
    with pytest.raises(InputError, match=r"task\.columns\.label=coarse_label"):
        columns.chosen(table(text="t", fine_label=3, coarse_label=1), "label")
