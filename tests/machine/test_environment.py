import subprocess
import sys

import torch

from suite.machine import environment


def test_the_processor_names_the_hardware_of_work_on_it():
    found = environment.hardware("cpu")
    assert found["cpu"] in found["name"]
    assert found["memory_bytes"] > 1e8
    assert found["threads"] == torch.get_num_threads()


def test_packages_that_change_figures_are_named_with_their_versions():
    found = environment.packages()
    assert found["torch"] == torch.__version__
    assert {"transformers", "codecarbon", "bitsandbytes", "torchao", "onnxruntime"} <= set(found)


def test_a_package_that_is_not_installed_is_absent(monkeypatch):
    monkeypatch.setattr(environment, "PACKAGES", ("torch", "no-such-package"))
    assert set(environment.packages()) == {"torch"}


def test_describing_the_machine_opens_no_cuda_context():
    describe = "import torch; from suite.machine import environment; environment.describe('cpu')"
    code = f"{describe}; print(torch.cuda.is_initialized())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
