import datetime

import msgspec
import pytest

from suite.errors import InputError
from suite.footprint.training_case import training_case
from suite.footprint.training_use import parity_figures, query_of_case, training_of


def test_a_training_is_published_and_its_grid_is_modelled():
    figures = training_of(training_case("GPT-3"))
    assert {name: figure.tag for name, figure in figures.items()} == {
        "training": "published",
        "training_carbon": "published",
        "implied_intensity": "modelled",
    }
    assert all("Patterson" in figure.source and figure.year == 2021 for figure in figures.values())


def test_parity_in_queries_days_and_date():
    case = training_case("BLOOMz-7B")
    found = parity_figures(
        training_of(case)["training"],
        query_of_case(case),
        queries_per_day=592_570_000 / 10,
        start=datetime.date(2026, 1, 1),
    )
    assert found["parity"].value == pytest.approx(592_570_000)
    assert found["parity_days"].value == pytest.approx(10)
    assert found["parity_date"] == "2026-01-11"
    assert found["parity"].tag == found["parity_days"].tag == "modelled"


def test_an_interval_of_the_query_reaches_the_days():
    case = training_case("BLOOMz-7B")
    query = msgspec.structs.replace(query_of_case(case), low=0.5e-4, high=2.0e-4)
    days = parity_figures(training_of(case)["training"], query, queries_per_day=592_570_000)["parity_days"]
    assert (days.low, days.value, days.high) == pytest.approx((0.5, 1.0, 2.0))


def test_days_need_a_rate():
    case = training_case("BLOOMz-1B")
    assert list(parity_figures(training_of(case)["training"], query_of_case(case))) == ["parity"]


def test_a_case_without_use_asks_for_it():
    with pytest.raises(InputError, match=r"PaLM.*give your own energy per query"):
        query_of_case(training_case("PaLM"))
