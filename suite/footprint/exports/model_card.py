"""The ``co2_eq_emissions`` block of a Hugging Face model card.

Fields and unit (grams) as in https://huggingface.co/docs/hub/model-cards-co2. The block states what a
training emitted: a whole training, a training point carried to one, or the training inside a technique.
"""

from __future__ import annotations

import msgspec

from suite.analysis.summary import PointSummary
from suite.carbon.quantity import Figure, to_yaml
from suite.errors import InputError
from suite.footprint.location import Site
from suite.footprint.subject import energy_of, tag_of, year_of
from suite.footprint.training_case import whole_training
from suite.record.schema import MitigationUse
from suite.units import joules_to_kwh, kwh_to_joules

TRAINING_TYPES = ("pre-training", "fine-tuning")


def model_card(
    point: PointSummary,
    site: Site,
    *,
    samples: float | None = None,
    epochs: float | None = None,
    training_type: str = "fine-tuning",
) -> str:
    """The block as YAML, to stand in the head of a model's README.md.

    Args:
        point: of the training phase, or of a technique that trains.
        site: where the training was, or would be.
        samples: of the whole training; only for a point of single training steps.
        epochs: likewise.
        training_type: ``pre-training`` or ``fine-tuning``.

    Raises:
        InputError: nothing was trained, a number is missing or out of range, or an unknown training type.
    """
    return to_yaml("co2_eq_emissions", co2_fields(point, site, samples, epochs, training_type))


def co2_fields(
    point: PointSummary,
    site: Site,
    samples: float | None = None,
    epochs: float | None = None,
    training_type: str = "fine-tuning",
) -> dict[str, object]:
    """What stands in the block, by name; arguments and errors as in ``model_card``."""
    if training_type not in TRAINING_TYPES:
        known = " or ".join(TRAINING_TYPES)
        raise InputError("unknown training_type", got=training_type, remedy=f"give {known}")
    energy = _training_energy(point, samples, epochs)
    carbon = site.carbon(kwh_to_joules(energy.value), energy.tag)
    got = f"{carbon.tag} ({carbon.year}): {carbon.source}"
    return {
        "emissions": carbon.value,
        "source": f"{got}; energy: {energy.tag} ({energy.year}), {energy.source}",
        "training_type": training_type,
        "geographical_location": site.grid.place,
        "hardware_used": point.hardware or "not recorded",
    }


def _training_energy(point: PointSummary, samples: float | None, epochs: float | None) -> Figure:
    if point.is_whole_training and samples is None and epochs is None:
        energy = energy_of(point)
        return msgspec.structs.replace(energy, value=joules_to_kwh(energy.value), unit="kWh")
    if point.phase == "training":
        if samples is None or epochs is None:
            raise InputError(
                "a training point needs the size of the whole training",
                got={"samples": samples, "epochs": epochs},
                remedy="give both samples= and epochs=",
            )
        return whole_training(point, samples, epochs)
    if samples is not None or epochs is not None:
        raise InputError(
            "samples and epochs belong to a training point",
            got=f"{point.point_id} ({point.phase})",
            remedy="leave them out, or name a training point",
        )
    return _technique_energy(point)


def _technique_energy(point: PointSummary) -> Figure:
    """What the training inside a technique took, as it was read."""
    if point.apply_energy_j is None or not any(MitigationUse(**use).recipe for use in point.mitigations):
        raise InputError(
            "this point trained nothing that was read",
            got=f"{point.point_id} ({point.mitigation})",
            remedy="name a technique that trains, or a training point with samples= and epochs=",
        )
    return Figure(
        value=joules_to_kwh(point.apply_energy_j),
        unit="kWh",
        tag=tag_of(point),
        source=f"applying {point.mitigation} once ({point.component}, {point.method}); "
        "the training of the model it started from is not in it",
        year=year_of(point),
    )
