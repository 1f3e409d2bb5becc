import importlib.metadata
import subprocess
import sys

import pytest
import torch

from suite.machine import environment
from suite.plugins.requires import Requires


def test_the_processor_names_the_hardware_of_work_on_it():
    found = environment.hardware("cpu")
    assert found["cpu"] in found["name"]
    assert found["memory_bytes"] > 1e8
    assert found["threads"] == torch.get_num_threads()


def test_packages_that_change_figures_are_named_with_their_versions():
    found = environment.packages()
    assert found["torch"].partition("+")[0] == torch.__version__.partition("+")[0]  # an index may leave out +cu130
    assert {"transformers", "codecarbon", "bitsandbytes", "torchao", "onnxruntime"} <= set(found)


RECORDED_EVER_SINCE = {
    "torch", "transformers", "accelerate", "optimum", "optimum-quanto", "bitsandbytes", "torchao", "onnx",
    "onnxruntime", "codecarbon", "hydra-core", "numpy", "scikit-learn", "babel",
}  # fmt: skip


def test_the_packages_of_earlier_records_are_all_still_named():
    names = {*environment.needed_packages([]), *environment._packages_of_techniques()}
    assert names >= RECORDED_EVER_SINCE


def test_a_package_that_a_technique_requires_is_named_as_installed():
    used = [Requires(packages={"msgspec": "msgspec"})]
    assert environment.packages(used) == environment.packages() | {"msgspec": importlib.metadata.version("msgspec")}


def test_a_package_that_is_not_installed_is_absent():
    assert environment.packages([Requires(packages={"nothing": "no-such-package"})]) == environment.packages()


@pytest.mark.slow
def test_describing_the_machine_opens_no_cuda_context():
    describe = "import torch; from suite.machine import environment; environment.describe('cpu')"
    code = f"{describe}; print(torch.cuda.is_initialized())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_package_below_somebodys_own_repository_does_not_take_its_commit_for_ours(tmp_path, monkeypatch):
    for words in (["init"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "-m", "theirs"]):
        subprocess.run(["git", "-C", str(tmp_path), *words, "-q"], check=True)
    installed = tmp_path / "venv" / "site-packages"
    installed.mkdir(parents=True)
    monkeypatch.setattr(environment, "CHECKOUT", installed)
    assert environment.git_revision.__wrapped__() is None
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    assert len(environment.git_revision.__wrapped__()) == 40
