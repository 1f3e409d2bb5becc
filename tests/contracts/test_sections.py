"""What every section of the report promises."""

import importlib
import pkgutil

import pytest

from suite.io.paths import CHECKOUT
from suite.report import sections
from suite.report.build import read_report

FOUND = pkgutil.walk_packages(sections.__path__, f"{sections.__name__}.")
NAMES = sorted(module.name for module in FOUND if not module.ispkg)
TEMPLATES = CHECKOUT / "suite" / "report" / "templates" / "sections"


@pytest.fixture(scope="module")
def report():
    return read_report(CHECKOUT / "reports" / "embedded-xeon-2cpu")


@pytest.fixture(params=NAMES)
def section(request):
    return importlib.import_module(request.param)


def test_it_has_a_place_a_title_and_a_template_of_its_name(section):
    assert isinstance(section.ORDER, int)
    assert section.TITLE is None or section.TITLE
    assert (TEMPLATES / f"{section.__name__.rpartition('.')[2]}.html.j2").is_file()


def test_no_two_sections_claim_one_place():
    orders = [importlib.import_module(name).ORDER for name in NAMES]
    assert len(set(orders)) == len(orders)


def test_it_finds_what_to_show_in_a_published_run(section, report):
    context = section.context(report)
    assert context is None or isinstance(context, dict)  # None leaves the section out


def test_every_template_has_its_section():
    assert {path.name.removesuffix(".html.j2") for path in TEMPLATES.glob("*.j2")} <= {
        name.rpartition(".")[2] for name in NAMES
    }
