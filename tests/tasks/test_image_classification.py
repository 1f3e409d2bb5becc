import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from transformers import ResNetConfig, ResNetForImageClassification, ViTConfig, ViTForImageClassification
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from suite.errors import ImpossibleOutput, InputError, NotApplicable


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("image_classification")


@pytest.fixture
def processor():
    return ViTImageProcessorPil(do_resize=True, size={"height": 8, "width": 8}, image_mean=[0.5], image_std=[0.5])


def unscaled(processor):
    """Leaves pixels from 0 to 255 as they are."""
    processor.do_rescale = processor.do_normalize = False
    return processor


def tiny_vit(**changes):
    torch.manual_seed(0)
    fields = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "image_size": 8,
        "patch_size": 4,
        "num_channels": 1,
        "num_labels": 10,
    }
    return ViTForImageClassification(ViTConfig(**{**fields, **changes}))


class Answering:
    """Always answers ``label``."""

    def __init__(self, label, value=1.0):
        self.config = SimpleNamespace(num_channels=1, num_labels=10, label2id={})
        self.label, self.value = label, value

    def __call__(self, pixel_values):
        logits = torch.zeros(len(pixel_values), 10)
        logits[:, self.label] = self.value
        return SimpleNamespace(logits=logits)


def test_splits_follow_the_files_order(task):
    digits = load_digits()
    assert [example["label"] for example in task.train()] == digits.target[:1147].tolist()
    assert [example["label"] for example in task.validation()] == digits.target[1147:1347].tolist()
    assert [example["label"] for example in task.test()] == digits.target[1347:].tolist()


def test_sixteen_shades_are_stretched_to_a_byte(task):
    pixels = np.asarray(task.test()[0]["image"])
    assert pixels.tolist() == np.round(load_digits().images[1347] * 255 / 16).tolist()


def test_queries_are_the_same_each_time_and_from_the_test_split(task):
    queries = task.queries()
    assert len(queries) == task.query_count
    assert [id(query) for query in queries] == [id(query) for query in task.queries()]
    assert {id(query) for query in queries} <= {id(example) for example in task.test()}


def test_more_queries_than_images_start_again(make_task):
    queries = make_task("image_classification", query_count=451).queries()
    assert queries[450] is queries[0]


def test_images_are_independent(task):
    assert task.clusters() is None


def test_batch_is_pixels_without_labels_in_the_setups_dtype(task, make_setup, processor):
    setup = make_setup(task, tiny_vit(), processor, dtype="bfloat16")
    batch = task.batch(setup, task.test()[:3])
    assert {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in batch.items()} == {
        "pixel_values": ((3, 1, 8, 8), torch.bfloat16)
    }


@pytest.mark.parametrize(
    ("image", "grey", "colour"),
    [
        (Image.new("RGB", (8, 8), (255, 0, 0)).convert("P"), [76], [255, 0, 0]),  # 0.299 of red: ITU-R BT.601
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), [76], [255, 0, 0]),
        (Image.fromarray(np.full((8, 8), 128 * 257, np.uint16)), [128], [128, 128, 128]),
    ],
    ids=["palette", "cmyk", "16 bits"],
)
def test_images_of_any_mode_get_the_models_channels(make_task, make_setup, processor, tmp_path, image, grey, colour):
    for number in range(20):
        folder = tmp_path / str(number % 10)
        folder.mkdir(exist_ok=True)
        image.save(folder / f"{number}.tiff", description=str(number))
    own = make_task("image_classification", data=str(tmp_path))
    for wanted in (grey, colour):
        setup = make_setup(own, tiny_vit(num_channels=len(wanted)), unscaled(processor))
        pixels = own.batch(setup, own.test()[:1])["pixel_values"][0]
        assert pixels[:, 0, 0].round().int().tolist() == wanted


def test_grey_images_become_colour_for_a_colour_model(task, make_setup):
    processor = ViTImageProcessorPil(size={"height": 8, "width": 8}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    setup = make_setup(task, tiny_vit(num_channels=3), processor)
    pixels = task.batch(setup, task.test()[:2])["pixel_values"]
    assert pixels.shape == (2, 3, 8, 8)
    assert torch.equal(pixels[:, 0], pixels[:, 2])


def test_evaluate_scores_one_for_the_right_label(task, make_setup, processor):
    scores = task.evaluate(make_setup(task, Answering(3), processor))
    assert scores == [float(label == 3) for label in load_digits().target[1347:]]


def test_evaluate_does_not_depend_on_the_batch_size(task, make_setup, processor):
    model = tiny_vit(initializer_range=1.0)
    assert task.evaluate(make_setup(task, model, processor, batch_size=1)) == task.evaluate(
        make_setup(task, model, processor, batch_size=200)
    )


def test_evaluate_obeys_max_scored(make_task, make_setup, processor):
    task = make_task("image_classification", max_scored=7)
    assert len(task.evaluate(make_setup(task, Answering(3), processor))) == 7
    assert [id(example) for example in task.test()] == [id(example) for example in task.test()]


def test_logits_that_are_no_numbers_fail_the_point(task, make_setup, processor):
    with pytest.raises(ImpossibleOutput):
        task.evaluate(make_setup(task, Answering(3, value=float("nan")), processor))


def test_loss_is_the_mean_cross_entropy(task, make_setup, processor):
    setup = make_setup(task, Answering(int(task.train()[0]["label"])), processor)
    batch = task.training_batch(setup, task.train()[:1])
    # one logit of 1 and nine of 0: -log(e / (e + 9)) = log(1 + 9 / e)
    assert float(task.loss(setup.model, batch)) == pytest.approx(np.log(1 + 9 / np.e), rel=1e-6)


def test_run_answers_without_tokens(task, make_setup, processor):
    setup = make_setup(task, tiny_vit(), processor)
    assert task.run(setup, task.batch(setup, task.queries()[:2])) is None


def test_a_fitting_model_is_accepted(task, processor):
    assert task.check_model(tiny_vit(), processor) is None


@pytest.mark.parametrize("labels", [5, 1000])
def test_a_model_of_other_labels_is_refused(task, processor, labels):
    with pytest.raises(InputError, match="10 labels"):
        task.check_model(tiny_vit(num_labels=labels), processor)


def test_a_model_of_ten_other_classes_is_refused(task, processor):
    names = dict(enumerate("abcdefghij"))
    model = tiny_vit(id2label=names, label2id={name: number for number, name in names.items()})
    with pytest.raises(InputError, match=r"10 labels, the digits, got \['a', .*task\.data=FILE"):
        task.check_model(model, processor)


def test_what_is_scored_is_said(make_task):
    assert make_task("image_classification").scored_from() == "450 of 450 items of the embedded test split"


def test_a_model_for_other_input_is_refused(task, processor):
    model = tiny_vit()
    model.main_input_name = "input_ids"
    with pytest.raises(InputError, match="pixel_values"):
        task.check_model(model, processor)


class TestWithoutProcessor:
    """Random weights of a bare architecture: random inputs, no score."""

    def test_it_is_accepted_whatever_its_labels(self, task):
        assert task.check_model(tiny_vit(num_labels=1000), None) is None

    def test_images_are_of_the_models_own_shape_and_dtype(self, task, make_setup):
        setup = make_setup(task, tiny_vit(num_channels=3, image_size=(8, 12)), None, dtype="bfloat16")
        pixels = task.batch(setup, task.test()[:2])["pixel_values"]
        assert (tuple(pixels.shape), pixels.dtype) == ((2, 3, 8, 12), torch.bfloat16)

    def test_images_are_drawn_from_the_item_and_the_seed(self, task, make_task, make_setup):
        setup, other = make_setup(task, tiny_vit(), None), make_task("image_classification", seed=1)
        first, second = task.batch(setup, task.test()[:2])["pixel_values"]
        assert torch.equal(task.batch(setup, task.test()[1:3])["pixel_values"][0], second)
        assert not torch.equal(first, second)
        assert not torch.equal(other.batch(setup, task.test()[:1])["pixel_values"][0], first)

    def test_labels_for_training_are_among_the_models(self, task, make_setup):
        setup = make_setup(task, tiny_vit(num_labels=3), None, phase="training")
        batch = task.training_batch(setup, task.train()[:60])
        assert set(batch["labels"].tolist()) == {0, 1, 2}
        assert torch.isfinite(task.loss(setup.model, batch))

    def test_it_is_not_scored(self, task, make_setup):
        with pytest.raises(NotApplicable, match="without a processor"):
            task.evaluate(make_setup(task, tiny_vit(), None))

    def test_a_configuration_that_names_no_size_is_refused(self, task):
        config = ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1])
        with pytest.raises(InputError, match="image_size"):
            task.check_model(ResNetForImageClassification(config), None)


def test_ones_own_images_are_read_from_a_folder_of_classes(make_task, make_setup, tmp_path):
    for name in ("ham", "egg"):
        (tmp_path / name).mkdir()
        for number in range(8):
            shade = (10 * number, 200, 30 if name == "ham" else 130)
            Image.new("RGB", (12, 12), shade).save(tmp_path / name / f"{number}.png")
    task = make_task("image_classification", data=str(tmp_path))
    model = tiny_vit(num_channels=3, id2label={0: "egg", 1: "ham"}, label2id={"egg": 0, "ham": 1}, num_labels=2)
    processor = ViTImageProcessorPil(size={"height": 8, "width": 8}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    task.check_model(model, processor)
    assert len(task.evaluate(make_setup(task, model, processor))) == len(task.test()) > 0


def test_an_unknown_label_in_ones_own_data_is_named(make_task, processor, tmp_path):
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "label"])
        for number in range(12):
            Image.new("L", (8, 8), 20 * number).save(tmp_path / f"{number}.png")
            rows.writerow([f"{number}.png", "bear"])
    with pytest.raises(InputError, match="bear"):
        make_task("image_classification", data=str(tmp_path)).check_model(tiny_vit(), processor)
