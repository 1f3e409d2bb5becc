"""What training took: published cases, and our own training points carried to a whole training."""

from __future__ import annotations

import msgspec

from suite.analysis.summary import PointSummary
from suite.carbon.quantity import Figure, checked
from suite.carbon.tables import read_table
from suite.errors import InputError
from suite.text.suggest import near_names, question
from suite.units import joules_to_kwh

GRAMS_PER_TONNE = 1e6


class TrainingCase(msgspec.Struct, frozen=True, kw_only=True):
    """A published training. Fields that the source does not give are None.

    Attributes:
        hours: wall-clock time.
        finetuning_kwh: on top of ``training_kwh``.
        kwh_per_query: of the trained model, in the same source.
        printed_parity_queries: as the source prints them.
        doubt: what is weak in these figures.
    """

    model: str
    parameters: float
    hours: float | None
    training_kwh: float
    finetuning_kwh: float | None
    t_co2e: float | None
    kwh_per_query: float | None
    printed_parity_queries: float | None
    year: int
    source: str
    doubt: str

    @property
    def energy_kwh(self) -> float:
        """Training and fine-tuning."""
        return self.training_kwh + (self.finetuning_kwh or 0.0)

    @property
    def implied_g_co2e_per_kwh(self) -> float | None:
        """The carbon intensity that the source's own energy and carbon stand for; None where it has no carbon."""
        return None if self.t_co2e is None else implied_intensity(self.t_co2e, self.energy_kwh)


def implied_intensity(t_co2e: float, energy_kwh: float) -> float:
    """Grams CO2e a kWh, from tonnes and kWh.

    Raises:
        InputError: a negative carbon, or an energy that is not above 0.
    """
    tonnes = checked("the carbon of a training, in tonnes,", t_co2e)
    return tonnes * GRAMS_PER_TONNE / checked("the energy of a training, in kWh,", energy_kwh, above=True)


def training_cases() -> list[TrainingCase]:
    """All published cases, in the table's order."""
    return read_table("training_cases.csv", TrainingCase)


def training_case(model: str) -> TrainingCase:
    """The case of ``model``, whatever its capitals.

    Raises:
        InputError: there is no such case.
    """
    cases = {case.model.lower(): case for case in training_cases()}
    if model.lower() not in cases:
        known = [case.model for case in cases.values()]
        near = near_names(model.lower(), cases)
        nearest = question(cases[name].model for name in near[:1])
        remedy = f"{nearest}known: {', '.join(known)}; or give your own, training_kwh="
        raise InputError("unknown training case", got=model, remedy=remedy)
    return cases[model.lower()]


def training_energy_j(j_per_sample: float, samples: float, epochs: float) -> float:
    """Joules of a whole training: every sample in every epoch takes what one took while it was measured.

    Raises:
        InputError: a figure is negative, or there are no samples or epochs.
    """
    energy_j = checked("the energy of a training sample, in joules,", j_per_sample)
    return energy_j * checked("samples", samples, above=True) * checked("epochs", epochs, above=True)


def whole_training(point: PointSummary, samples: float, epochs: float) -> Figure:
    """The energy of a whole training of ``samples`` and ``epochs`` with the technique of a training point.

    Raises:
        InputError: the point is not of the training phase or has no energy, or a number is out of range.
    """
    if point.phase != "training":
        raise InputError(
            "this point did not train", got=f"{point.point_id} ({point.phase})", remedy="name a training point"
        )
    if point.is_whole_training:
        remedy = "name a point of single steps, whose energy is that of a sample"
        raise InputError("this point is a whole training already", got=point.point_id, remedy=remedy)
    if point.energy_per_query_j is None:
        raise InputError("this training point has no energy", got=point.point_id, remedy="name one that was measured")
    energy_j = training_energy_j(point.energy_per_query_j, samples, epochs)
    source = (
        f"{point.energy_basis} {point.energy_per_query_j:.3g} J a training sample ({point.component}, {point.method}) "
        f"x {samples:,.12g} samples x {epochs:,.12g} epochs; loading, evaluation and trials are not in it"
    )
    year = int(point.started_at[:4])
    return Figure(value=joules_to_kwh(energy_j), unit="kWh", tag="modelled", source=source, year=year)
