"""The page's words: all in the catalogue, all translated, numbers written as the language writes them."""

import re
import string
from html.parser import HTMLParser

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from suite.errors import InputError
from suite.io.paths import CHECKOUT
from suite.report.build import read_report
from suite.report.page import render
from suite.text import i18n
from suite.text import numbers as text

FOLDERS = [CHECKOUT / "suite" / name for name in ("report", "text", "plugins", "imported")]
OTHERS = [name for name in i18n.languages() if name != i18n.ENGLISH]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**.j2", "jinja2")]


@pytest.fixture(scope="module")
def in_code():
    """Every message in the code: one text, or singular and plural."""
    options = {"templates/**.j2": {"trimmed": "true"}}
    return {found[2] for folder in FOLDERS for found in extract_from_dir(str(folder), METHODS, options, KEYWORDS)}


def catalogue(name):
    with (i18n.FOLDER / f"{name}.po").open("rb") as stream:
        return read_po(stream, locale=name)


def fields(message):
    """Names in braces, in ``%(name)s`` and the marks of strong words: what a translation must keep."""
    braces = [field for _, field, _, _ in string.Formatter().parse(message) if field] if "%(" not in message else []
    return sorted(braces), sorted(set(re.findall(r"%\((\w+)\)s", message))), message.count("**"), tags(message)


def tags(message):
    return sorted(re.findall(r"</?\w+", message))


def test_italian_is_there():
    assert "it" in OTHERS


@pytest.mark.parametrize("name", OTHERS)
def test_every_message_is_translated(in_code, name):
    known = {message.id for message in catalogue(name) if message.id and not message.fuzzy}
    assert sorted(map(str, in_code - known)) == []


@pytest.mark.parametrize("name", OTHERS)
def test_no_message_is_left_from_older_code(in_code, name):
    assert sorted(str(message.id) for message in catalogue(name) if message.id and message.id not in in_code) == []


@pytest.mark.parametrize("name", OTHERS)
def test_translations_keep_fields_and_tags(name):
    for message in catalogue(name):
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        targets = message.string if isinstance(message.string, tuple) else (message.string,)
        for target in targets:
            assert target, message.id
            assert fields(target) in [fields(source) for source in sources], message.id


def test_the_template_of_catalogues_is_up_to_date(in_code):
    with (i18n.FOLDER / "report.pot").open("rb") as stream:
        assert {message.id for message in read_po(stream) if message.id} == in_code


class Visible(HTMLParser):
    """Collects what a reader sees or hears, in the page's own language."""

    VOID = frozenset({"meta", "link", "input", "br", "use", "path", "rect", "img", "col"})
    SILENT = frozenset({"script", "style", "code", "pre", "symbol"})

    def __init__(self):
        super().__init__()
        self.stack, self.found = [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        silent = bool(self.stack and self.stack[-1][1]) or tag in self.SILENT
        foreign = tag != "html" and attributes.get("lang") == "en"
        for name in ("aria-label", "placeholder", "title"):
            if name in attributes and not silent:
                self.found.append(attributes[name])
        if tag not in self.VOID:
            self.stack.append((tag, silent or foreign))

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not (self.stack and self.stack[-1][1]):
            self.found.append(data.strip())


def words_of(page):
    seen = Visible()
    seen.feed(page)
    return {word for piece in seen.found for word in re.findall(r"[^\W\d_]{4,}", piece)}


def in_italian(folder):
    with i18n.speaking("it"):
        return render(read_report(folder), "it")


@pytest.fixture(scope="module")
def italian_page(gpu_folder):
    return in_italian(gpu_folder)


def english_words_left(english, italian):
    """Words that both pages share are names, or the same in both languages; these are some that only English has."""
    return {word for word in words_of(english) & words_of(italian) if word.lower() in ENGLISH_WORDS - NAMES}


@pytest.mark.slow
def test_an_italian_page_has_no_english_words_of_its_own(page, embedded_folder):
    assert english_words_left(page, in_italian(embedded_folder)) == set()


@pytest.mark.slow
def test_an_italian_page_of_a_gpu_has_none_either(gpu_page, italian_page):
    assert english_words_left(gpu_page, italian_page) == set()


NAMES = frozenset({"only", "size", "energy", "with"})
"""Of the techniques ``int8_weight_only`` and ``batch_size``, of the project, and of a scenario's title in conf."""
ENGLISH_WORDS = frozenset(
    re.findall(
        r"\w+",
        "with without that this from where which were what when each than more less every their there change changes "
        "energy saves saving costs score accuracy query queries window windows measured estimated technique techniques "
        "point points recorded table tables interval intervals largest smaller before after above below between page "
        "here does have been only shown chart charts latency memory size time taken training sample samples block "
        "blocks verdict warnings machine published figures sources loss margin nothing none other",
    )
)
"""Words that only an English sentence has."""


def test_numbers_are_written_as_the_language_writes_them():
    with i18n.speaking("it"):
        assert text.significant(1234.5, 5) == "1.234,5"
        assert text.change(0.715) == f"{text.MINUS}28,5{text.GAP}%"
        assert text.whole(12300) == "12.300"
    assert text.significant(1234.5, 5) == "1,234.5"


def test_the_language_ends_with_its_block():
    with i18n.speaking("it"):
        assert i18n.language() == "it"
    assert i18n.language() == i18n.ENGLISH


def test_a_language_without_a_catalogue_is_refused():
    with pytest.raises(InputError, match="no such language, got 'xx', choose one of en"), i18n.speaking("xx"):
        pass


@pytest.mark.slow
def test_a_page_names_its_language(italian_page):
    assert '<html lang="it">' in italian_page
