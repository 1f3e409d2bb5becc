"""What the doctor finds, on invented machines; and the command itself on this one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from suite.doctor import facts
from suite.doctor.__main__ import main
from suite.doctor.tables import page
from suite.doctor.technique_needs import state, techniques
from suite.io.paths import CHECKOUT
from suite.plugins.cards import read_card

ROOT = CHECKOUT
NO_CUDA = {"usable": False, "reason": "this torch is built without CUDA", "capability": None}


def with_cuda(*capability: int) -> dict[str, Any]:
    return {"usable": True, "reason": None, "capability": list(capability)}


# The GPU, seen by an invented NVML


class NVMLError(Exception):
    pass


def nvml(**changes: Any) -> Any:
    answers: dict[str, Any] = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlSystemGetDriverVersion": lambda: "580.1",
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda board: "Some GPU",
        "nvmlDeviceGetUUID": lambda board: "GPU-1",
        "nvmlDeviceGetMemoryInfo": lambda board: SimpleNamespace(total=80_000_000_000, used=1_000_000_000),
        "nvmlDeviceGetEnforcedPowerLimit": lambda board: 700_000,
        "nvmlDeviceGetCudaComputeCapability": lambda board: (9, 0),
        "nvmlDeviceGetTotalEnergyConsumption": lambda board: 5,
        "nvmlDeviceGetComputeRunningProcesses": lambda board: [],
    }
    return SimpleNamespace(NVMLError=NVMLError, **(answers | changes))


def refuse(*words: Any) -> Any:
    raise NVMLError


def test_a_gpu_is_described_in_si_units() -> None:
    (gpu,) = facts.gpus(nvml())
    assert gpu["name"] == "Some GPU"
    assert gpu["power_limit_w"] == 700.0
    assert gpu["memory_bytes"] == 80_000_000_000
    assert gpu["capability"] == [9, 0]
    assert gpu["energy_counter"] is True


def test_no_driver_means_no_gpu() -> None:
    assert facts.gpus(nvml(nvmlInit=refuse)) == []


def test_a_gpu_without_counter_is_told_apart() -> None:
    (gpu,) = facts.gpus(nvml(nvmlDeviceGetTotalEnergyConsumption=refuse))
    assert gpu["energy_counter"] is False


def test_what_a_board_does_not_answer_is_unknown() -> None:
    (gpu,) = facts.gpus(nvml(nvmlDeviceGetMemoryInfo=refuse, nvmlDeviceGetEnforcedPowerLimit=refuse))
    assert gpu["memory_bytes"] is None
    assert gpu["power_limit_w"] is None


def test_other_processes_on_the_gpu_are_listed_without_this_one() -> None:
    running = [SimpleNamespace(pid=pid, usedGpuMemory=7) for pid in (os.getpid(), 4_000_000)]
    (gpu,) = facts.gpus(nvml(nvmlDeviceGetComputeRunningProcesses=lambda board: running))
    assert gpu["other_processes"] == [{"pid": 4_000_000, "memory_bytes": 7}]


# The CPU's counters


def counter(powercap: Path, name: str = "intel-rapl:0") -> Path:
    file = powercap / name / "energy_uj"
    file.parent.mkdir(parents=True)
    file.write_text("123\n")
    file.with_name("name").write_text(f"package-{name[-1]}\n")
    return file


def test_no_counters_are_absent(tmp_path: Path) -> None:
    assert facts.rapl(tmp_path)["state"] == "absent"


def test_counters_that_can_be_read(tmp_path: Path) -> None:
    counter(tmp_path)
    found = facts.rapl(tmp_path)
    assert (found["state"], found["remedy"]) == ("readable", None)


def test_one_counter_of_two_that_may_not_be_read_comes_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter(tmp_path)
    closed, reads = counter(tmp_path, "intel-rapl:1"), Path.read_text

    def deny(path: Path, *words: Any, **more: Any) -> str:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return reads(path, *words, **more)

    monkeypatch.setattr(Path, "read_text", deny)  # root, as whom tests may run, could read any file
    found = facts.rapl(tmp_path)
    assert found["state"] == "unreadable"
    assert f"1 of 2 RAPL counters (package-1 in {tmp_path})" in found["reason"]
    assert found["remedy"].startswith(f"sudo chmod a+r {tmp_path}")


def test_an_estimate_says_why_and_what_it_is_made_of() -> None:
    component = {"method": "estimated:cpu_time_x_tdp", "tdp_w": 8.0, "tdp_source": "CodeCarbon's table"}
    found = facts._cpu_meter(component, {"state": "absent", "reason": "no counters", "remedy": "bare metal"})
    assert found["measured"] is False
    assert found["reason"] == "no counters; so CPU time x TDP, 8 W from CodeCarbon's table"
    assert found["remedy"] == "bare metal"


def test_a_measurement_needs_no_remedy() -> None:
    found = facts._cpu_meter({"method": "measured:rapl"}, {"state": "readable", "reason": "2 counters", "remedy": None})
    assert (found["measured"], found["reason"], found["remedy"]) == (True, "2 counters", None)


def test_a_gpu_without_counter_is_sampled() -> None:
    assert "sampled" in facts._gpu_meter({"method": "measured:nvml_power_samples"})["reason"]


# Techniques


def test_every_technique_of_conf_is_listed() -> None:
    names = {entry["name"] for entry in techniques([ROOT / "conf"], NO_CUDA)}
    assert names == {file.stem for file in (ROOT / "conf/mitigation").glob("*.yaml")} - {"none"}


def of(name: str, cuda: dict[str, Any]) -> dict[str, Any]:
    """What the doctor says of a technique of this suite."""
    (found,) = [entry for entry in techniques([ROOT / "conf"], cuda) if entry["name"] == name]
    return found


def invented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> dict[str, Any]:
    """What the doctor says, without a GPU, of a technique with ``body``."""
    (tmp_path / "doctors_example.py").write_text(f"class Some:\n    {body}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    read_card.cache_clear()
    return state("some", {"_target_": "doctors_example.Some"}, NO_CUDA)


def test_a_missing_library_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = invented(tmp_path, monkeypatch, "requires = Requires(packages={'no_such_library': 'no-such-library'})")
    assert found["runs"] is False
    assert "no_such_library cannot be imported here" in found["reason"]
    assert found["libraries"] == {}


def test_a_library_that_loads_is_named_with_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    found = invented(tmp_path, monkeypatch, "requires = Requires(packages={'msgspec': 'msgspec'})")
    assert (found["runs"], found["libraries"]) == (True, {"msgspec": msgspec.__version__})


def test_a_technique_that_cannot_be_read_is_a_row_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = invented(tmp_path, monkeypatch, "requires = NEEDS")
    assert found["runs"] is False
    assert found["reason"].startswith("requires of doctors_example.Some cannot be read")
    assert page(facts.gather(ROOT) | {"techniques": [found]})


def test_a_technique_for_gpus_says_why_there_is_none() -> None:
    reason = "needs device=cuda, here it is cpu: TF32 is a format of NVIDIA GPUs (this torch is built without CUDA)"
    assert of("tf32", NO_CUDA)["reason"] == reason


def test_an_old_gpu_is_told_its_capability() -> None:
    found = of("tf32", with_cuda(7, 5))
    assert found["reason"] == "needs compute capability 8.0, this GPU has 7.5"


def test_a_new_gpu_runs_tf32() -> None:
    assert of("tf32", with_cuda(9, 0))["runs"] is True


def test_bf16_needs_no_gpu() -> None:
    assert of("bf16", NO_CUDA)["runs"] is True


def test_bf16_on_an_old_gpus_box_runs_on_its_cpu() -> None:
    found = of("bf16", with_cuda(7, 5))
    assert (found["runs"], found["reason"]) == (True, None)
    assert found["note"].startswith("with device=cpu (on cuda: needs compute capability 8.0, this GPU has 7.5")


def test_a_cpu_technique_on_a_gpu_box_says_how() -> None:
    assert of("int8_onnxruntime", with_cuda(9, 0))["note"].startswith("with device=cpu (on cuda: needs device=cpu")


def test_what_a_technique_must_be_told_and_when_it_makes_sense_are_notes() -> None:
    assert of("checkpoint", NO_CUDA)["note"] == "with mitigation.checkpoint.path=…"
    assert of("gradient_checkpointing", NO_CUDA)["note"] == "training only"


def test_a_technique_is_described_with_its_requirements() -> None:
    found = of("bf16", NO_CUDA)
    assert found["title"] == "the whole model in bfloat16"
    assert found["requires"]["compute_capability"] == (8, 0)
    assert "arXiv:1905.12322" in found["source"]


# Models, disk, hub


def write_model(root: Path, weights: bytes, stated: str | None) -> list[dict[str, Any]]:
    conf = root / "conf"
    conf.mkdir()
    (conf / "some.yaml").write_text("path: models/some\n")
    (conf / "hub_model.yaml").write_text("path: owner/name\n")
    folder = root / "models/some"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "README.md").write_text(f"---\nmodel_sha256: {stated}\n---\n" if stated else "# Card\n")
    return facts.embedded_models(root / "models", conf)


def test_an_embedded_model_whose_hash_fits(tmp_path: Path) -> None:
    found = write_model(tmp_path, b"weights", hashlib.sha256(b"weights").hexdigest())
    assert found == [{"name": "some", "path": "models/some", "state": "ok"}]


def test_an_embedded_model_whose_hash_does_not_fit(tmp_path: Path) -> None:
    assert write_model(tmp_path, b"weights", "0" * 64)[0]["state"] == "damaged"


def test_an_embedded_model_without_hash(tmp_path: Path) -> None:
    assert write_model(tmp_path, b"weights", None)[0]["state"] == "no hash"


def test_an_embedded_model_that_is_missing(tmp_path: Path) -> None:
    write_model(tmp_path, b"weights", None)
    (tmp_path / "models/some/model.safetensors").unlink()
    assert facts.embedded_models(tmp_path / "models", tmp_path / "conf")[0]["state"] == "missing"


def test_the_models_of_this_checkout_are_whole() -> None:
    found = facts.embedded_models(ROOT / "models", ROOT / "conf/model")
    assert {model["state"] for model in found} == {"ok"}


def test_free_space_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    (present, planned) = facts.disk([tmp_path, tmp_path / "not/yet"])
    assert planned["folder"].endswith("not/yet")
    assert planned["free_bytes"] == pytest.approx(present["free_bytes"], rel=0.1)


def test_offline_mode_is_the_reason_why_the_hub_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = facts.hub_state()
    assert (found["reachable"], found["reason"]) == (False, "HF_HUB_OFFLINE is set")


# The command


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_json_is_one_object_and_the_exit_code_is_0(offline: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"hardware", "gpus", "meters", "techniques", "tasks", "hub", "models", "disk", "packages", "python"} <= set(
        found
    )
    assert "cpu" in {meter["component"] for meter in found["meters"]}


@pytest.mark.parametrize("words", ["device=cpu", "hydra.searchpath=pkg://mine.conf", "hydra.searchpath=[pkg://mine]"])
def test_another_override_than_a_search_path_is_refused_in_one_line(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([words]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_tables_name_every_technique(offline: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(file.stem in shown for file in (ROOT / "conf/mitigation").glob("*.yaml") if file.stem != "none")


def test_text_from_outside_is_no_markup(offline: None) -> None:
    found = facts.gather(ROOT)
    found["hub"]["endpoint"] = "http://[bold]host[/bold]"
    console = Console(width=200, record=True, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(page(found))
    console.file.close()
    assert "http://[bold]host[/bold]" in console.export_text()


def test_help_imports_no_torch() -> None:
    code = (
        "import sys, runpy; sys.argv = ['doctor', '--help']\n"
        "try: runpy.run_module('suite.doctor', run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "--json" in done.stdout
