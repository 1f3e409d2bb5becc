from collections import Counter

import pytest

from suite.data.source_words import TAGS, TEST_WINDOWS, WINDOW_WORDS, Word, tagged_windows, words_of

SOURCE = '''"""What it's for."""
def f(x=1):  # twice, "x"
    r"""More."""
    return b"two words" + 'a\\n'
'''


def test_each_word_has_the_kind_that_tokenize_gives_it():
    assert words_of(SOURCE) == [
        *(Word(text, "docstring") for text in ("What", "it", "s", "for", ".")),
        Word("def", "keyword"), Word("f", "name"), Word("(", "operator"), Word("x", "name"), Word("=", "operator"),
        Word("1", "number"), Word(")", "operator"), Word(":", "operator"),
        *(Word(text, "comment") for text in ("twice", ",", "x")),
        *(Word(text, "docstring") for text in ("More", ".")),
        Word("return", "keyword"), Word("two", "string"), Word("words", "string"), Word("+", "operator"),
        Word("a", "string"), Word("n", "string"),
    ]  # fmt: skip


def test_a_formatted_string_is_one_string_in_any_python():
    words = words_of('x = f"so {y} many" + z\n')
    assert [word for word in words if word.text in ("so", "y", "many")] == [
        Word("so", "string"), Word("y", "string"), Word("many", "string"),
    ]  # fmt: skip
    assert words[-2:] == [Word("+", "operator"), Word("z", "name")]


def test_a_string_across_lines_of_code_is_no_documentation():
    assert Word("a", "string") in words_of('f(\n    "a",\n)\n')


@pytest.mark.parametrize("split", ["validation", "test"])
def test_windows_are_of_one_length_and_all_tags_occur(split):
    windows = tagged_windows(split)
    assert {len(window["words"]) for window in windows} == {WINDOW_WORDS}
    assert all(len(window["words"]) == len(window["labels"]) for window in windows)
    assert {tag for window in windows for tag in window["labels"]} == set(TAGS)


def test_no_mark_spells_a_tag_out():
    texts = "".join(window["text"] for window in tagged_windows("test"))
    assert not set(texts) & set("\"'#")


def test_long_modules_do_not_rule_the_score():
    counts = Counter(window["source"] for window in tagged_windows("test"))
    assert max(counts.values()) == TEST_WINDOWS
    assert len(counts) > 30
