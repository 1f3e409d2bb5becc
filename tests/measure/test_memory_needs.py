import dataclasses
from types import SimpleNamespace

import msgspec
import pytest
import torch
import transformers

from suite.checkpoints import architecture, origin, pretrained, processors
from suite.checkpoints.pretrained import load_pretrained
from suite.core.setup import Setup
from suite.core.task import cycle
from suite.errors import DoesNotFit, NotApplicable
from suite.measure import memory_needs, point
from suite.measure.memory import peak_work_bytes
from suite.measure.memory_needs import free_bytes, needs_of, require_room
from suite.sweep import planning
from suite.toolkit.effect import model_bytes

LLAMA_PARAMETERS = 1_235_814_400  # Llama 3.2 1B: the sum of its tensors, tied embeddings once
LLAMA_CACHE = 2 * 16 * 8 * 64 * 128 * 4 * 4  # keys and values, layers, heads, head size, tokens, queries, bytes
LLAMA = [
    "task=text_generation", "model=llama_1b_random", "dtype=float32",
    "task.prompt_tokens=100", "task.new_tokens=29", "batch_size=4",
]  # fmt: skip
"""129 tokens, of which the last is never read."""

EMBEDDED = [
    "image_captioning", "image_classification", "image_generation", "masked_language_modelling",
    "prompted_classification", "question_answering", "sentence_similarity", "summarisation", "text_classification",
    "text_generation", "token_classification",
]  # fmt: skip


@pytest.fixture
def plan(tmp_path):
    def make(*overrides, device="cpu"):
        (planned,) = planning.planned([["device=cpu", f"runs_dir={tmp_path}", *overrides]])
        return dataclasses.replace(planned.plan, point=msgspec.structs.replace(planned.plan.point, device=device))

    return make


@pytest.fixture
def free(monkeypatch):
    """Sets the memory that seems to be free, in bytes."""
    return lambda size: monkeypatch.setattr(memory_needs, "free_bytes", lambda device, spread: size)


def config_of(plan):
    if plan.model.path is None:
        return architecture.architecture_of(plan.model)
    return architecture.config_of(plan.model, plan.task, origin.local_origin(plan.model))


def processor_of(plan):
    return processors.processor_of(plan.model, plan.task, origin.local_origin(plan.model))


@pytest.mark.parametrize(
    ("device", "more", "arms"),
    [
        ("cpu", ["mitigation=none"], 2),
        ("cpu", ["mitigation=bf16"], 1),  # its copy may be smaller, or none
        ("cuda", ["mitigation=none"], 1),  # one at a time, where both do not fit
        ("cuda", ["mitigation=none", "protocol.pairing=resident"], 2),
    ],
)
def test_weights_and_cache_of_a_known_architecture(plan, device, more, arms):
    asked = plan(*LLAMA, *more, device=device)
    needs = needs_of(asked, config_of(asked), None)
    assert (needs.weights, needs.cache) == (arms * 4 * LLAMA_PARAMETERS, LLAMA_CACHE)
    assert (needs.training, needs.activations) == (0, 0)


def test_a_server_may_answer_one_query_at_a_time(plan):
    asked = plan(*LLAMA, "workload=server")
    assert needs_of(asked, config_of(asked), None).cache == LLAMA_CACHE // 4


def test_layers_with_a_window_keep_no_more_than_that(plan):
    asked = plan(*LLAMA)
    config = config_of(asked)
    config.sliding_window = 32
    assert needs_of(asked, config, None).cache == LLAMA_CACHE // 4


def test_the_cache_is_as_large_as_the_one_that_generate_fills(plan):
    asked = plan("task=text_generation", "batch_size=3")
    model, processor = loaded(asked)
    setup = setup_of(asked, model, processor)
    count = asked.task.answer_tokens()
    batch = asked.task.batch(setup, cycle(asked.task.queries(), 3))
    made = model.generate(
        **batch, max_new_tokens=count, min_new_tokens=count, do_sample=False, return_dict_in_generate=True,
        pad_token_id=0,
    )  # fmt: skip
    filled = sum(layer.keys.nbytes + layer.values.nbytes for layer in made.past_key_values.layers)
    assert needs_of(asked, config_of(asked), processor).cache == filled


def test_training_keeps_copies_gradients_and_moments_of_each_arm(plan):
    asked = plan("task=text_classification", "workload=training_steps", "mitigation=none", "batch_size=4")
    model, processor = loaded(asked)
    weights = sum(weight.numel() * weight.element_size() for weight in model.parameters())
    needs = needs_of(asked, config_of(asked), processor)
    assert (needs.weights, needs.training, needs.cache) == (2 * weights, 2 * 5 * weights, 0)
    batch = asked.task.training_batch(setup_of(asked, model, processor), cycle(asked.task.train(), 4))
    blocks, width = model.config.num_hidden_layers, model.config.hidden_size
    assert needs.activations == 4 * blocks * width * int(batch["attention_mask"].sum())


def loaded(asked):
    return load_pretrained(asked.model, asked.task, device="cpu", dtype="float32", seed=0)


def setup_of(asked, model, processor):
    return Setup(
        task=asked.task, model=model, processor=processor, batch_size=asked.point.batch_size, dtype="float32",
        device="cpu", phase=asked.point.phase,
    )  # fmt: skip


def one_arm(asked):
    """As if a technique shared the baseline's weights."""
    return dataclasses.replace(asked, mitigations={"some": None})


@pytest.mark.slow
@pytest.mark.parametrize("task", EMBEDDED)
def test_an_embedded_model_takes_at_least_what_was_reckoned(plan, task):
    asked = one_arm(plan(f"task={task}", "batch_size=4"))
    model, processor = loaded(asked)
    setup = setup_of(asked, model, processor)
    batch = asked.task.batch(setup, cycle(asked.task.queries(), 4))
    with setup.active():
        peak = model_bytes(model) + peak_work_bytes(lambda: asked.task.run(setup, batch), "cpu")
    assert 0.5 * model_bytes(model) < needs_of(asked, config_of(asked), processor).total <= peak


@pytest.mark.slow
@pytest.mark.parametrize("workload", ["training_steps", "train_to_score"])
@pytest.mark.parametrize("task", ["image_classification", "text_classification", "text_generation"])
def test_a_training_takes_at_least_what_was_reckoned(plan, task, workload):
    asked = one_arm(plan(f"task={task}", f"workload={workload}", "batch_size=4"))
    model, processor = loaded(asked)
    setup = setup_of(asked, model, processor)
    known = setup.replace(training=dataclasses.replace(setup.training, steps=2))
    peak = model_bytes(model) + peak_work_bytes(lambda: asked.workload.loop(known, 8).run_part(8), "cpu")
    needs = needs_of(asked, config_of(asked), processor)
    assert 5 * model_bytes(model) < needs.total <= peak


def test_what_fits_exactly_passes_and_a_byte_more_does_not(plan, free):
    asked = plan(*LLAMA, "mitigation=bf16")
    total = needs_of(asked, config_of(asked), None).total
    free(total)
    require_room(asked, config_of(asked), None)
    free(total - 1)
    with pytest.raises(DoesNotFit):
        require_room(asked, config_of(asked), None)


@pytest.mark.parametrize(
    ("pairing", "message"),
    [
        (
            "auto",
            "the point is estimated to need at least 4.98 GB on device=cuda (weights 4.94 GB, key-value cache "
            "0.0336 GB), and 4 GB are free there: give a smaller model or a smaller batch_size or dtype=bfloat16",
        ),
        (
            "resident",
            "the point is estimated to need at least 9.92 GB on device=cuda (weights 9.89 GB, key-value cache "
            "0.0336 GB), and 4 GB are free there: give a smaller model or a smaller batch_size or dtype=bfloat16 or "
            "protocol.pairing=swapped",
        ),
    ],
)
def test_the_message_has_both_figures_and_what_to_do(plan, free, pairing, message):
    asked = plan(*LLAMA, "mitigation=none", f"protocol.pairing={pairing}", device="cuda")
    free(4_000_000_000)
    with pytest.raises(DoesNotFit) as caught:
        require_room(asked, config_of(asked), None)
    assert str(caught.value) == message


def test_nothing_is_reckoned_of_weights_that_others_have_quantised(plan, free):
    asked = plan(*LLAMA)
    config = config_of(asked)
    config.quantization_config = {"quant_method": "gptq"}
    free(0)
    require_room(asked, config, None)


def test_what_is_wrong_with_the_data_is_left_to_those_who_read_it(plan, free, monkeypatch):
    asked = plan("task=text_generation")

    def refuse(self):
        raise NotApplicable("the hub is not reachable")

    monkeypatch.setattr(type(asked.task), "queries", refuse)
    free(0)
    require_room(asked, config_of(asked), processor_of(asked))


def test_nothing_is_drawn_that_others_would_draw(plan):
    asked = plan("task=image_classification")
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    needs_of(asked, config_of(asked), processor_of(asked))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("model", ["vit_digits", "vit_base_random"])
def test_a_point_that_cannot_fit_is_skipped_before_its_weights_are_read_or_drawn(plan, free, monkeypatch, model):
    asked = plan("task=image_classification", f"model={model}")
    free(1000)
    for name in ("_trained_model", "random_model"):
        monkeypatch.setattr(pretrained, name, None)
    record = point.measure(asked)
    assert (record.status, record.reason.kind, record.windows) == ("skipped", "does_not_fit", [])
    assert "and 1e-06 GB are free there" in record.reason.message


def test_free_memory_of_a_gpu_counts_what_the_process_has_and_does_not_use(monkeypatch):
    for name, answer in {"mem_get_info": (70, 100), "memory_reserved": 20, "memory_allocated": 5}.items():
        monkeypatch.setattr(torch.cuda, name, lambda answer=answer: answer)
    assert free_bytes("cuda") == 85


def test_free_memory_of_the_host_is_what_is_available_within_the_limit_of_its_container(monkeypatch):
    monkeypatch.setattr(memory_needs.psutil, "virtual_memory", lambda: SimpleNamespace(available=3000))
    for limit, free in ((2000, 2000), (4000, 3000), (0, 3000)):
        monkeypatch.setattr(memory_needs, "usable_bytes", lambda pid, limit=limit: limit)
        assert free_bytes("cpu") == free


def test_layers_that_share_a_cache_are_not_counted(plan):
    asked = plan(*LLAMA)
    config = transformers.LlamaConfig.from_dict(config_of(asked).to_dict() | {"num_kv_shared_layers": 8})
    assert needs_of(asked, config, None).cache == 0


def test_the_memory_of_all_gpus_counts_where_a_model_is_spread(plan, monkeypatch):
    monkeypatch.setattr(memory_needs, "free_bytes_before_work", lambda: {0: 4_000_000_000, 1: 6_000_000_000})
    asked = plan(*LLAMA, "mitigation=none", device="cuda")
    spread = dataclasses.replace(asked, point=msgspec.structs.replace(asked.point, device_map="auto"))
    require_room(spread, config_of(spread), None)  # 5 GB
    monkeypatch.setattr(memory_needs, "free_bytes_before_work", lambda: {0: 2_000_000_000, 1: 2_000_000_000})
    with pytest.raises(DoesNotFit, match=r"at least 4\.98 GB on all visible GPUs together \(.*, and 4 GB are free"):
        require_room(spread, config_of(spread), None)
