"""How a model is executed changes neither its scores nor its tokens, and is proven by what was compiled."""

import copy

import pytest
import torch

from suite.errors import NotApplicable
from suite.measure.compilation import CompileWatch, Recompiled, compile_arms, keep_compiled_code
from suite.measure.residency import Residency
from suite.measure.windows import ReadyArm
from suite.mitigations.batch_and_precision.bf16 import Bf16
from suite.mitigations.optimised_hardware.compile import Compile
from suite.mitigations.optimised_hardware.onnxruntime import Onnxruntime as OnnxruntimeTechnique
from suite.mitigations.optimised_hardware.static_cache import StaticCache
from suite.runtimes.compiled import Compiled
from suite.runtimes.eager import Eager
from suite.runtimes.onnxruntime import Onnxruntime
from suite.toolkit import compiling
from suite.workloads.offline import Offline
from suite.workloads.training_steps import TrainingSteps
from tests.fakes import answers, fake_setup
from tests.world import OpenWorldMeter, World

COMPILED, EAGER, GRAPH = Compiled(name="compiled"), Eager(name="eager"), Onnxruntime(name="onnxruntime")


@pytest.fixture(autouse=True, scope="module")
def _own_cache(tmp_path_factory):
    """Compiled code of these tests in a folder of their own; the interpreter reads PyTorch's graphs, not inductor's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("inductor")))
        yield


@pytest.fixture(autouse=True)
def _quick_backend(monkeypatch):
    """Dynamo and AOTAutograd as they are; the code they would generate is run by torch, so that no compiler runs."""
    compile_module = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module,
        "compile",
        lambda self, **how: compile_module(self, **(how | {"backend": "aot_eager", "mode": None})),
    )
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


OFFLINE = Offline(default_batch_size=4)


def arms_of(*setups, workload=OFFLINE, queries=8):
    names = ("baseline", "candidate")
    return {
        name: ReadyArm(name=name, setup=setup, loop=workload.loop(setup, queries))
        for name, setup in zip(names, setups, strict=False)
    }


def compiled_once(arms):
    residency = Residency({name: arm.setup for name, arm in arms.items()}, swapped=False)
    with CompileWatch() as watch:
        return compile_arms(arms, OpenWorldMeter(World()), residency, watch), watch


@pytest.mark.parametrize("kind", ["image", pytest.param("text", marks=pytest.mark.slow)])
def test_a_compiled_model_answers_as_the_eager_one_and_shares_its_weights(kind):
    setup = fake_setup(kind, layers=1)
    made = COMPILED.prepare(setup)
    assert torch.allclose(answers(made), answers(setup), atol=1e-5)
    assert not compiling.is_compiled(setup.model)
    assert made.model.config is setup.model.config
    assert {id(weight) for weight in made.model.parameters()} == {id(weight) for weight in setup.model.parameters()}
    assert made.task.evaluate(made) == setup.task.evaluate(setup)


def test_graphs_are_counted_and_none_is_left_for_the_windows():
    arms = arms_of(COMPILED.prepare(fake_setup("image", layers=1)))
    costs, watch = compiled_once(arms)
    assert costs["baseline"].graphs == watch.count >= 1
    assert costs["baseline"].duration_s > 0
    with CompileWatch() as later:
        arms["baseline"].loop.run(8)
    assert later.count == 0


def test_an_eager_arm_is_not_compiled():
    assert compiled_once(arms_of(EAGER.prepare(fake_setup("image"))))[0] == {}


def test_what_is_compiled_inside_a_window_is_named():
    made = COMPILED.prepare(fake_setup("image", layers=1))
    with CompileWatch() as watch:
        answers(made)
        with pytest.raises(Recompiled, match="1 graphs were compiled inside a window of the baseline"):
            watch.require_none_since(0, "a window of the baseline")


def test_compiling_that_never_ends_is_refused(monkeypatch):
    watch = CompileWatch()
    arms = arms_of(fake_setup("image", runtime="compiled"))
    run = arms["baseline"].loop.run
    monkeypatch.setattr(
        arms["baseline"].loop, "run", lambda *what: (setattr(watch, "count", watch.count + 1), run(*what))
    )
    with pytest.raises(Recompiled, match="compiled anew in each of 5 passes"):
        compile_arms(arms, OpenWorldMeter(World()), Residency({}, swapped=False), watch)


def test_training_compiles_the_workloads_own_copy():
    workload = TrainingSteps(default_batch_size=4, learning_rate=1e-3, scored_steps=1)
    setup = COMPILED.prepare(fake_setup("image", layers=1, phase="training"))
    loop = workload.loop(setup, 8)
    assert compiling.is_compiled(loop.model)
    assert not compiling.is_compiled(setup.model)


def test_decoding_over_a_static_cache_makes_the_same_tokens(monkeypatch):
    setup = fake_setup("generation", layers=1)
    made = COMPILED.prepare(setup)
    made.generate_options._compile_config.backend = "eager"
    batch = setup.task.batch(setup, list(setup.task.train()[:4]))
    wanted = setup.model.generate(**batch, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    for _ in range(2):  # the kept cache is as good as a new one
        options = made.generate_options(batch, 4)
        found = made.model.generate(**batch, max_new_tokens=4, min_new_tokens=4, do_sample=False, **options)
        assert torch.equal(found, wanted)
    assert made.generate_options(batch, 1)["past_key_values"] is options["past_key_values"]  # long enough for less


def test_a_copy_of_a_model_that_has_decoded_runs_its_own_weights():
    """transformers keeps the compiled call on the model, bound to the weights of the original."""
    from suite.toolkit import layers

    setup = fake_setup("generation")
    vars(setup.model)["_compiled_call"] = setup.model.__call__
    assert "_compiled_call" in vars(copy.deepcopy(setup.model))  # the trap
    assert "_compiled_call" not in vars(layers.editable_copy(setup))
    assert "_compiled_call" not in vars(compiling.eager_copy(setup.model))


@pytest.mark.parametrize(
    ("technique", "kind", "said"),
    [(Compile(), "image", "measure compile with runtime=eager"), (StaticCache(), "generation", "static_cache with")],
)
def test_a_runtime_in_force_is_no_technique(technique, kind, said):
    with pytest.raises(NotApplicable, match=said):
        technique.apply(fake_setup(kind, runtime="compiled"))


def test_compile_changes_the_candidate_alone():
    setup = fake_setup("image")
    after = Compile().apply(setup)
    assert Compile().proof(setup, after)["runtime"] == {"before": "eager", "after": "compiled"}
    assert setup.runtime == "eager"


def test_static_cache_needs_something_to_generate():
    with pytest.raises(NotApplicable, match="generates nothing"):
        StaticCache().apply(fake_setup("image"))


def test_nothing_is_copied_from_a_compiled_model():
    with pytest.raises(NotApplicable, match="name compile last"):
        Bf16().apply(Compile().apply(fake_setup("image")))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_without_a_compiler_the_reason_says_what_to_install(monkeypatch, device):
    from torch._inductor import cpp_builder
    from torch._inductor.exc import InvalidCxxCompiler

    def missing():
        raise InvalidCxxCompiler

    monkeypatch.setattr(cpp_builder, "get_cpp_compiler", missing)
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    with pytest.raises(NotApplicable, match=r"install g\+\+|needs Triton and a C compiler"):
        compiling.require_compiler(device)


def test_a_graph_of_onnx_runtime_answers_as_the_model():
    setup = fake_setup("text")
    made = GRAPH.prepare(setup)
    assert made.runtime == "onnxruntime"
    assert torch.allclose(answers(made), answers(setup), atol=1e-5)
    assert GRAPH.prepare(made).model is made.model  # what is a graph stays as it is


def test_a_graph_needs_no_data_to_train_on(monkeypatch):
    """As where ``task.data.test`` is given alone."""
    setup = fake_setup("text")

    def absent(task):
        raise NotApplicable("no data to train on")

    monkeypatch.setattr(type(setup.task), "train", absent)
    assert GRAPH.prepare(setup).runtime == "onnxruntime"


def test_onnx_runtime_alone_is_a_technique_with_the_same_parameters():
    setup = fake_setup("text")
    seen = OnnxruntimeTechnique().proof(setup, OnnxruntimeTechnique().apply(setup))
    assert seen["runtime"] == {"before": "eager", "after": "onnxruntime"}
    # The exporter folds tables that the model only adds: token types here.
    assert seen["before"]["parameters"] == pytest.approx(seen["after"]["parameters"], rel=0.05)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device": "cuda"}, "on the CPU here"),
        ({"phase": "training"}, "cannot be trained"),
        ({"dtype": "bfloat16"}, "starts from float32"),
        ({"contexts": (lambda: None,)}, "does not see torch's autocast"),
    ],
)
def test_what_a_graph_cannot_be_is_said(changes, reason):
    with pytest.raises(NotApplicable, match=reason):
        GRAPH.prepare(fake_setup("text", **changes))


def test_a_generating_model_is_no_graph():
    with pytest.raises(NotApplicable, match="no key-value cache"):
        GRAPH.prepare(fake_setup("generation"))


def test_compiled_code_is_kept_with_the_run_unless_the_user_says_where(monkeypatch, tmp_path):
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    keep_compiled_code(tmp_path / "compiled")
    keep_compiled_code(tmp_path / "other")
    import os

    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / "compiled")
