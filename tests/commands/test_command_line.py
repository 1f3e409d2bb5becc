import json
import subprocess
import sys

import pytest

from suite.__main__ import main
from suite.record.store import load_run

FAST = [
    "protocol.min_blocks=2", "protocol.max_blocks=2", "protocol.window_s={cpu: 0.1, cuda: 0.1}",
    "protocol.warmup_min_s=0", "protocol.warmup_max_s=0.1", "protocol.warmup_slope_s=0.02", "protocol.max_scored=20",
    "task.query_count=16", "threads=1", "device=cpu", "report=false",
]  # fmt: skip

HERE = "isolation=none"
"""Where what is measured is tested, not the process around it."""


@pytest.fixture
def suite_in(tmp_path, capsys):
    def run(*arguments):
        code = main([*FAST, f"runs_dir={tmp_path}/runs", *arguments])
        return code, capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["task=nothing"], ["unknown task", "nothing"]),
        (["mitigation=int8_dynamc"], ["unknown mitigation", "int8_dynamic"]),
        (["batch_size=0"], ["batch_size", "0"]),
        (["batch_size=two"], ["batch_size", "two"]),
        (["threads=0"], ["threads", "0"]),
        (["device=tpu"], ["device", "tpu"]),
        (["dtype=float64"], ["dtype", "float64"]),
        (["isolation=container"], ["isolation", "container"]),
        (["name=../elsewhere"], ["name", "../elsewhere"]),
        (["mitigation=magnitude_pruning", "mitigation.magnitude_pruning.sparsity=1.2"], ["sparsity", "1.2"]),
        (["mitigation=batch_size", "mitigation.batch_size.size=0"], ["size", "0"]),
        (["experiment=smoke", "experiment=gpu"], ["one experiment"]),
        (["task.margin=abc"], ["task.margin", "abc"]),
        (["task.query_count=0"], ["task.query_count", "0"]),
        (["task.name=foo"], ["task.name", "foo"]),
        (["task.data="], ["task.data"]),
        (["report=maybe"], ["report", "maybe"]),
        (["~task"], ["removed", "~task"]),
        (["+foo=1"], ["added", "foo"]),
        (["mitigation=[bf16,bf16]"], ["once"]),
        (["mitigation=[none,bf16]"], ["once"]),
        (["mitigation=[cascade,cascade]"], ["once", "cascade"]),
        (["mitigation=[int8_dynamic,nf4]"], ["int8_dynamic and nf4 do not go together", "quantised once"]),
        (["--dry-run", "mitigation=[int8_dynamic,distillation]"], ["mitigation=[distillation,int8_dynamic]"]),
        (["-m", "mitigation=none,[compile,bf16]"], ["bf16 and compile", "mitigation=[bf16,compile]"]),
        (["experiment=smoke", "mitigation=none,[cascade,early_exit]"], ["cascade and early_exit"]),
        (["meter.tdp_w=abc"], ["abc"]),
        (["protocol.window_s=1"], ["protocol.window_s"]),
        (["protocol.pairing=swapped"], ["cannot be swapped", "auto"]),
        (["name=with space"], ["name"]),
        (["mitigation=bf16,fp16"], ["-m"]),
        (["--no-such-option"], ["--no-such-option"]),
        (["model.path=no/such/directory"], ["no/such/directory"]),
        (["task.data=no_such_file.jsonl"], ["no_such_file.jsonl"]),
        (["hydra.searchpath=[pkg://no_such_package.conf]"], ["hydra.searchpath", "no_such_package"]),
        (["hydra.searchpath=pkg://no_such_package.conf"], ["hydra.searchpath must be a list"]),
    ],
)
def test_bad_input_is_one_line_and_exit_2_and_leaves_nothing(suite_in, tmp_path, arguments, words):
    code, printed = suite_in(*arguments)
    assert code == 2
    lines = printed.err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert all(word in lines[0] for word in words), lines[0]
    assert list((tmp_path / "runs").rglob("*.json")) == []


@pytest.mark.parametrize("place", ["file", "/proc/x"])
def test_a_runs_folder_that_cannot_be_written_is_bad_input(tmp_path, capsys, place):
    (tmp_path / "file").write_text("")
    assert main([*FAST, f"runs_dir={tmp_path / place if place == 'file' else place}"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_cuda_without_cuda_is_bad_input(tmp_path, capsys):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    assert main(["device=cuda", f"runs_dir={tmp_path}"]) == 2
    assert "no CUDA device" in capsys.readouterr().err


def test_a_sweep_measures_then_resumes(suite_in, tmp_path):
    code, printed = suite_in("-m", "mitigation=none,tf32")
    assert code == 0, printed.out
    assert "2 points to measure" in printed.out
    records = [record for _, record in load_run(tmp_path / "runs" / "default")[0]]
    assert sorted((record.point.label, record.status) for record in records) == [("none", "ok"), ("tf32", "skipped")]
    code, printed = suite_in("-m", "mitigation=none,tf32")
    assert code == 0
    assert "0 points to measure, 2 already measured" in printed.out
    assert len(load_run(tmp_path / "runs" / "default")[0]) == 2


def test_hydra_keeps_its_own_record_of_each_job(suite_in, tmp_path):
    suite_in("mitigation=tf32", "name=one")
    assert len(list((tmp_path / "runs" / "one" / "jobs").glob("*/.hydra/overrides.yaml"))) == 1


def test_a_dry_run_lists_and_measures_nothing(suite_in, tmp_path):
    code, printed = suite_in("experiment=smoke", "--dry-run")
    assert code == 0
    assert "8 points to measure, about" in printed.out
    assert not (tmp_path / "runs").exists()


def test_cfg_prints_the_resolved_configuration(suite_in):
    code, printed = suite_in("--cfg", "job", "batch_size=4")
    assert code == 0
    assert "batch_size: 4" in printed.out
    assert "${" not in printed.out


@pytest.mark.parametrize(
    "module",
    ["suite", "suite.report", "suite.compare", "suite.footprint", "suite.doctor", "suite.reference", "suite.export"],
)
def test_help_imports_no_torch(module):
    code = (
        "import runpy, sys\n"
        f"sys.argv = [{module!r}, '--help']\n"
        "try:\n"
        f"    runpy.run_module({module!r}, run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()


def test_a_failed_point_is_exit_3_and_its_reason_is_kept(suite_in, tmp_path, monkeypatch):
    from suite.sweep import point_run
    from suite.sweep.process import Outcome

    monkeypatch.setattr(
        point_run, "run_isolated", lambda job, notify: Outcome(record=None, kind="crashed", message="died")
    )
    code, printed = suite_in("mitigation=none")
    assert code == 3
    assert "1 failed" in printed.out
    record = load_run(tmp_path / "runs" / "default")[0][0][1]
    assert (record.status, record.reason.kind, record.reason.message) == ("failed", "crashed", "died")


def test_a_failed_point_is_measured_again(suite_in, tmp_path, monkeypatch):
    from suite.sweep import point_run
    from suite.sweep.process import Outcome

    with monkeypatch.context() as patched:
        patched.setattr(
            point_run, "run_isolated", lambda job, notify: Outcome(record=None, kind="crashed", message="died")
        )
        assert suite_in("mitigation=tf32")[0] == 3
    assert suite_in("mitigation=tf32")[0] == 0
    files = sorted(path.name[-7:] for path in (tmp_path / "runs" / "default" / "records").iterdir())
    assert files == ["-1.json", "-2.json"]


def test_records_on_disk_are_json(suite_in, tmp_path):
    suite_in("mitigation=tf32")
    (file,) = (tmp_path / "runs" / "default" / "records").iterdir()
    assert json.loads(file.read_text())["point"]["mitigations"] == [{"name": "tf32", "params": {}}]


@pytest.mark.slow
def test_an_architecture_without_weights_is_measured_and_not_scored(suite_in, tmp_path):
    """The GPU experiment's model, scaled down: random weights, no tokenizer, prompts of random ids."""
    shape = {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 500,
    }  # fmt: skip
    code, _ = suite_in(
        HERE, "task=text_generation", "model=llama_1b_random", "task.new_tokens=4", "task.prompt_tokens=8",
        "batch_size=4",
        "mitigation=structured_pruning", *[f"model.architecture.{name}={value}" for name, value in shape.items()],
    )  # fmt: skip
    ((_, record),) = load_run(tmp_path / "runs" / "default")[0]
    assert (code, record.status, record.reason) == (0, "ok", None)
    assert record.scores is None
    assert record.windows[0].tokens == 4 * record.windows[0].queries
    assert record.effect["proof"]["structured_pruning"]["recovery_steps"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "model", "shape"),
    [
        ("image_classification", "vit_base_random", {"image_size": 32}),
        ("text_classification", "bert_base_random", {"vocab_size": 500}),
    ],
)
@pytest.mark.parametrize("workload", ["offline", "training_steps"])
def test_an_encoder_with_random_weights_is_measured_on_random_inputs(suite_in, tmp_path, task, model, shape, workload):
    shape |= {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    code, _ = suite_in(
        HERE, f"task={task}", f"model={model}", f"workload={workload}", "batch_size=4", "mitigation=structured_pruning",
        *[f"model.architecture.{name}={value}" for name, value in shape.items()],
    )  # fmt: skip
    ((_, record),) = load_run(tmp_path / "runs" / "default")[0]
    assert (code, record.status, record.reason) == (0, "ok", None)
    assert record.scores is None
    assert record.windows[0].energy_j


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["workload._target_=builtins.print"], "workload._target_ may not be called, got 'builtins.print'"),
        (["workload._target_=suite.core.recipe.Recipe"], "Recipe"),
        (["mitigation=nf4", "mitigation.nf4=null"], "mitigation.nf4 has no settings to be built from, got None"),
        (["name=" + "a" * 300], "name is too long for a folder"),
        (["runs_dir=null"], "runs_dir must be a text"),
        (["model.name=[a]"], "model.name must be a text"),
        (["model.path={a: b}"], "model.path must be a text"),
        (["model.path=[a]"], "model.path must be a text"),
        (["task.max_scored=1.5"], "task.max_scored must be a whole number"),
        (["model="], "model needs a name"),
        (["-m", "batch_size=interval(1,8)"], "batch_size=range(1,9)"),
        (["+hydra.callbacks.x._target_=builtins.print"], "has no place here"),
    ],
)
def test_what_cannot_be_built_is_one_line_and_exit_2(suite_in, more, words):
    code, printed = suite_in("--dry-run", *more)
    assert (code, printed.out) == (2, "")
    assert words in printed.err
    assert printed.err.count("\n") == 1
