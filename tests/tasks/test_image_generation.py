import dataclasses
from types import SimpleNamespace

import pytest
import torch
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from suite.checkpoints.denoiser import Denoiser, DenoiserConfig
from suite.checkpoints.model_spec import ModelSpec
from suite.checkpoints.pretrained import load_pretrained
from suite.errors import ImpossibleOutput, InputError, NotApplicable

NAMES = {number: str(number) for number in range(10)}


def config(**changes):
    fields = {
        "image_size": 8,
        "num_channels": 1,
        "id2label": NAMES,
        "label2id": {name: number for number, name in NAMES.items()},
        "unet": {
            "block_out_channels": [8, 8],
            "layers_per_block": 1,
            "down_block_types": ["DownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "UpBlock2D"],
            "norm_num_groups": 4,
        },
        "scheduler": {"num_train_timesteps": 100, "clip_sample": True},
    }
    return DenoiserConfig(**{**fields, **changes})


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("image_generation", steps=3)


@pytest.fixture(scope="module")
def processor():
    return ViTImageProcessorPil(do_resize=True, size={"height": 8, "width": 8}, image_mean=[0.5], image_std=[0.5])


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return Denoiser(config())


class Knowing:
    """Predicts the noise that one picture a class would need: every sample is that picture in the end."""

    def __init__(self, pictures, value=1.0):
        self.config, self.pictures, self.value = config(), pictures, value
        self.asked = []

    def __call__(self, sample, timestep, class_labels):
        self.asked.append(int(timestep[0]))
        schedule = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 100), 0)  # diffusers' linear schedule
        kept = schedule[timestep].view(-1, 1, 1, 1)
        noise = (sample - kept.sqrt() * self.pictures[class_labels]) / (1 - kept).sqrt()
        return SimpleNamespace(logits=noise * self.value)


@pytest.fixture(scope="module")
def pictures(task, processor):
    """A training image of each digit, as the model would draw it."""
    first = {}
    for example in task.train():
        first.setdefault(example["label"], example["image"])
    images = [first[number] for number in range(10)]
    return processor(images=images, return_tensors="pt")["pixel_values"]


def test_a_query_is_as_many_calls_as_steps_from_the_noisiest_on(task, make_setup, processor, pictures):
    model = Knowing(pictures)
    setup = make_setup(task, model, processor)
    assert task.run(setup, task.batch(setup, task.queries()[:2])) is None
    assert model.asked == [66, 33, 0]  # 100 steps of noise in strides of 100 // 3


def test_a_model_that_knows_the_noise_draws_its_picture(task, make_setup, processor, pictures):
    setup = make_setup(task, Knowing(pictures), processor)
    examples = task.test()[:5]
    drawn = task.samples_of(setup, examples)
    torch.testing.assert_close(drawn, pictures[[one["label"] for one in examples]], atol=1e-3, rtol=0)


def test_the_judge_sees_real_digits_and_misses_those_of_another_class(task, make_setup, processor, pictures):
    examples = task.test()[:40]
    right = task.score(make_setup(task, Knowing(pictures), processor), examples)
    wrong = task.score(make_setup(task, Knowing(pictures.roll(1, 0)), processor), examples)
    assert sum(right) / 40 > 0.8
    assert sum(wrong) / 40 < 0.2


def test_noise_belongs_to_the_item_and_the_seed(task, make_task, make_setup, processor, tiny):
    first, second = task.test()[:2]
    setup = make_setup(task, tiny, processor)
    alone = task.batch(setup, [second])["sample"][0]
    together = task.batch(setup, [first, second])["sample"]
    assert torch.equal(alone, together[1])
    assert not torch.equal(together[0], together[1])
    other = make_task("image_generation", steps=3, seed=1)
    assert not torch.equal(other.batch(make_setup(other, tiny, processor), [second])["sample"][0], alone)


def test_the_loss_is_the_squared_error_of_the_noise(task, make_setup, processor, tiny):
    setup = make_setup(task, tiny, processor)
    torch.manual_seed(0)
    batch = task.training_batch(setup, task.train()[:4])
    knows = SimpleNamespace(logits=batch["labels"] + 2.0)
    assert float(task.loss(lambda **inputs: knows, batch)) == pytest.approx(4.0)  # two off everywhere
    assert batch["timestep"].shape == batch["class_labels"].shape == (4,)


def test_noise_has_no_classes_to_distil(task, make_setup, processor, tiny):
    batch = task.training_batch(make_setup(task, tiny, processor), task.train()[:2])
    with pytest.raises(NotApplicable, match="predicts noise"):
        task.logits(tiny, batch)


def test_samples_that_are_not_finite_are_no_score(task, make_setup, processor, pictures):
    with pytest.raises(ImpossibleOutput, match="not finite"):
        task.score(make_setup(task, Knowing(pictures, float("nan")), processor), task.test()[:2])


def test_a_model_is_saved_and_loaded_as_it_is(task, processor, tiny, tmp_path):
    tiny.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    spec = ModelSpec(name="mine", path=str(tmp_path), revision=None, weights="pretrained", architecture=None)
    loaded, _ = load_pretrained(spec, task, device="cpu", dtype="float32", seed=0)
    found = dict(loaded.named_parameters())
    assert all(torch.equal(found[name], weight) for name, weight in tiny.named_parameters())


def test_random_weights_run_without_data_of_their_size_and_are_not_scored(task, make_setup):
    architecture = {"model_type": "denoiser", **{name: config().to_dict()[name] for name in ("unet", "scheduler")}}
    architecture |= {"image_size": 16, "num_channels": 3, "num_labels": 4}
    spec = ModelSpec(name="mine", path=None, revision=None, weights="random", architecture=architecture)
    model, processor = load_pretrained(spec, task, device="cpu", dtype="float32", seed=0)
    setup = make_setup(task, model, processor)
    batch = task.batch(setup, task.queries()[:2])
    assert batch["sample"].shape == (2, 3, 16, 16)
    task.run(setup, batch)
    assert torch.isfinite(task.loss(model, task.training_batch(setup, task.train()[:2])))
    with pytest.raises(NotApplicable, match="without a processor"):
        task.evaluate(setup)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"steps": 0}, "task.steps must be a whole number of at least 1"), ({"steps": 2.5}, "task.steps")],
)
def test_impossible_steps_are_refused(make_task, changes, words):
    with pytest.raises(InputError, match=words):
        dataclasses.replace(make_task("image_generation"), **changes)


def test_a_model_that_is_no_denoiser_or_too_short_is_refused(make_task, processor, tiny):
    other = SimpleNamespace(config=SimpleNamespace(model_type="bert"))
    with pytest.raises(InputError, match="must be a denoiser"):
        make_task("image_generation").check_model(other, processor)
    with pytest.raises(InputError, match="at most the 100 steps"):
        make_task("image_generation", steps=101).check_model(tiny, processor)


def test_own_images_with_a_label_that_the_model_does_not_know_are_refused(make_task, processor, tiny, tmp_path):
    for number, label in enumerate(["3", "cat"] * 10):
        folder = tmp_path / label
        folder.mkdir(exist_ok=True)
        make_task("image_generation").train()[number]["image"].save(folder / f"{number}.png")
    own = make_task("image_generation", data=str(tmp_path))
    with pytest.raises(InputError, match="a label that the model does not know, got 'cat'"):
        own.check_model(tiny, processor)


def test_own_images_are_drawn_and_judged(make_task, make_setup, processor, pictures, tmp_path):
    task = make_task("image_generation", steps=3)
    for number, example in enumerate(task.train()[:60]):
        folder = tmp_path / str(example["label"])
        folder.mkdir(exist_ok=True)
        example["image"].save(folder / f"{number}.png")
    own = make_task("image_generation", steps=3, data=str(tmp_path))
    scores = own.evaluate(make_setup(own, Knowing(pictures), processor))
    assert len(scores) == len(own.test())
    assert set(scores) <= {0.0, 1.0}
