import pytest

from suite.record.times import elapsed_s


@pytest.mark.parametrize(
    ("began", "ended", "seconds"),
    [
        ("2026-01-02T03:00:00.000+00:00", "2026-01-02T03:01:30.500+00:00", 90.5),
        ("2026-01-02T03:00:00+00:00", "2026-01-02T03:00:00+01:00", 0.0),  # ended an hour before it began
        ("2026-01-02T03:00:00+00:00", "later", None),
        ("2026-01-02T03:00:00+00:00", "2026-01-02T03:00:00", None),
    ],
)
def test_seconds_between_two_moments_of_a_record(began, ended, seconds):
    assert elapsed_s(began, ended) == seconds
