"""carbon_aware: the same work at hours of cleaner electricity."""

from __future__ import annotations

import copy
import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from suite.carbon.best_start import Job
from suite.carbon.intensity import Signal, offset_time
from suite.carbon.quantity import checked
from suite.carbon.waiting import Waiting, in_file, over_a_year
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Requires
from suite.toolkit import effect


@dataclasses.dataclass(frozen=True, kw_only=True)
class CarbonAware(Mitigation):
    """Has a job start in the cleanest hours within reach.

    Attributes:
        zone: whose grid; with ``path``, which zone of the file.
        job_h: how many hours the job runs.
        slack_h: how many hours its start may wait.
        path: of a file of intensities as ``schedule=carbon_aware`` takes it; None for the mean of a published year.
        signal: ``average`` or ``marginal``, where the file does not say; else None.
        forecast_error: the largest relative error of the file's values, from 0 to below 1; None where none is stated.
        starts_at: when the job would start, ISO 8601 with an offset; None for now. With ``path`` only.
    """

    intervention: ClassVar[str] = "carbon_aware"
    source: ClassVar[str] = (
        "Wiesner et al. 2021, Let's Wait Awhile, doi:10.1145/3464298.3493399; Dodge et al. 2022, Measuring the Carbon "
        "Intensity of AI in Cloud Instances, doi:10.1145/3531146.3533234"
    )
    idea: ClassVar[str] = (
        "Electricity is cleaner when the sun shines, the wind blows or demand is low: work that can wait starts then."
    )
    effect: ClassVar[str] = (
        "None on energy, which is measured here as for any technique. The CO2e falls with the carbon intensity of the "
        "hours chosen: for a job of 4 hours in Germany in 2020, by at most 10 % with 12 hours of slack and 41 % with a "
        "week. Helps jobs that can wait, such as training and batches; nothing for a user who waits for an answer, "
        "and little where the grid hardly varies."
    )
    accuracy: ClassVar[str] = "Unchanged: the same work is done."
    deviations: ClassVar[str] = (
        "The ratio of carbon is modelled, from intensities, and nothing is made to wait: schedule=carbon_aware does "
        "that. Without a file it is the mean over a year with perfect foresight, an upper bound."
    )
    requires: ClassVar[Requires] = Requires()

    zone: str | None
    job_h: float
    slack_h: float
    path: str | None
    signal: Signal | None
    forecast_error: float | None
    starts_at: str | None

    def __post_init__(self) -> None:
        checked("carbon_aware.job_h", self.job_h, above=True)
        checked("carbon_aware.slack_h", self.slack_h, above=True)
        if self.path is None:
            self._waiting()
            if self.starts_at is not None or self.forecast_error is not None:
                remedy = "give carbon_aware.path, or leave them out"
                got = {"starts_at": self.starts_at, "forecast_error": self.forecast_error}
                raise InputError("a year's mean has no start and no forecast", got=got, remedy=remedy)
        elif self.starts_at is not None:
            offset_time(self.starts_at, "carbon_aware.starts_at")

    def apply(self, setup: Setup) -> Setup:
        """The same model, on the electricity of the hours chosen."""
        if setup.relative_carbon_intensity != 1.0:
            raise NotApplicable("the start is chosen by carbon already")
        found = self._waiting()
        if found.relative_intensity >= 1:
            raise NotApplicable("no later start has cleaner electricity")
        return setup.replace(model=copy.deepcopy(setup.model), relative_carbon_intensity=found.relative_intensity)

    def proof(self, before: Setup, after: Setup) -> dict[str, Any]:
        """The carbon intensity of the chosen hours relative to the others, with what it was taken from."""
        found = self._waiting()
        seen = effect.changes(before, after)
        ends = {"relative_carbon_intensity_low": found.low, "relative_carbon_intensity_high": found.high}
        seen["before"] |= {"relative_carbon_intensity": before.relative_carbon_intensity}
        seen["after"] |= {"relative_carbon_intensity": after.relative_carbon_intensity}
        seen["after"] |= {name: value for name, value in ends.items() if value is not None}
        seen |= {"zone": found.zone, "basis": found.basis, "source": found.source}
        cleaner = after.relative_carbon_intensity < before.relative_carbon_intensity
        return effect.require(cleaner, "the hours chosen are no cleaner than the others", seen)

    def _waiting(self) -> Waiting:
        if self.path is None:
            if self.zone is None:
                remedy = "give carbon_aware.zone=DE, or a file of intensities as carbon_aware.path"
                raise InputError("no grid is named", got=self.zone, remedy=remedy)
            return over_a_year(self.zone, job_h=self.job_h, slack_h=self.slack_h)
        starts_at = datetime.now(UTC) if self.starts_at is None else offset_time(self.starts_at, "starts_at")
        job = Job(starts_at=starts_at, duration_h=self.job_h, slack_h=self.slack_h)
        return in_file(Path(self.path), job, zone=self.zone, signal=self.signal, forecast_error=self.forecast_error)
