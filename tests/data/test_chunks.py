import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.data.chunks import cut, windows


def test_cut_at_ends_of_lines():
    assert cut("aaa\nbbb\nccc\n", 8) == ["aaa\nbbb\n", "ccc\n"]


def test_a_line_longer_than_a_window_is_cut_where_it_must():
    assert cut("aaaaa\nb\n", 4) == ["aaaa", "a\nb\n"]


def test_bytes_count_not_characters():
    assert cut("éé\néé\n", 5) == ["éé\n", "éé\n"]


def test_white_space_is_no_window():
    assert cut("\n\n   \n", 100) == []


@given(st.text(max_size=60), st.integers(4, 20))
def test_pieces_fit_and_lose_nothing_but_white_space(text, size):
    pieces = cut(text, size)
    assert all(len(piece.encode()) <= size for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_windows_carry_their_texts_source_or_its_number():
    found = windows([{"text": "a\nb\n", "source": "x.py"}, {"text": "c\n"}], 2, None)
    assert found == [
        {"text": "a\n", "source": "x.py"},
        {"text": "b\n", "source": "x.py"},
        {"text": "c\n", "source": 1},
    ]


@pytest.mark.parametrize(("limit", "kept"), [(1, ["0\n"]), (2, ["0\n", "3\n"]), (3, ["0\n", "2\n", "4\n"])])
def test_limited_windows_are_spread_evenly(limit, kept):
    text = "".join(f"{number}\n" for number in range(6))
    assert [window["text"] for window in windows([{"text": text}], 2, limit)] == kept
