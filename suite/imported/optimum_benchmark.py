"""optimum-benchmark's benchmark_report.json, or benchmark.json, which has the configuration beside the report.

Schema: optimum_benchmark/benchmark/report.py and trackers/ of its 0.6.0. ``energy`` is CodeCarbon's, in kWh, and the
file does not say over how many queries; ``efficiency`` is samples, images or tokens over its total, so it gives energy
per one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from suite.imported.row import ImportedRow
from suite.text.i18n import N_
from suite.units import JOULES_PER_KWH

SOURCE = "optimum-benchmark"
SETUP = ("load", "first_", "warmup", "preprocess", "per_")
"""How the parts of a report begin that are no queries: loading, first calls, and parts of a query."""
PREFILL = "prefill"
"""A part of a query, which has a latency of its own."""
_MS_PER_S = 1e3
_SAMPLES = ("samples/kWh", "images/kWh")


class Latency(msgspec.Struct):
    """Seconds a call."""

    unit: str
    p50: float
    p99: float | None = None
    count: int | None = None


class Rate(msgspec.Struct):
    """A throughput or an efficiency."""

    unit: str
    value: float


class Energy(msgspec.Struct):
    """Of all that was measured together."""

    unit: str
    total: float


class Part(msgspec.Struct):
    """One part of the work, such as ``forward`` or ``decode``."""

    latency: Latency | None = None
    throughput: Rate | None = None
    energy: Energy | None = None
    efficiency: Rate | None = None


def is_ours(content: Any) -> bool:
    """Whether the content is of this tool: parts of work by name, each with measurements by kind."""
    report = _report(content)
    kinds = {*Part.__struct_fields__, "memory"}
    return bool(report) and all(isinstance(part, dict) and part and set(part) <= kinds for part in report.values())


def rows(content: Any) -> list[ImportedRow]:
    """A row for each part of the work with energy, latency or throughput; loading and first calls are left out."""
    parts = msgspec.convert(_report(content), dict[str, Part])
    config = content["config"] if "report" in content and isinstance(content.get("config"), dict) else {}
    return [
        _row(name, part, config)
        for name, part in parts.items()
        if not name.startswith(SETUP) and (part.energy or part.latency or part.throughput)
    ]


def _report(content: Any) -> dict[str, Any]:
    found = content.get("report", content) if isinstance(content, dict) else {}
    return found if isinstance(found, dict) else {}


def _row(name: str, part: Part, config: dict[str, Any]) -> ImportedRow:
    _refuse_other_units(part)
    is_query = name != PREFILL
    samples, tokens = _per_one(part.efficiency, _SAMPLES), _per_one(part.efficiency, ("tokens/kWh",))
    environment, backend = _table(config, "environment"), _table(config, "backend")
    model = backend.get("model")
    return ImportedRow(
        source=SOURCE,
        source_version=environment.get("optimum_benchmark_version"),
        label=f"{model}: {name}" if model else name,
        hardware=_hardware(environment, backend),
        energy_per_query_j=samples if is_query else None,
        energy_per_token_j=tokens,
        covers="CPU + GPU + RAM" if part.energy else None,
        latency_ms_p50=part.latency.p50 * _MS_PER_S if part.latency else None,
        latency_ms_p99=part.latency.p99 * _MS_PER_S if part.latency and part.latency.p99 is not None else None,
        throughput_qps=_value(part.throughput, ("samples/s", "images/s")) if is_query else None,
        note=_note(part) if is_query else N_("reading the prompts alone, no whole query: its energy is no query's"),
    )


def _note(part: Part) -> str | None:
    if part.efficiency is not None and part.efficiency.value <= 0:
        return N_("its efficiency is no possible figure and left out; latency is that of a batch")
    return N_("latency is that of a batch") if part.latency else None


def _refuse_other_units(part: Part) -> None:
    for found, unit in ((part.energy, "kWh"), (part.latency, "s")):
        if found is not None and found.unit != unit:
            raise ValueError(f"a unit of {found.unit}, where {unit} is known")


def _per_one(efficiency: Rate | None, units: tuple[str, ...]) -> float | None:
    value = _value(efficiency, units)
    return JOULES_PER_KWH / value if value is not None and value > 0 else None


def _value(rate: Rate | None, units: tuple[str, ...]) -> float | None:
    return rate.value if rate is not None and rate.unit in units else None


def _hardware(environment: dict[str, Any], backend: dict[str, Any]) -> str | None:
    found = environment.get("gpu") if backend.get("device") == "cuda" else environment.get("cpu")
    names = found if isinstance(found, list) else [found] if found else []
    return ", ".join(str(name).strip() for name in names) or None


def _table(config: dict[str, Any], name: str) -> dict[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}
