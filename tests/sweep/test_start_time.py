from datetime import datetime, timedelta, timezone

import pytest

from suite.__main__ import main
from suite.errors import InputError
from suite.sweep.start_time import Start, hold, start_of

ROME = timezone(timedelta(hours=1))
NOW = datetime(2026, 1, 31, 9, 20, tzinfo=ROME)
CHOICES = {
    "name": "carbon_aware", "file": "", "zone": None, "signal": "average", "slack_h": 4.0, "duration_h": 1.0,
    "forecast_error": None, "elsewhere": None, "elsewhere_zone": None, "starts_at": None, "dry_run": False,
}  # fmt: skip


def csv_of(path, values, day="2026-01-31", hour=9):
    rows = [f"{day}T{hour + index:02}:00+01:00,{value}" for index, value in enumerate(values)]
    path.write_text("\n".join(["time,g_co2e_per_kwh", *rows, ""]))
    return str(path)


@pytest.fixture
def planned(tmp_path):
    def plan(forecast_s=600.0, values=(400, 300, 100, 300, 400, 500, 500), **choices):
        file = csv_of(tmp_path / "it.csv", values)
        return start_of([CHOICES | {"file": file} | choices], forecast_s, clock=lambda: NOW)

    return plan


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now, self.slept_s = NOW, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept_s.append(seconds)
        self.now += timedelta(seconds=seconds)


def test_by_default_a_sweep_starts_at_once():
    assert start_of([{"name": "now"}] * 3, 600.0) == Start()


def test_the_window_is_chosen_and_explained(planned):
    start = planned()
    text = "\n".join(start.lines)
    assert start.at == datetime(2026, 1, 31, 11, 0, tzinfo=ROME)
    assert "2026-01-31T11:00+01:00 to 2026-01-31T12:00+01:00, 100 g CO2e/kWh" in text
    assert "starting now   367 g CO2e/kWh" in text  # 40 minutes of 400, 20 of 300
    assert "72.7 % of the carbon against now" in text
    assert "it.csv (plain csv), it, average, every 60 min from 2026-01-31T09:00+01:00 to 2026-01-31T16:00+01:00" in text
    assert "file written" in text


def test_without_a_stated_error_the_saving_is_called_an_upper_bound(planned):
    assert "no interval: an upper bound" in "\n".join(planned().lines)


def test_a_stated_error_gives_intervals(planned):
    text = "\n".join(planned(forecast_error=0.1).lines)
    assert "72.7 % [66.7, 77.7] of the carbon against now" in text  # 110 over 330 and 90 over 403.3
    assert "every value lies within 10 %" in text


def test_usual_savings_come_from_all_starts_of_the_file(planned):
    text = "\n".join(planned(slack_h=2.0).lines)
    assert "28.3 % on average over all 5 starts" in text  # 75, 66.7, 0, 0 and 0 % of 400, 300, 100, 300 and 400


def test_the_sweeps_own_forecast_is_the_length_by_default(planned):
    assert "a window of 0:10 h" in planned(duration_h=None).lines[0]


def test_another_region_is_shown_beside(planned, tmp_path):
    other = csv_of(tmp_path / "fr.csv", (50, 50, 40, 30, 40, 50, 50))
    text = "\n".join(planned(elsewhere=other).lines)
    assert "fr: 50 g CO2e/kWh at once, saving 86.4 %" in text
    assert "best 30 g CO2e/kWh at 2026-01-31T12:00+01:00, saving 91.8 %" in text
    assert text.count("file written") == 2


def test_a_start_of_another_day_only_shows(planned, tmp_path):
    file = csv_of(tmp_path / "past.csv", (300, 200, 100, 400, 400), day="2020-06-01")
    wanted = {"file": file, "starts_at": "2020-06-01T09:00+01:00", "slack_h": 2.0}
    assert planned(dry_run=True, **wanted).at.year == 2020
    with pytest.raises(InputError, match="dry_run"):
        planned(**wanted)


def test_nothing_to_measure_is_nothing_to_wait_for(planned):
    start = planned(forecast_s=0.0, duration_h=None)
    assert start.at is None
    assert "nothing to measure" in start.lines[0]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"slack_h": "long"}, "schedule cannot be used"),
        ({"slack": 3}, "schedule cannot be used"),
        ({"slack_h": 1e300}, "slack_h must be at most 8784 hours"),
        ({"duration_h": 1e300}, "duration_h must be at most 8784 hours"),
        ({"slack_h": -1.0}, "slack"),
        ({"slack_h": 12.0}, "covers 2026-01-31T09:00"),
        ({"duration_h": 0.0}, "length"),
        ({"signal": None}, "average or marginal"),
        ({"forecast_error": 2.0}, "forecast_error"),
        ({"starts_at": "2026-01-31T09:00", "dry_run": True}, "schedule.starts_at has no offset"),
        ({"elsewhere": "absent.csv"}, "absent.csv"),
    ],
)
def test_bad_choices_are_refused(planned, choices, words):
    with pytest.raises(InputError, match=words):
        planned(**choices)


def test_points_of_one_sweep_start_together():
    with pytest.raises(InputError, match="starts once"):
        start_of([{"name": "now"}, CHOICES], 1.0)


def test_the_sweep_is_held_until_the_window(capsys):
    clock, shown = Clock(), []
    hold(Start(at=NOW + timedelta(minutes=100, seconds=10)), clock, clock.sleep, shown.append)
    assert clock.now == NOW + timedelta(minutes=100, seconds=10)
    assert max(clock.slept_s) <= 30
    assert shown[0] == "1:41 h left until 2026-01-31T11:00+01:00"
    assert "holding until 2026-01-31T11:00+01:00" in capsys.readouterr().out


@pytest.mark.parametrize("at", [None, NOW - timedelta(seconds=1), NOW])
def test_a_window_that_is_open_is_not_waited_for(capsys, at):
    clock = Clock()
    hold(Start(at=at), clock, clock.sleep)
    assert clock.slept_s == []
    assert capsys.readouterr().out == ""


def test_leaving_says_how_to_go_on(capsys):
    def interrupted(seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hold(Start(at=NOW + timedelta(hours=1)), lambda: NOW, interrupted)
    assert "schedule=now starts at once" in capsys.readouterr().out


def test_a_dry_run_shows_the_window_and_measures_nothing(tmp_path, capsys):
    file = csv_of(tmp_path / "past.csv", (300, 200, 100, 400, 400), day="2020-06-01")
    code = main(
        ["schedule=carbon_aware", f"schedule.file={file}", "schedule.signal=average", "schedule.slack_h=2",
         "schedule.starts_at='2020-06-01T09:00+01:00'", "schedule.dry_run=true", f"runs_dir={tmp_path}/runs"]
    )  # fmt: skip
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "best window    2020-06-01T11:00+01:00" in printed.out
    assert not (tmp_path / "runs").exists()


def test_a_sweep_is_held_before_anything_is_measured(tmp_path, capsys, monkeypatch):
    def left(start):
        raise KeyboardInterrupt

    monkeypatch.setattr("suite.sweep.start_time.hold", left)
    assert main([f"runs_dir={tmp_path}/runs"]) == 130
    assert not (tmp_path / "runs").exists()


def test_a_missing_file_is_bad_input(tmp_path, capsys):
    assert main(["schedule=carbon_aware", f"runs_dir={tmp_path}/runs"]) == 2
    assert "schedule.file" in capsys.readouterr().err
