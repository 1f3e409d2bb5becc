import pytest

from suite.carbon.quantity import Figure
from suite.footprint.beside import beside
from suite.footprint.impact import impact_of
from suite.footprint.scenario import parts_of, scenario_from
from tests.footprint.points import published, site

SCENARIO = scenario_from(
    "example",
    {
        "title": "an example",
        "unit": "report",
        "units": 10,
        "queries_per_unit": {"image_generation": 1, "text_generation": 100},
        "other_wh_per_unit": 5.0,
        "run_tasks": {},
        "sensitivity": None,
        "year": 2026,
        "source": "made up",
    },
)
ENERGIES = {"image_generation": published(1.0), "text_generation": published(0.05)}


def impact(**energies):
    return impact_of(parts_of(SCENARIO, ENERGIES | energies), site(), choices={})


def own(value, **ends):
    return Figure(value=value, unit="Wh per query", tag="measured", source="a run", year=2026, **ends)


def test_own_over_published_by_task_and_in_all():
    # published: 10 x (1 + 100 x 0.05 + 5) = 110 Wh; own text takes 10 x 100 x 0.01 = 10 Wh instead of 50, so 70 Wh
    found = beside(impact(text_generation=own(0.01)), impact())
    assert found.published.energy.value == pytest.approx(0.110)
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(70 / 110)
    assert found.task_ratios == pytest.approx({"text_generation": 0.2})
    assert found.stay_published == ["image_generation"]


def test_the_interval_of_one_s_own_is_that_of_the_ratio():
    found = beside(impact(text_generation=own(0.01, low=0.0, high=0.02)), impact())
    assert (found.ratio.low, found.ratio.high) == pytest.approx((60 / 110, 80 / 110))


def test_over_nothing_there_is_no_ratio():
    found = beside(impact(text_generation=own(0.01)), impact(text_generation=published(0.0)))
    assert found.task_ratios == {"text_generation": None}
