import pytest

from suite.errors import InputError
from suite.plugins.requires import Requires

ALL = Requires(
    packages={"onnx": "onnx", "onnxruntime.quantization": "onnxruntime", "onnxruntime": "onnxruntime"},
    device="cuda",
    compute_capability=(8, 9),
    phase="training",
    parameters=("path",),
    excluded_models=("AutoModelForCausalLM",),
    models=("AutoModel", "AutoModelForMaskedLM"),
    generates=True,
    reads="text",
    class_logits=True,
    logits_alone=True,
    trained=True,
    suits="models of equal blocks",
    reasons={"phase": "add workload=training_steps"},
)


def test_nothing_required_is_said_in_words():
    assert Requires().in_words() == "nothing beyond torch"


def test_each_requirement_is_said_once():
    assert ALL.in_words() == (
        "packages onnx, onnxruntime; device=cuda; compute capability 8.9 or newer where the device is a GPU;"
        " training only; a value for path; no AutoModelForCausalLM;"
        " AutoModel or AutoModelForMaskedLM; a task that generates token by token; queries of text; logits of classes"
        " or tokens; models that answer by logits alone; trained weights; models of equal blocks"
    )


def test_a_task_without_generation_is_a_requirement_that_can_have_a_reason():
    requires = Requires(generates=False, reasons={"generates": "it has no cache"})
    assert requires.in_words(explained=True) == "a task that generates no tokens (it has no cache)"


def test_reasons_are_told_where_they_are_asked_for():
    assert "training only (add workload=training_steps);" in ALL.in_words(explained=True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"device": "gpu"}, r"requires\.device is unknown, got 'gpu', use cpu or cuda"),
        ({"phase": "serving"}, r"requires\.phase is unknown, got 'serving', use inference or training"),
        ({"compute_capability": 8.0}, r"requires\.compute_capability must be two whole numbers"),
        ({"compute_capability": (8,)}, r"requires\.compute_capability must be two whole numbers"),
        ({"parameters": "path"}, r"requires\.parameters must be a tuple"),
        ({"excluded_models": "AutoModel"}, r"requires\.excluded_models must be a tuple"),
        ({"models": "AutoModel"}, r"requires\.models must be a tuple"),
        ({"reads": "words"}, r"requires\.reads is unknown, got 'words', use text or image or sound or noise"),
        ({"reasons": {"trained": "it is scored"}}, r"explains what is not required, got \['trained'\]"),
        ({"reasons": {"phase": "it trains"}}, r"explains what is not required, got \['phase'\]"),
        ({"reasons": {"vibes": "good"}}, r"explains what is not required, got \['vibes'\]"),
    ],
)
def test_what_cannot_be_checked_is_refused(values, words):
    with pytest.raises(InputError, match=words):
        Requires(**values)
