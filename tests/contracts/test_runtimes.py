"""What every runtime promises, on a tiny model: the same answers, and the original left as it was."""

import pytest
import torch

from suite.config.build import build
from suite.config.compose import composed, resolved
from suite.core.runtime import Runtime
from suite.io.paths import CONF
from tests.fakes import answers, fake_setup

NAMES = sorted(path.stem for path in (CONF / "runtime").glob("*.yaml") if path.stem != "auto")


@pytest.fixture(params=NAMES)
def runtime(request, monkeypatch):
    compile_module = torch.nn.Module.compile
    # What inductor would generate is run by torch: no compiler runs in this test.
    quick = {"backend": "aot_eager", "mode": None}
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, **how: compile_module(self, **(how | quick)))
    yield build(resolved(composed([f"runtime={request.param}"]))["runtime"])
    torch._dynamo.reset()


def test_it_is_what_its_yaml_says(runtime):
    assert isinstance(runtime, Runtime)
    assert runtime.name in NAMES


@pytest.mark.parametrize("kind", ["image", pytest.param("text", marks=pytest.mark.slow)])
def test_the_answers_are_the_same_within_rounding(runtime, kind):
    setup = fake_setup(kind, layers=1)
    wanted = answers(setup)
    assert torch.allclose(answers(runtime.prepare(setup)), wanted, atol=1e-5)
    assert torch.equal(answers(setup), wanted)


def test_the_setup_says_which_runtime_executes_it(runtime):
    assert runtime.prepare(fake_setup("image")).runtime == runtime.name
