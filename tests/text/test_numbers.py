import math

import pytest

from suite.text import numbers as text


def plain(words):
    return words.replace(text.GAP, " ").replace(text.MINUS, "-")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (1234.5, "1,230"),
        (12.345, "12.3"),
        (0.012345, "0.0123"),
        (9.996, "10.0"),
        (-4, "-4.00"),
        (math.nan, text.NOTHING),
        (math.inf, text.NOTHING),
    ],
)
def test_three_significant_digits(value, expected):
    assert plain(text.significant(value)) == expected


@pytest.mark.parametrize(
    ("joules", "expected"),
    [
        (0.0000012, "1.20 µJ"),
        (0.0021, "2.10 mJ"),
        (1.0, "1.00 J"),
        (3599, "3,600 J"),
        (7200, "2.00 Wh"),
        (7.2e6, "2.00 kWh"),
        (-0.002, "-2.00 mJ"),
        (0.0, "0 J"),
        (None, text.NOTHING),
    ],
)
def test_energy_takes_the_unit_that_suits(joules, expected):
    assert plain(text.energy(joules)) == expected


def test_a_column_shares_the_unit_of_its_middle_value():
    unit = text.scale_for([0.002, 0.5, 3.0, None], text.ENERGY_SCALES)
    assert [plain(text.energy(value, unit)) for value in (0.002, 3.0)] == ["2.00 mJ", "3,000 mJ"]


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(0.721, "-27.9 %"), (1.0, "0.0 %"), (1.0001, "0.0 %"), (0.9999, "0.0 %"), (4.1, "+310 %"), (None, text.NOTHING)],
)
def test_change(ratio, expected):
    assert plain(text.change(ratio)) == expected


def test_change_interval():
    assert plain(text.change_interval(0.69, 1.02)) == "[-31.0, +2.0]"
    assert text.change_interval(None, 1.0) == ""


def test_a_saving_in_a_sentence_has_its_smaller_end_first():
    assert (plain(text.saving(0.72)), text.saving_interval(0.69, 0.75)) == ("28 %", "[25, 31]")


def test_a_small_saving_keeps_a_digit():
    assert plain(text.saving(0.957)) == "4.3 %"


def test_accuracy_is_in_per_cent_and_its_change_in_points():
    assert plain(text.score(0.9534, "accuracy")) == "95.3 %"
    assert plain(text.score_change(-0.012, "accuracy")) == "-1.2 pt"
    assert plain(text.score_interval(-0.02, 0.001, "accuracy")) == "[-2.0, +0.1]"


def test_bits_per_byte_stay_bits():
    assert text.score(1.7534, "bits_per_byte") == "1.753"
    assert plain(text.score_change(0.0123, "bits_per_byte")) == "+0.0123"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (0.3, "< 1"),
        (41.7, "42"),
        (12345, "12,300"),
        (1234567, "1.23 million"),
        (3e9, "3.00 billion"),
        (None, text.NOTHING),
    ],
)
def test_count(number, expected):
    assert plain(text.count(number)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0005, "500 µs"), (0.25, "250 ms"), (64, "1.07 min"), (7200, "2.00 h")]
)
def test_duration(seconds, expected):
    assert plain(text.duration(seconds)) == expected


def test_a_p_value_is_never_zero():
    assert text.p_value(1e-9) == "< 0.001"


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0007, "0.1 %"), (0.001, "0.1 %"), (-0.0011, "0.2 %"), (0.0, "0.1 %"), (0.05, "5.0 %")]
)
def test_a_difference_is_rounded_up(share, expected):
    assert plain(text.at_most(share)) == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [([61.0, 64.0], "61\N{EN DASH}64 °C"), ([61.1, 60.9], "61 °C"), ([1980.0], "1,980 °C"), ([], text.NOTHING)],
)
def test_a_span_of_whole_units(ends, expected):
    assert plain(text.span(ends, "°C")) == expected


def test_the_loss_that_an_interval_leaves_open_is_rounded_up():
    assert text.score_loss(-0.00612, "accuracy") == "0.7\N{NO-BREAK SPACE}pt"
    assert text.score_loss(-0.01581, "bits_per_byte") == "0.0159"
    assert text.score_loss(0.02, "accuracy") == "0.0\N{NO-BREAK SPACE}pt"
    assert text.score_loss(None, "accuracy") == text.NOTHING


def test_an_interval_of_scores_that_has_a_width_reads_so():
    assert text.score_interval(-0.0002, 0.0002, "accuracy") == f"[{text.MINUS}0.02, +0.02]"
    assert text.score_interval(-0.00002, 0.00002, "bits_per_byte") == f"[{text.MINUS}0.00002, +0.00002]"
    assert text.score_interval(0.0, 0.0, "accuracy") == "[0.0, 0.0]"


@pytest.mark.parametrize(("shown", "words"), [("1", "1 query"), ("0", "0 queries"), ("1.5", "1.5 queries")])
def test_one_is_counted_as_one(shown, words):
    assert text.counted(shown, "query", "queries") == words
