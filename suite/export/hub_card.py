"""A model card for a hub: energy and score as eval results, and what the training inside a technique emitted.

``co2_eq_emissions`` counts training (https://huggingface.co/docs/hub/model-cards-co2), so it is absent where none was
read. Energy has no metric of the hub's own: ``energy_per_query_j`` and ``energy_ratio`` are this suite's, and their
names say how they were got.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.analysis.summary import PointSummary
from suite.carbon.quantity import significant
from suite.errors import InputError
from suite.footprint.exports.model_card import co2_fields
from suite.footprint.location import Site
from suite.footprint.subject import boundary, query_of, tag_of

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

HUB_TASKS = {
    "image_captioning": "image-to-text",
    "image_generation": "unconditional-image-generation",
    "masked_language_modelling": "fill-mask",
    "prompted_classification": "text-classification",
    "speech_recognition": "automatic-speech-recognition",
    "summarisation": "summarization",
    "video_generation": "text-to-video",
}
"""What the hub calls a task, where it is another name with dashes."""


def hub_card(point: PointSummary, site: Site) -> str:
    """README.md with the metadata in its head."""
    from huggingface_hub import ModelCardData  # slow to import

    data = ModelCardData(
        model_name=_name(point),
        pipeline_tag=hub_task(point),
        metrics=[point.metric] if point.score is not None and point.metric else None,
        eval_results=list(_results(point)),
        co2_eq_emissions=emissions(point, site),
    )
    return f"---\n{data.to_yaml()}\n---\n\n{_body(point, site)}\n"


def hub_task(point: PointSummary) -> str:
    """The hub's name of the point's task; a name of the user's own with dashes."""
    name = str(point.config.get("task", {}).get("name", point.task))
    return HUB_TASKS.get(name, name.replace("_", "-"))


def emissions(point: PointSummary, site: Site) -> dict[str, object] | None:
    """The ``co2_eq_emissions`` of the training that was read; None where there was none."""
    try:
        return co2_fields(point, site)
    except InputError:  # nothing was trained, or a part of a training whose size nobody said
        return None


def _results(point: PointSummary) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    for kind, value, name in _metrics(point):
        yield EvalResult(
            task_type=hub_task(point),
            dataset_type=_dataset(point),
            dataset_name=f"{_dataset(point)} ({point.task})",
            dataset_split="test",
            metric_type=kind,
            metric_value=value,
            metric_name=name,
        )


def _metrics(point: PointSummary) -> Iterator[tuple[str, float, str]]:
    """Type, value and name of each figure that there is."""
    if point.score is not None and point.metric:
        items = f", {point.scored_items} items" if point.scored_items else ""
        yield point.metric, point.score, f"{point.metric}{items}"
    how = f"{tag_of(point)}, {point.component}: {point.method}"
    if point.energy_per_query_j is not None:
        yield "energy_per_query_j", point.energy_per_query_j, f"Energy per {query_of(point)}, J ({how})"
    if point.energy_ratio is not None and point.mitigation != "none":
        yield (
            "energy_ratio",
            point.energy_ratio,
            f"Energy per {point.denominator or 'query'} over the unmodified model's ({how}{_interval(point)})",
        )


def _interval(point: PointSummary) -> str:
    low, high = point.energy_ratio_low, point.energy_ratio_high
    return "" if low is None or high is None else f"; 95 % interval {significant(low)} to {significant(high)}"


def _dataset(point: PointSummary) -> str:
    """Where the test items come from: a hub data set, the name of the user's file, or what the suite holds."""
    data: Any = point.config.get("task", {}).get("data")
    named = data.get("test") or data.get("train") if isinstance(data, dict) else data
    if not named:
        return "embedded"
    path = Path(str(named))
    return path.name if path.is_absolute() or path.suffix else str(path)


def _body(point: PointSummary, site: Site) -> str:
    """What the figures are, in words."""
    how = f"{tag_of(point)} ({point.component}: {point.method})"
    where = f"{point.hardware or 'hardware not recorded'}, batch size {point.batch_size}, {point.dtype}"
    lines = [
        f"# {_name(point)}",
        f"Energy is {how} on {where}; verdict: {point.claim}.",
        *boundary(point, site),
        *([] if emissions(point, site) else ["No energy of a training was read: `co2_eq_emissions` is absent."]),
    ]
    return "\n\n".join(lines)


def _name(point: PointSummary) -> str:
    return point.model if point.mitigation == "none" else f"{point.model} with {point.mitigation}"
