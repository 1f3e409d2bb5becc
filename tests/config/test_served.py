import pytest

from suite.config.build import plan_of
from suite.config.compose import composed, resolved
from suite.config.labels import labels
from suite.errors import InputError
from suite.record.hashing import config_hash, fingerprint


@pytest.fixture
def planned(tmp_path):
    def make(*overrides):
        every = ["workload=endpoint", f"runs_dir={tmp_path}", "device=cpu", *overrides]
        config = resolved(composed(every))
        return plan_of(config, labels(config, every))

    return make


BOTH = ["endpoint.baseline.url=http://127.0.0.1:8001", "endpoint.candidate.url=http://127.0.0.1:8002"]


def test_the_candidates_server_stands_in_the_place_of_a_technique(planned):
    point = planned(*BOTH, "endpoint.baseline.model=big").point
    assert (point.label, point.model, point.task) == ("endpoint", "big", "text_generation")
    assert point.mitigations[0].params == {"url": "http://127.0.0.1:8002"}
    assert (point.dtype, point.runtime, point.workload) == ("served", "served", "endpoint")


def test_two_candidates_are_two_points(planned):
    first, other = (planned(BOTH[0], f"endpoint.candidate.url=http://h:{port}").point for port in (1, 2))
    assert first.point_id != other.point_id


def test_the_load_is_a_part_of_the_point(planned):
    assert planned(*BOTH, "workload.concurrency=16").point.workload == "endpoint[concurrency=16]"


def test_the_number_of_a_process_changes_no_figure(planned):
    plans = [planned(*BOTH, f"endpoint.baseline.pid={pid}") for pid in (101, 102)]
    assert config_hash(plans[0].config) == config_hash(plans[1].config)
    assert config_hash(planned(*BOTH, "endpoint.api=chat").config) != config_hash(plans[0].config)


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ([], "no server is named"),
        ([*BOTH, "mitigation=bf16"], "a technique cannot be applied"),
        ([*BOTH, "batch_size=4"], "makes its own batches"),
        ([*BOTH, "endpoint.api=talk"], "endpoint.api is unknown"),
        ([*BOTH, "workload.arrivals=poisson"], "do not fit the rate"),
        ([*BOTH, "workload.rate_per_s=3"], "do not fit the rate"),
        ([*BOTH, "workload.requests=8"], "workload.requests must be a whole number of at least 9"),
        ([*BOTH, "workload.prompts=none.jsonl"], "does not exist"),
        ([*BOTH, "workload.arrivals=listed"], "beside the prompts"),
        ([*BOTH, "workload.latency_gate_s.p99=0"], "p99"),
    ],
)
def test_what_cannot_be_is_refused(planned, overrides, complaint):
    with pytest.raises(InputError, match=complaint):
        planned(*overrides)


def test_other_workloads_know_no_servers():
    assert "endpoint" not in resolved(composed([]))


def test_the_record_names_the_models_that_are_served(planned, tmp_path):
    """Not the task's own, which is not loaded; a file by what it holds, wherever it lies."""
    file = tmp_path / "small.gguf"
    file.write_bytes(b"weights")
    served = planned(BOTH[0], "endpoint.baseline.model=big", f"endpoint.candidate.model={file}")
    assert served.recorded_config["model"] == {"name": "big", "candidate": f"small.gguf@{fingerprint(file)}"}
    assert served.point.mitigations[0].params["model"] == served.recorded_config["model"]["candidate"]
    assert (
        plan_of(served.config, {"task": "t", "model": "m", "workload": "w"}).recorded_config == served.recorded_config
    )
    assert "model" not in served.recorded_config["contents"]
    assert planned(BOTH[0]).recorded_config["model"] == dict.fromkeys(("name", "candidate"), "http://127.0.0.1:8001")


def test_fields_of_a_body_are_given_as_they_are_documented(planned):
    assert planned(BOTH[0], "endpoint.body={ignore_eos: true}").endpoints.body == {"ignore_eos": True}
    assert planned(BOTH[0]).endpoints.body is None
