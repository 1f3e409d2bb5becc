import shlex

import msgspec

from suite.analysis.summary import summarise_record
from suite.report.prose.repeat_command import repeat_command
from tests.synthetic import record


def command(**fields):
    return repeat_command(summarise_record("my run", record(status="skipped", **fields), 475.0))


def test_a_stack_is_spelled_out_in_order():
    stack = (("structured_pruning", {"ratio": 0.5, "recovery": {"steps": 200}}), ("int8_dynamic", {}))
    words = shlex.split(command(mitigations=stack))
    assert words[:3] == ["python", "-m", "suite"]
    assert "mitigation=[structured_pruning,int8_dynamic]" in words
    assert "mitigation.structured_pruning.ratio=0.5" in words
    assert "mitigation.structured_pruning.recovery.steps=200" in words
    assert {"task=image_classification", "model=vit_digits", "batch_size=32", "dtype=float32", "device=cpu"} <= set(
        words
    )


def test_the_baseline_is_named_none():
    assert "mitigation=[none]" in shlex.split(command())


def test_values_are_written_as_hydra_reads_them():
    words = shlex.split(
        command(mitigations=(("checkpoint", {"path": "my models/a", "strict": True, "revision": None}),))
    )
    assert "mitigation.checkpoint.path='my models/a'" in words
    assert "mitigation.checkpoint.strict=true" in words
    assert "mitigation.checkpoint.revision=null" in words
    assert "name='my run-again'" in words


def test_what_the_user_changed_is_repeated_with_its_full_value():
    point = summarise_record(
        "run", record(status="skipped", task="text_classification[data=mine.jsonl]", model="my_bert"), 475.0
    )
    config = point.config | {
        "task": {"name": "text_classification", "data": "/data/mine.jsonl"},
        "model": {"name": "bert_languages", "path": "/models/my_bert"},
    }
    words = shlex.split(repeat_command(msgspec.structs.replace(point, config=config)))
    assert {"task=text_classification", "task.data=/data/mine.jsonl"} <= set(words)
    assert {"model=bert_languages", "model.path=/models/my_bert"} <= set(words)


def test_servers_are_named_in_the_place_of_a_model_and_techniques():
    point = summarise_record("run", record(status="skipped", mitigations=(("endpoint", {"url": "http://b:2"}),)), 475.0)
    config = point.config | {
        "endpoint": {
            "_target_": "suite.endpoint.served_model.Endpoints",
            "url": None,
            "baseline": {"_target_": "x", "command": "serve --port {port}", "arguments": "", "pid": None},
            "candidate": {"url": "http://b:2", "pid": None},
            "api": "chat",
            "body": {"ignore_eos": True},
        }
    }
    words = shlex.split(repeat_command(msgspec.structs.replace(point, config=config, workload="endpoint")))
    assert {"workload=endpoint", "endpoint.api=chat", "endpoint.candidate.url=http://b:2"} <= set(words)
    assert "endpoint.body={ignore_eos: true}" in words
    assert "endpoint.baseline.command='serve --port {port}'" in words
    assert not [word for word in words if word.startswith(("mitigation", "model", "dtype", "endpoint.url"))]
