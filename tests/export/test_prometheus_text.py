import pytest
from prometheus_client.parser import text_string_to_metric_families

from suite.export.prometheus_text import prometheus_text
from tests.footprint.points import cpu_point, gpu_point, site
from tests.synthetic import windows


def families(*points):
    return {each.name: each.samples for each in text_string_to_metric_families(prometheus_text(points, site()))}


def values(samples, *names):
    return {tuple(sample.labels[name] for name in names): sample.value for sample in samples}


def test_energies_carry_their_component_and_basis():
    samples = families(gpu_point())["energy_benchmark_energy_per_query_joules"]
    assert values(samples, "arm", "component", "basis") == {
        ("baseline", "gpu", "measured"): pytest.approx(3.6),
        ("candidate", "gpu", "measured"): pytest.approx(1.8),
        ("baseline", "cpu", "estimated"): pytest.approx(0.4),
        ("candidate", "cpu", "estimated"): pytest.approx(0.4),
    }


def test_the_ratio_has_its_interval():
    samples = families(gpu_point(ratios=(0.4, 0.5, 0.6)))["energy_benchmark_energy_ratio"]
    found = values(samples, "bound")
    assert found[("low",)] < found[("estimate",)] < found[("high",)]
    assert {(sample.labels["basis"], sample.labels["per"], sample.labels["phase"]) for sample in samples} == {
        ("measured", "query", "inference")
    }


def test_carbon_is_that_of_the_grid():
    samples = families(cpu_point())["energy_benchmark_co2e_grams_per_query"]
    assert values(samples, "grid", "basis") == {("example", "estimated"): pytest.approx(1.8 / 3.6e6 * 400)}


def test_what_is_missing_has_no_sample():
    found = families(cpu_point())  # without scores, and without the latency of every query
    assert "energy_benchmark_score" not in found
    assert {sample.labels["quantile"] for sample in found["energy_benchmark_latency_seconds"]} == {"0.5"}


def test_latencies_are_seconds():
    point = cpu_point(run_windows=windows((0.5, 0.5), baseline_j=3.6, latencies=True))
    found = values(families(point)["energy_benchmark_latency_seconds"], "arm", "quantile")
    assert found[("candidate", "0.5")] == pytest.approx(0.01)


def test_labels_of_any_text_are_read_back():
    point = cpu_point(model='a"b\\c\nd')
    samples = families(point)["energy_benchmark_energy_ratio"]
    assert {sample.labels["model"] for sample in samples} == {'a"b\\c\nd'}
