"""Prometheus' text format, for a textfile collector or a push gateway: gauges, each with its point in the labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from suite.analysis.point.energy import basis_of
from suite.analysis.summary import PointSummary
from suite.footprint.location import Site
from suite.stats.prefill_decode import ARMS

PREFIX = "energy_benchmark"
POINT = ("run", "point_id", "task", "model", "mitigation", "phase", "batch_size", "device", "hardware")
"""Labels of every gauge. In the phase ``training`` a query is a sample, or a whole training."""
QUANTILES = {"0.5": "latency_ms_p50", "0.95": "latency_ms_p95", "0.99": "latency_ms_p99"}
_OF_ARM = {"baseline": "baseline_", "candidate": ""}
_MS_PER_S = 1e3
_QUERIES = 1e3

Sample = tuple[tuple[str, ...], float | None]
"""What the labels say beyond the point, and the value; None is no sample."""


def prometheus_text(points: Sequence[PointSummary], site: Site) -> str:
    """The exposition. What a point lacks has no sample; carbon is that of the candidate on the site's grid."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Points(points, site))
    return generate_latest(registry).decode()


class _Points(Collector):
    """Turns points into families of gauges."""

    def __init__(self, points: Sequence[PointSummary], site: Site) -> None:
        self.points, self.site = points, site

    def collect(self) -> Iterator[Metric]:
        """Every family that has a sample."""
        for name, words, labels in (
            ("energy_per_query_joules", "Joules a query; basis: measured or estimated", ("arm", "component", "basis")),
            (
                "energy_ratio",
                "Energy over the paired baseline's; bound: of the 95 % interval; per: query or token",
                ("bound", "basis", "per"),
            ),
            ("latency_seconds", "Seconds a query", ("arm", "quantile")),
            ("throughput_queries_per_second", "Queries a second", ("arm",)),
            ("score", "Score on the test items", ("arm", "metric")),
            ("co2e_grams_per_query", "Grams of CO2e a query, modelled from the energy", ("grid", "basis")),
        ):
            family = GaugeMetricFamily(f"{PREFIX}_{name}", words, labels=[*POINT, *labels])
            for point in self.points:
                for extra, value in self._samples(name, point):
                    if value is not None:
                        family.add_metric([*_identity(point), *extra], value)
            if family.samples:
                yield family

    def _samples(self, name: str, point: PointSummary) -> Iterable[Sample]:
        if name == "energy_per_query_joules":
            return _energies(point)
        if name == "energy_ratio":
            return _ratios(point)
        if name == "latency_seconds":
            return _latencies(point)
        if name == "co2e_grams_per_query":
            return [((self.site.grid.name, str(point.energy_basis)), _grams(point))]
        if name == "score":
            return [((arm, str(point.metric)), getattr(point, f"{_OF_ARM[arm]}score")) for arm in ARMS]
        return [((arm,), getattr(point, f"{_OF_ARM[arm]}throughput_qps")) for arm in ARMS]


def _identity(point: PointSummary) -> list[str]:
    values = (getattr(point, name) for name in POINT)
    return ["" if value is None else str(value) for value in values]


def _grams(point: PointSummary) -> float | None:
    return None if point.co2e_g_per_1000 is None else point.co2e_g_per_1000 / _QUERIES


def _energies(point: PointSummary) -> Iterator[Sample]:
    for component, by_arm in point.energy_per_query_by_component_j.items():
        for arm, joules in by_arm.items():
            yield (arm, component, basis_of(point.methods.get(component, ""))), joules


def _ratios(point: PointSummary) -> Iterator[Sample]:
    for bound, field in (("estimate", "energy_ratio"), ("low", "energy_ratio_low"), ("high", "energy_ratio_high")):
        yield (bound, str(point.energy_basis), point.denominator or "query"), getattr(point, field)


def _latencies(point: PointSummary) -> Iterator[Sample]:
    for arm in ARMS:
        for quantile, field in QUANTILES.items():
            milliseconds = getattr(point, f"{_OF_ARM[arm]}{field}")
            yield (arm, quantile), None if milliseconds is None else milliseconds / _MS_PER_S
