import contextlib
import copy
import dataclasses
import json
from typing import ClassVar

import pytest
import torch

from suite.checkpoints.model_spec import ModelSpec
from suite.config.plan import Plan
from suite.core.task import FurtherScore
from suite.errors import ImpossibleOutput, InputError, LosesTooMuch, NoEffect, OutOfReach
from suite.measure import blocks, point
from suite.measure.scores import check_gate
from suite.mitigations.hyperparameter_tuning.early_stopping import EarlyStopping
from suite.plugins.requires import Requires
from suite.record.schema import MitigationUse, Point, Scores
from suite.runtimes.eager import Eager
from suite.workloads.offline import Offline
from suite.workloads.single_stream import SingleStream
from suite.workloads.train_to_score import TrainToScore
from suite.workloads.training_steps import TrainingSteps
from tests.fakes import fake_task, tiny_vit
from tests.faults import Fault
from tests.world import OpenWorldMeter, WallMeter, protocol

PROTOCOL = protocol(
    min_blocks=2, max_blocks=2, target_half_width={"cpu": 0.5, "cuda": 0.5}, window_s={"cpu": 0.02, "cuda": 0.02},
    window_queries=4, warmup_max_s=0.05,
)  # fmt: skip

OFFLINE, EAGER = Offline(default_batch_size=4), Eager(name="eager")
CONFIG = {"name": "test", "seed": 0, "task": {}, "model": {}}


@pytest.fixture(autouse=True)
def tiny_model(monkeypatch):
    monkeypatch.setattr(point, "load_pretrained", lambda spec, task, **_: (tiny_vit(), None))


@pytest.fixture
def plan(tmp_path):
    def make(
        *, mitigations=None, workload=OFFLINE, task=None, protocol=PROTOCOL, batch_size=4, weights="pretrained", seeds=1
    ):
        mitigations = mitigations or {}
        point = Point(
            task="fake", model="tiny", mitigations=[MitigationUse(name=name) for name in mitigations],
            phase=workload.phase, workload="w", batch_size=batch_size, device="cpu", dtype="float32",
        )  # fmt: skip
        return Plan(
            point=point, config=CONFIG | {"runs_dir": str(tmp_path)}, task=task or fake_task("image"),
            model=ModelSpec(name="tiny", path="tiny", revision=None, weights=weights, architecture=None),
            mitigations=mitigations, workload=workload, runtime=EAGER, meter=WallMeter(), protocol=protocol,
            scores_folder=tmp_path / "scores", seed=0, seeds=seeds, threads=None,
        )  # fmt: skip

    return make


def test_the_baseline_against_itself_is_an_ok_record(plan):
    record = point.measure(plan())
    assert (record.status, record.reason, record.pairing) == ("ok", None, "resident")
    assert [window.arm for window in record.windows[:4]] == ["baseline", "candidate", "candidate", "baseline"]
    assert record.scores.baseline == record.scores.candidate
    assert record.apply_cost is None
    assert record.effect["baseline"]["parameters"] == record.effect["candidate"]["parameters"] > 0


def test_the_record_says_where_and_how_it_was_measured(plan):
    environment = point.measure(plan()).environment
    assert environment["hardware"]["name"]
    assert environment["packages"]["torch"]
    assert environment["meter"]["components"]["gpu"]["method"] == "measured:world"


TO_SCORE = TrainToScore(
    default_batch_size=8, learning_rate=5e-3, first_weights="current", target_score=0.1, reference_steps=1,
    check_every=2, most_steps=20, held_out_items=20,
)  # fmt: skip


def test_a_whole_training_is_one_query_and_its_course_is_kept(plan):
    record = point.measure(plan(workload=TO_SCORE, batch_size=8))
    assert (record.status, record.reason, record.training_target_score) == ("ok", None, 0.1)
    assert record.training_curves["baseline"] == record.training_curves["candidate"]
    assert record.training_curves["baseline"][-1].score >= 0.1
    assert all(window.queries == window.batches for window in record.windows)
    assert record.scores.baseline == record.scores.candidate


def test_a_technique_of_training_has_a_course_of_its_own(plan):
    to_the_end = dataclasses.replace(TO_SCORE, target_score="none", most_steps=6)
    cut = EarlyStopping(patience=1, min_gain=1.0)  # only the first look is any better
    record = point.measure(plan(workload=to_the_end, batch_size=8, mitigations={"early_stopping": cut}))
    assert (record.status, record.training_target_score) == ("ok", None)
    steps = {arm: [check.steps for check in checks] for arm, checks in record.training_curves.items()}
    assert steps == {"baseline": [2, 4, 6], "candidate": [2, 4]}


def test_a_training_that_misses_its_target_is_skipped_and_its_course_is_kept(plan):
    record = point.measure(plan(workload=dataclasses.replace(TO_SCORE, target_score=1.1, most_steps=4), batch_size=8))
    assert (record.status, record.reason.kind) == ("skipped", "not_applicable")
    assert [check.steps for check in record.training_curves["baseline"]] == [2, 4]
    assert "candidate" not in record.training_curves
    assert record.windows == []


def test_a_technique_has_a_cost_a_proof_and_scores(plan):
    record = point.measure(plan(mitigations={"fault": Fault(how="nothing")}))
    assert record.status == "ok"
    assert record.apply_cost.duration_s >= 0
    assert record.effect["proof"] == {"fault": {"seed": [0, 1]}}


@pytest.mark.parametrize(
    ("how", "status", "kind", "message"),
    [
        ("raise", "failed", "RuntimeError", "fault on ViTForImageClassification: the kernel is missing"),
        ("not_applicable", "skipped", "not_applicable", "not on this machine"),
    ],
)
def test_what_a_technique_throws_becomes_its_reason(plan, how, status, kind, message):
    record = point.measure(plan(mitigations={"fault": Fault(how=how)}))
    assert (record.status, record.reason.kind, record.reason.message) == (status, kind, message)
    assert record.windows == []


def test_a_technique_without_effect_fails(plan):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Idle(Fault):
        def proof(self, before, after):
            raise NoEffect("nothing changed")

    record = point.measure(plan(mitigations={"idle": Idle(how="nothing")}))
    assert (record.status, record.reason.kind) == ("failed", "no_effect")


def test_bad_input_is_no_record(plan):
    with pytest.raises(InputError, match="use dog"):
        point.measure(plan(mitigations={"fault": Fault(how="input")}))


def test_baseline_scores_are_computed_once_a_run(plan, monkeypatch):
    point.measure(plan())
    calls = []
    evaluate = Offline.evaluate
    monkeypatch.setattr(Offline, "evaluate", lambda self, setup: calls.append(1) or evaluate(self, setup))
    record = point.measure(plan(mitigations={"fault": Fault(how="nothing")}))
    assert len(calls) == 1  # the candidate's
    assert len(record.scores.baseline) == len(record.scores.candidate)


def beside(metric, values, tokens=None):
    return FurtherScore(metric=metric, higher_is_better=True, items=values, tokens=tokens)


def test_what_is_scored_beside_is_paired_where_both_arms_have_it(plan, monkeypatch):
    task, asked = fake_task("image"), []
    found = [
        [beside("a", [1.0, 0.0]), beside("b", [1.0]), beside("c", [2.0], [3]), beside("d", [1.0])],
        [beside("a", [0.0, 0.0]), beside("b", [1.0, 1.0]), beside("c", [2.0], [4]), beside("d", [float("inf")])],
    ]

    def further(self, setup, scores):
        asked.append(scores)
        return found[len(asked) != 1]

    monkeypatch.setattr(type(task), "further_scores", further)
    record = point.measure(plan(task=task, mitigations={"fault": Fault(how="nothing")}))
    assert asked == [record.scores.baseline, record.scores.candidate]
    assert [(each.metric, each.baseline, each.candidate) for each in record.further_scores] == [
        ("a", [1.0, 0.0], [0.0, 0.0])
    ]
    point.measure(plan(task=task))
    assert len(asked) == 3  # the baseline's are kept


def test_scores_that_are_not_finite_fail_the_point(plan, monkeypatch):
    task = fake_task("image")
    monkeypatch.setattr(type(task), "evaluate", lambda self, setup: [float("nan"), 1.0])
    record = point.measure(plan(task=task, mitigations={"fault": Fault(how="nothing")}))
    assert (record.status, record.reason.kind) == ("failed", "impossible_output")
    assert record.reason.message == "1 of 2 scores of the baseline are not finite"


def test_windows_measured_before_a_failure_are_kept(plan, monkeypatch):
    measure = blocks.whole_window
    made = []

    def failing(arm, queries, block, meter, *, pre_roll):
        made.append(arm)
        if len(made) == 6:
            raise ImpossibleOutput("the meter stands still")
        return measure(arm, queries, block, meter, pre_roll=pre_roll)

    monkeypatch.setattr(blocks, "whole_window", failing)
    record = point.measure(plan())
    assert (record.status, len(record.windows)) == ("failed", 5)


def test_a_hub_out_of_reach_has_a_kind_of_its_own(plan, monkeypatch):
    def out_of_reach(*args, **kwargs):
        raise OutOfReach("no route")

    monkeypatch.setattr(point, "load_pretrained", out_of_reach)
    record = point.measure(plan())
    assert (record.status, record.reason.kind) == ("skipped", "out_of_reach")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnTrained(Fault):
    requires: ClassVar[Requires] = Requires(trained=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnText(Fault):
    requires: ClassVar[Requires] = Requires(generates=True, reads="text")


@pytest.mark.parametrize(
    ("technique", "weights", "words"),
    [(OnTrained, "random", "needs trained weights"), (OnText, "pretrained", "tasks that generate token by token")],
)
def test_what_the_task_or_its_weights_rule_out_is_skipped_before_the_model_is_loaded(
    plan, monkeypatch, technique, weights, words
):
    monkeypatch.setattr(point, "load_pretrained", None)
    record = point.measure(plan(mitigations={"some": technique(how="nothing")}, weights=weights))
    assert (record.status, record.reason.kind) == ("skipped", "not_applicable")
    assert words in record.reason.message


def test_one_of_a_stack_may_bring_weights_that_the_next_one_needs(plan):
    stack = {"brings": Fault(how="nothing"), "needs": OnTrained(how="nothing")}
    assert point._circumstances(plan(mitigations=stack, weights="random")).trained is None


def test_random_weights_are_not_scored(plan):
    record = point.measure(plan(weights="random"))
    assert record.status == "ok"
    assert record.scores is None


def test_single_stream_keeps_every_latency(plan):
    record = point.measure(plan(workload=SingleStream(default_batch_size=1), batch_size=1))
    assert all(len(window.latencies_s) == window.queries for window in record.windows)


def test_single_stream_with_a_batch_is_skipped(plan):
    record = point.measure(plan(workload=SingleStream(default_batch_size=1), batch_size=4))
    assert (record.status, record.reason.kind) == ("skipped", "not_applicable")


def test_training_measures_samples_and_scores_the_trained_model(plan):
    workload = TrainingSteps(default_batch_size=4, learning_rate=1e-3, scored_steps=2)
    record = point.measure(plan(workload=workload))
    assert (record.status, record.point.phase) == ("ok", "training")
    assert record.windows[0].queries % 4 == 0
    assert record.scores.baseline == record.scores.candidate  # the same steps from the same weights


def test_idle_is_kept_only_where_power_is_measured(plan):
    quiet = dataclasses.replace(PROTOCOL, idle_s=0.01)
    idle = point.measure(plan(protocol=quiet)).idle
    assert idle.power_w["gpu"] == pytest.approx(10, rel=0.2)
    assert idle.power_w["gpu"] == pytest.approx((idle.before_w["gpu"] + idle.after_w["gpu"]) / 2)
    assert point.measure(plan()).idle is None


class NoRoomForTwo(Fault):
    """Runs out of the device's memory where the baseline's weights lie on it, as the first attempt finds them."""

    def apply(self, setup):
        if not on_host:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().apply(setup)


on_host: list[bool] = []


@pytest.fixture
def moves(monkeypatch):
    """Every move of weights between the device and the host's memory, as (device moved to)."""
    seen = []
    on_host.clear()
    for place in ("suite.measure.stack.move_weights", "suite.measure.residency.move_weights"):
        monkeypatch.setattr(place, lambda setup, device: (seen.append(device), on_host.append(True)))
    for place in ("suite.measure.stack.release_unused", "suite.measure.residency.release_unused"):
        monkeypatch.setattr(place, lambda: None)  # half a second each among all that the tests have loaded
    return seen


def test_arms_that_do_not_fit_together_are_swapped(plan, moves):
    record = point.measure(plan(mitigations={"fault": NoRoomForTwo(how="nothing")}))
    assert (record.status, record.reason, record.pairing) == ("ok", None, "swapped")
    assert moves[0] == "cpu"  # the weights that the technique starts from
    assert {window.slices for window in record.windows} == {1}
    assert "swapped" in {warning.code for warning in record.warnings}


def test_a_failed_attempt_leaves_no_window_open(plan, moves, monkeypatch):
    opened = []
    start, stop = OpenWorldMeter.start, OpenWorldMeter.stop
    monkeypatch.setattr(OpenWorldMeter, "start", lambda self, **how: opened.append(1) or start(self, **how))
    monkeypatch.setattr(OpenWorldMeter, "stop", lambda self, token: opened.pop() and stop(self, token))
    point.measure(plan(mitigations={"fault": NoRoomForTwo(how="nothing")}))
    assert opened == []


def test_arms_that_do_not_fit_fail_where_they_must_stay_resident(plan, moves):
    resident = dataclasses.replace(PROTOCOL, pairing="resident")
    record = point.measure(plan(mitigations={"fault": NoRoomForTwo(how="nothing")}, protocol=resident))
    assert (record.status, record.reason.kind, moves) == ("failed", "out_of_memory", [])


def test_swapping_can_be_asked_for(plan, moves):
    swapped = dataclasses.replace(PROTOCOL, pairing="swapped")
    assert point.measure(plan(mitigations={"fault": Fault(how="nothing")}, protocol=swapped)).pairing == "swapped"


def test_training_is_never_swapped(plan, moves):
    workload = TrainingSteps(default_batch_size=4, learning_rate=1e-3, scored_steps=2)
    record = point.measure(plan(mitigations={"fault": NoRoomForTwo(how="nothing")}, workload=workload))
    assert (record.status, record.reason.kind) == ("failed", "out_of_memory")


def test_a_record_is_plain_json(plan):
    import msgspec

    assert json.loads(msgspec.json.encode(point.measure(plan())))["status"] == "ok"


class Trained(Fault):
    """A technique whose weights are another draw with each seed, as those of a training are."""

    def apply(self, setup):
        model = copy.deepcopy(setup.model)
        with torch.no_grad():
            for weight in model.parameters():
                weight += torch.randn(weight.shape, generator=torch.Generator().manual_seed(setup.seed))
        return super().apply(setup).replace(model=model)


def test_a_technique_that_trains_is_scored_after_training_with_each_seed(plan, monkeypatch):
    calls = []
    evaluate = Offline.evaluate
    monkeypatch.setattr(Offline, "evaluate", lambda self, setup: calls.append(setup.seed) or evaluate(self, setup))
    record = point.measure(plan(mitigations={"trained": Trained(how="nothing")}, seeds=3))
    assert record.status == "ok"
    assert [each.seed for each in record.seed_scores] == [0, 1, 2]
    assert record.seed_scores[0].score == pytest.approx(sum(record.scores.candidate) / len(record.scores.candidate))
    assert len(calls) == 4  # the baseline, and the candidate of each seed
    assert len(record.windows) == 8  # as with one seed: two blocks of the first


def test_one_seed_is_scored_once(plan):
    assert point.measure(plan(mitigations={"trained": Trained(how="nothing")})).seed_scores == []


@pytest.mark.parametrize("fails", [False, True])
def test_an_engine_runs_from_before_the_warm_up_to_the_end_of_the_point(plan, monkeypatch, fails):
    events = []

    class Engine:
        @contextlib.contextmanager
        def session(self):
            events.append("begun")
            try:
                yield
            finally:
                events.append("ended")

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Served(Fault):
        def apply(self, setup):
            return super().apply(setup).replace(engine=Engine())

    def windows(*args):
        events.append("windows")
        if fails:
            raise ImpossibleOutput("the meter stands still")

    monkeypatch.setattr(point, "_measure_windows", windows)
    record = point.measure(plan(mitigations={"served": Served(how="nothing")}))
    assert record.status == ("failed" if fails else "ok")
    assert events == ["begun", "windows", "ended"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spoilt(Fault):
    """Gives a model whose answers are all of one class."""

    def apply(self, setup):
        model = copy.deepcopy(setup.model)
        torch.nn.init.zeros_(model.classifier.weight)
        return setup.replace(model=model, seed=setup.seed + 1)


def test_a_score_below_the_gate_ends_the_point_before_any_window_and_is_kept(plan):
    gated = dataclasses.replace(PROTOCOL, score_gate=0.0)
    worse = {"spoilt": Spoilt(how="nothing")}
    record = point.measure(plan(mitigations=worse, protocol=gated))
    loss = (sum(record.scores.baseline) - sum(record.scores.candidate)) / len(record.scores.baseline)
    assert (record.status, record.reason.kind, record.windows) == ("skipped", "accuracy_gate", [])
    assert f"worse by {loss:.4g}, more than protocol.score_gate=0 allows" in record.reason.message
    wide = dataclasses.replace(PROTOCOL, score_gate=1.0)
    assert point.measure(plan(mitigations=worse, protocol=wide)).status == "ok"


@pytest.mark.parametrize(("higher_is_better", "passes"), [(True, False), (False, True)])
def test_the_gate_knows_which_way_a_score_is_better(higher_is_better, passes):
    scores = Scores(metric="m", higher_is_better=higher_is_better, baseline=[1.0, 1.0], candidate=[0.5, 1.0])
    check_gate(scores, 0.25)  # a loss of just so much
    check_gate(None, 0.0)
    check_gate(scores, None)
    if passes:
        check_gate(scores, 0.2)
    else:
        with pytest.raises(LosesTooMuch, match=r"worse by 0\.25"):
            check_gate(scores, 0.2)
