"""Points of tasks that write tokens, from the windows to the figures a token."""

import copy

import pytest

from suite.analysis.summary import summarise_record
from suite.checkpoints.model_spec import ModelSpec
from suite.config.plan import Plan
from suite.measure import point
from suite.record.schema import MitigationUse, Point
from suite.runtimes.eager import Eager
from suite.workloads.offline import Offline
from tests.embedded import MODELS, embedded_setup
from tests.faults import Fault
from tests.world import WallMeter, protocol

BRIEF = protocol(
    min_blocks=2, max_blocks=2, target_half_width={"cpu": 5.0, "cuda": 5.0}, window_s={"cpu": 0.02, "cuda": 0.02},
    window_queries=2, warmup_max_s=0.05, prefill=True,
)  # fmt: skip


class Silent(Fault):
    """Answers without writing a token; ``how`` says whether its task still claims to make them one by one."""

    def apply(self, setup):
        task = copy.copy(setup.task)
        if self.how == "admits":
            object.__setattr__(task, "with_new_tokens", lambda most: None)
        else:
            object.__setattr__(task, "with_new_tokens", lambda most: task)
        object.__setattr__(task, "run", lambda setup, batch: self.answer(setup, batch))
        return setup.replace(task=task)

    def answer(self, setup, batch):
        setup.task.call(setup.model, batch)

    def proof(self, before, after):
        return {}


@pytest.fixture
def measured(tmp_path):
    """The summary of a short point of an embedded model, and its record."""

    def measure(task, model, technique=None):
        mitigations = {"silent": technique} if technique else {}
        made = Point(
            task=task, model=model, mitigations=[MitigationUse(name=name) for name in mitigations],
            phase="inference", workload="offline", batch_size=2, device="cpu", dtype="float32",
        )  # fmt: skip
        config = {"name": "test", "seed": 0, "task": {"name": task}, "model": {}, "runs_dir": str(tmp_path)}
        spec = ModelSpec(name=model, path=str(MODELS / model), revision=None, weights="pretrained", architecture=None)
        plan = Plan(
            point=made, config=config, task=embedded_setup(task, model, max_scored=2, query_count=4).task, model=spec,
            mitigations=mitigations, workload=Offline(default_batch_size=2), runtime=Eager(name="eager"),
            meter=WallMeter(), protocol=BRIEF, scores_folder=tmp_path / "scores", seed=0, seeds=1, threads=None,
        )  # fmt: skip
        record = point.measure(plan)
        assert record.status == "ok", record.reason
        return summarise_record("run", record, 475.0), record

    return measure


def test_a_document_has_tokens_of_input_beside_those_of_its_summary(measured):
    summary, record = measured("summarisation", "t5_dates")
    setup = embedded_setup("summarisation", "t5_dates", max_scored=2, query_count=4)
    written, read = setup.task.new_tokens, record.prompt_tokens_per_query
    batch = setup.task.batch(setup, setup.task.queries())
    assert read <= batch["input_ids"].shape[1]
    assert summary.energy_per_token_j == pytest.approx(summary.energy_per_query_j / written)
    assert summary.energy_per_total_token_j == pytest.approx(summary.energy_per_query_j / (written + read))
    assert summary.baseline_energy_per_token_j == pytest.approx(summary.baseline_energy_per_query_j / written)
    assert summary.baseline_prefill_energy_per_query_j > 0
    assert {window.tokens / window.queries for window in record.prefill_windows} == {1}


def test_an_image_has_no_tokens_of_input(measured):
    summary, record = measured("image_captioning", "encoder_decoder_rows")
    written = embedded_setup("image_captioning", "encoder_decoder_rows").task.new_tokens
    assert record.prompt_tokens_per_query is None
    assert summary.energy_per_token_j == pytest.approx(summary.energy_per_query_j / written)
    assert summary.energy_per_total_token_j is summary.baseline_energy_per_total_token_j is None
    assert summary.prefill_energy_per_query_j > 0


@pytest.mark.parametrize("how", ["admits", "claims"])
def test_an_arm_that_answers_without_tokens_has_no_figures_by_token(measured, how):
    summary, record = measured("summarisation", "t5_dates", Silent(how=how))
    assert {window.tokens for window in record.windows if window.arm == "candidate"} == {None}
    assert summary.energy_per_token_j is summary.energy_per_total_token_j is summary.prefill_energy_ratio is None
    assert summary.prefill_energy_per_query_j is summary.decode_energy_per_token_j is None
    assert summary.baseline_energy_per_token_j > summary.baseline_energy_per_total_token_j > 0
    assert (summary.baseline_prefill_energy_per_query_j is None) == (how == "admits")
    assert bool(record.prefill_windows) == (how == "claims")
    assert summary.latency_ms_p50 > 0
    assert summary.throughput_qps > 0
