"""Series of made-up intensities."""

from datetime import UTC, datetime, timedelta

from suite.carbon.intensity import About, Slot, series_of

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)


def about(signal="average", boundary="unstated", origin="unstated"):
    return About(zone="DE", signal=signal, boundary=boundary, origin=origin, source="made.csv (plain csv)")


def series(values, step_s=3600, begins=BEGINS, **stated):
    slots = [
        Slot(
            where=f"entry {index}",
            time=(begins + timedelta(seconds=step_s * index)).isoformat(),
            g_co2e_per_kwh=float(value),
        )
        for index, value in enumerate(values)
    ]
    return series_of(slots, about(**stated))
