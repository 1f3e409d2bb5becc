import dataclasses
from types import SimpleNamespace

import pytest
import torch

from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.pretrained import load_pretrained
from suite.errors import InputError, NotApplicable
from suite.tasks.video_generation import VideoGeneration

pytest.importorskip("diffusers")

TRANSFORMER = {
    "patch_size": [1, 2, 2],
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 8,
    "freq_dim": 16,
    "ffn_dim": 32,
    "num_layers": 1,
}


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("video_generation", frames=5, height=32, width=48, steps=3, prompt_tokens=2)


@pytest.fixture(scope="module")
def model(task):
    architecture = {"model_type": "video_denoiser", "transformer": TRANSFORMER}
    spec = ModelSpec(name="tiny", path=None, revision=None, weights="random", architecture=architecture)
    made, processor = load_pretrained(spec, task, device="cpu", dtype="float32", seed=0)
    assert processor is None
    return made


class Counts:
    """Predicts a velocity of one everywhere."""

    def __init__(self, config):
        self.config, self.times = config, []

    def __call__(self, hidden_states, timestep, encoder_hidden_states):
        self.times.append(timestep.tolist())
        self.last = hidden_states
        return SimpleNamespace(logits=torch.ones_like(hidden_states))


def test_a_query_is_noise_of_the_videos_latent_shape(make_setup, task, model):
    batch = task.batch(make_setup(task, model, None), task.queries()[:2])
    # 5 frames are 2 latent ones; 32 x 48 pixels are 4 x 6 latent ones
    assert batch["hidden_states"].shape == (2, 4, 2, 4, 6)
    assert batch["encoder_hidden_states"].shape == (2, 2, 8)
    assert not torch.equal(batch["hidden_states"][0], batch["hidden_states"][1])


def test_the_same_query_is_the_same_noise_in_any_batch(make_setup, task, model):
    setup = make_setup(task, model, None)
    first, second = task.queries()[:2]
    together = task.batch(setup, [first, second])["hidden_states"][1]
    assert torch.equal(together, task.batch(setup, [second])["hidden_states"][0])


def test_each_step_calls_the_model_once_and_goes_from_noise_to_video(make_setup, task, model):
    counts = Counts(model.config)
    setup = make_setup(task, counts, None)
    batch = task.batch(setup, task.queries()[:1])
    assert task.run(setup, batch) is None
    assert [time for (time,) in counts.times] == pytest.approx([1000, 2000 / 3, 1000 / 3])
    # two steps of a third along a velocity of one lie before the last call
    assert torch.allclose(counts.last, batch["hidden_states"] - 2 / 3, atol=1e-6)


def test_guidance_calls_the_model_twice_a_step(make_setup, task, model):
    counts = Counts(model.config)
    guided = dataclasses.replace(task, calls_per_step=2)
    guided.run(make_setup(guided, counts, None), guided.batch(make_setup(guided, counts, None), guided.queries()[:1]))
    assert len(counts.times) == 6


def test_the_loss_has_a_gradient(make_setup, task, model):
    setup = make_setup(task, model, None)
    loss = task.loss(model, task.training_batch(setup, task.train()[:2]))
    (gradient,) = torch.autograd.grad(loss, [model.transformer.patch_embedding.weight])
    assert float(gradient.abs().sum()) > 0


def test_it_is_never_scored(make_setup, task, model):
    with pytest.raises(NotApplicable, match="not scored"):
        task.evaluate(make_setup(task, model, None))


@pytest.mark.parametrize("field", ["frames", "height", "width", "steps", "calls_per_step", "prompt_tokens"])
def test_nothing_of_a_video_is_one_clear_error(task, field):
    with pytest.raises(InputError, match=rf"task\.{field} must be a whole number of at least 1, got 0"):
        dataclasses.replace(task, **{field: 0})


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"frames": 6}, r"task\.frames does not fit .* got 6, give 1 and a multiple of 4, as 5"),
        ({"height": 33}, r"task\.height does not fit .* got 33, give a multiple of 16, as 48"),
        ({"width": 40}, r"task\.width does not fit .* got 40, give a multiple of 16, as 48"),
    ],
)
def test_odd_sizes_are_one_clear_error(task, model, changes, what):
    with pytest.raises(InputError, match=what):
        dataclasses.replace(task, **changes).check_model(model, None)


def test_a_model_of_another_kind_is_refused(task):
    with pytest.raises(InputError, match="makes no videos"):
        task.check_model(SimpleNamespace(config=SimpleNamespace(model_type="bert")), None)


def test_data_is_refused(task):
    with pytest.raises(InputError, match="takes no data"):
        dataclasses.replace(task, data="prompts.jsonl")


def test_a_third_call_a_step_means_nothing(task):
    with pytest.raises(InputError, match="must be 1 or 2"):
        dataclasses.replace(task, calls_per_step=3)


def test_queries_are_as_many_as_it_says(task):
    assert isinstance(task, VideoGeneration)
    assert len(task.queries()) == len({query["text"] for query in task.queries()}) == task.query_count
