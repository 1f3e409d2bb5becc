"""SCI for AI (Green Software Foundation, on ISO/IEC 21031:2024): a statement of the consumer and one of the provider.

Source: https://github.com/Green-Software-Foundation/sci-ai, SPEC.md at 9b8c158. A draft, not adopted yet. Its units for
consumers (section 8.1): a token of a language model, an image that is generated, a second of video, else an inference
(agents and pages of text recognition are no tasks here).

Deviations: the consumer's boundary has the whole runtime operation in it (orchestration, monitoring, storage, the
client), of which this suite measures the inference, as ``boundary`` says. The provider's needs every stage of making
the model, of which the suite knows the cost of the technique, or of a training that was measured: it states that, and
no score.
"""

from __future__ import annotations

from collections.abc import Sequence

from suite.analysis.summary import PointSummary
from suite.carbon.quantity import Figure, to_yaml
from suite.footprint.exports.sci import FunctionalUnit, sci_fields
from suite.footprint.location import Site
from suite.footprint.subject import boundary, energy_of, tag_of, year_of

SPECIFICATION = (
    "SCI for AI, draft at commit 9b8c158 (https://github.com/Green-Software-Foundation/sci-ai), not adopted yet; "
    "on ISO/IEC 21031:2024, SCI = ((E * I) + M) / R"
)
NO_TRAINING = "not stated: a training is the provider's"
NO_SECONDS = "not stated: the unit of a generated video is a second, and the run knows its frames only"
NO_TOKENS = (
    "not stated: the unit of a language model is a token, and its server does not count those that it reads and writes"
)
NO_PROVIDER = "not stated: it needs the data engineering, training, integration and end of life of the model"
OUTSIDE = "Left out of the draft's boundary: orchestration, monitoring, storage and the client's side."


def sci_for_ai(
    points: Sequence[PointSummary],
    site: Site,
    embodied_kg: float | None = None,
    lifetime_years: float | None = None,
) -> str:
    """YAML, a statement for each point.

    Raises:
        InputError: a number is out of range, or one of ``embodied_kg`` and ``lifetime_years`` is missing.
    """
    found = [_statement(point, site, embodied_kg, lifetime_years) for point in points]
    document = {"run": points[0].run, "specification": SPECIFICATION, "statements": found}
    return to_yaml("software_carbon_intensity_for_ai", document)


def _statement(
    point: PointSummary, site: Site, embodied_kg: float | None, lifetime_years: float | None
) -> dict[str, object]:
    unit = consumer_unit(point)
    consumer: object = unit
    if not isinstance(unit, str):
        fields = sci_fields(point, site, embodied_kg, lifetime_years, counted=unit)
        consumer = fields | {"boundary": [*boundary(point, site), OUTSIDE]}
    return {"point_id": point.point_id, "consumer": consumer, "provider": _provider(point)}


def consumer_unit(point: PointSummary) -> FunctionalUnit | str:
    """The consumer's functional unit; a text says why there is none."""
    if point.phase == "training":
        return NO_TRAINING
    if point.task == "video_generation":
        return NO_SECONDS
    if point.runtime == "served" and (point.denominator != "token" or point.energy_per_total_token_j is None):
        return NO_TOKENS
    if point.energy_per_query_j and point.energy_per_total_token_j:
        return FunctionalUnit("token", point.energy_per_query_j / point.energy_per_total_token_j)
    return FunctionalUnit("image" if point.task == "image_generation" else "inference", 1.0)


def _provider(point: PointSummary) -> dict[str, object]:
    fields: dict[str, object] = {"score": NO_PROVIDER}
    if point.phase == "training":
        fields["measured_training"] = energy_of(point)
    if point.apply_energy_j is not None:
        source = f"applying {point.mitigation}, once; run {point.run}"
        fields["technique_once"] = Figure(
            value=point.apply_energy_j, unit="J", tag=tag_of(point), source=source, year=year_of(point)
        )
    return fields
