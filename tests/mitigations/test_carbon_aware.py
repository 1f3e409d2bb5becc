"""carbon_aware: a ratio of carbon, not of energy."""

import pytest

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.carbon_aware.carbon_aware import CarbonAware
from tests.fakes import fake_setup

YEAR = {
    "zone": "DE", "job_h": 4, "slack_h": 24, "path": None, "signal": None, "forecast_error": None, "starts_at": None,
}  # fmt: skip
HOURS = "time,g_co2e_per_kwh\n" + "".join(
    f"2026-01-01T{hour:02}:00Z,{grams}\n" for hour, grams in enumerate([400, 400, 300, 200, 200, 300, 400, 400])
)


def test_a_year_of_waiting_gives_its_published_mean():
    setup = fake_setup("image")
    technique = CarbonAware(**YEAR)
    changed = technique.apply(setup)
    seen = technique.proof(setup, changed)
    assert seen["after"]["relative_carbon_intensity"] == pytest.approx(1 - 0.183)  # 18.3 % on average over 2020
    assert (seen["basis"], seen["zone"]) == ("published", "DE")
    assert "upper bound" in seen["source"]


def test_a_file_of_hours_gives_the_best_window_in_it(tmp_path):
    """Two hours at 400 g now, or at 200 g after three hours: half the carbon; 10 % of error either way moves that."""
    path = tmp_path / "hours.csv"
    path.write_text(HOURS)
    of_file = {"path": str(path), "zone": None, "signal": "average", "starts_at": "2026-01-01T00:00Z", "job_h": 2}
    technique = CarbonAware(**YEAR | of_file | {"slack_h": 5, "forecast_error": 0.1})
    setup = fake_setup("image")
    after = technique.proof(setup, technique.apply(setup))["after"]
    assert after["relative_carbon_intensity"] == pytest.approx(0.5)
    assert after["relative_carbon_intensity_low"] == pytest.approx(200 * 0.9 / (400 * 1.1))
    assert after["relative_carbon_intensity_high"] == pytest.approx(200 * 1.1 / (400 * 0.9))


def test_hours_that_only_get_worse_are_not_applicable(tmp_path):
    path = tmp_path / "hours.csv"
    path.write_text(HOURS)
    late = {"path": str(path), "zone": None, "signal": "average", "starts_at": "2026-01-01T03:00Z", "job_h": 1}
    with pytest.raises(NotApplicable, match="cleaner electricity"):
        CarbonAware(**YEAR | late | {"slack_h": 4}).apply(fake_setup("image"))


def test_the_same_electricity_is_no_effect():
    setup = fake_setup("image")
    with pytest.raises(NoEffect, match="no cleaner"):
        CarbonAware(**YEAR).proof(setup, setup)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"zone": "XX"}, "choose DE, FR, GB"),
        ({"job_h": 3}, "job_h of 1, 4, 8"),
        ({"job_h": 0}, "carbon_aware.job_h must be a finite number above 0"),
        ({"forecast_error": 0.1}, "no start and no forecast"),
        ({"path": "hours.csv", "starts_at": "2026-01-01T00:00"}, "has no offset"),
    ],
)
def test_wrong_values_are_one_line(given, words):
    with pytest.raises(InputError, match=words):
        CarbonAware(**YEAR | given)
