import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import YolosConfig, YolosForObjectDetection
from transformers.models.yolos.image_processing_pil_yolos import YolosImageProcessorPil

from suite.data.boxes import Box
from suite.errors import ImpossibleOutput, InputError, NotApplicable
from suite.tasks.object_detection import NOTHING

NAMES = {number: str(number) for number in range(10)}


@pytest.fixture(scope="module")
def task(make_task):
    return make_task("object_detection")


@pytest.fixture(scope="module")
def processor():
    return YolosImageProcessorPil(
        do_resize=True, size={"height": 64, "width": 64}, do_normalize=True, image_mean=[0.5], image_std=[0.5]
    )


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return YolosForObjectDetection(
        YolosConfig(
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            image_size=[64, 64],
            patch_size=16,
            num_channels=1,
            num_detection_tokens=3,
            id2label=NAMES,
            label2id={name: number for number, name in NAMES.items()},
        )
    )


class Seeing:
    """Says of every image of 64 x 64 that ``boxes`` are on it, and one thing more that it is hardly sure of."""

    def __init__(self, boxes, value=20.0):
        self.config = SimpleNamespace(num_channels=1, num_labels=10, id2label=NAMES, label2id={})
        self.logits = torch.zeros(len(boxes) + 1, 11)
        self.boxes = torch.full((len(boxes) + 1, 4), 0.5)
        for place, box in enumerate(boxes):
            self.logits[place, int(box.label)] = value
            middle = (box.left + box.width / 2, box.top + box.height / 2, box.width, box.height)
            self.boxes[place] = torch.tensor(middle) / 64

    def __call__(self, pixel_values):
        count = len(pixel_values)
        return SimpleNamespace(
            logits=self.logits.expand(count, -1, -1).clone(), pred_boxes=self.boxes.expand(count, -1, -1).clone()
        )


def test_boxes_stand_where_the_digits_are_and_do_not_overlap(task):
    for example in task.test()[:50]:
        left = np.asarray(example["image"]).copy()
        for box in example["label"]:
            part = left[box.top : box.top + box.height, box.left : box.left + box.width]
            assert part.any()
            part[:] = 0
        assert not left.any()
        area = np.zeros((64, 64), int)
        for box in example["label"]:
            area[box.top : box.top + box.height, box.left : box.left + box.width] += 1
        assert area.max() == 1
    assert len(set(task.clusters())) == 45


def test_an_image_whose_boxes_are_all_named_scores_one(task, make_setup, processor):
    example = task.test()[0]
    other = next(one for one in task.test() if one["label"] != example["label"] and len(one["label"]) == 1)
    scores = task.score(make_setup(task, Seeing(example["label"]), processor), [example, other])
    assert scores[0] == pytest.approx(1.0)
    assert scores[1] < 1.0


class Masked(Seeing):
    """The same, told what is padding."""

    def __call__(self, pixel_values, pixel_mask):
        return super().__call__(pixel_values)


@pytest.mark.parametrize(("model", "inputs"), [(Seeing, [(2, 64, 64), (1, 64, 32)]), (Masked, [(3, 64, 64)])])
def test_a_model_that_is_not_told_of_padding_is_scored_without_any(task, make_setup, monkeypatch, model, inputs):
    processor, seen = YolosImageProcessorPil(do_resize=False, image_mean=[0.5], image_std=[0.5]), []
    answer = Seeing.__call__

    def noting(self, pixel_values):
        seen.append((len(pixel_values), *pixel_values.shape[2:]))
        return answer(self, pixel_values)

    monkeypatch.setattr(Seeing, "__call__", noting)
    wide, narrow = (Image.new("L", (width, 64)) for width in (64, 32))
    box = Box(8.0, 8.0, 16.0, 16.0, "5")
    examples = [{"image": image, "label": [box]} for image in (wide, wide, narrow)]
    task.score(make_setup(task, model([box]), processor), examples)
    assert seen == inputs


def test_half_the_objects_found_is_two_thirds(task, make_setup, processor):
    example = next(one for one in task.test() if len(one["label"]) == 2)
    scores = task.score(make_setup(task, Seeing(example["label"][:1]), processor), [example])
    assert scores == [pytest.approx(2 / 3)]  # precision 1, recall 1/2


def test_boxes_are_learned_as_shares_of_the_input(task, make_setup, processor, tiny):
    setup = make_setup(task, tiny, processor)
    image = Image.new("L", (64, 64), 30)
    examples = [
        {"image": image, "label": (Box(0, 16, 32, 16, "7"), Box(32, 32, 16, 16, "1"))},
        {"image": image, "label": (Box(8, 8, 16, 16, "2"),)},
    ]
    batch = task.training_batch(setup, examples)
    assert batch["class_labels"].tolist() == [[7, 1], [2, NOTHING]]
    assert batch["boxes"][0, 0].tolist() == pytest.approx([0.25, 0.375, 0.5, 0.25])
    assert batch["boxes"][1, 0].tolist() == pytest.approx([0.25, 0.25, 0.25, 0.25])
    loss = task.loss(tiny, batch)
    loss.backward()
    assert torch.isfinite(loss)
    assert any(weight.grad is not None for weight in tiny.parameters())


def test_a_query_is_one_call_of_the_model(task, make_setup, processor, tiny):
    setup = make_setup(task, tiny, processor)
    batch = task.batch(setup, task.queries()[:2])
    assert batch["pixel_values"].shape == (2, 1, 64, 64)
    assert task.run(setup, batch) is None


def test_answers_have_no_order_to_distil(task, make_setup, processor, tiny):
    with pytest.raises(NotApplicable, match="no order"):
        task.logits(tiny, task.training_batch(make_setup(task, tiny, processor), task.train()[:2]))


def test_logits_that_are_not_finite_are_no_score(task, make_setup, processor):
    example = task.test()[0]
    with pytest.raises(ImpossibleOutput, match="not finite"):
        task.score(make_setup(task, Seeing(example["label"], float("nan")), processor), [example])


def test_without_a_processor_it_runs_and_is_not_scored(task, make_setup, tiny):
    setup = make_setup(task, tiny, None)
    task.run(setup, task.batch(setup, task.queries()[:2]))
    assert torch.isfinite(task.loss(tiny, task.training_batch(setup, task.train()[:2])))
    with pytest.raises(NotApplicable, match="without a processor"):
        task.evaluate(setup)


def test_a_model_of_other_classes_needs_data_of_its_own(task, processor, tiny):
    tiny.config.id2label, tiny.config.label2id = {0: "cat", 1: "dog"}, {"cat": 0, "dog": 1}
    with pytest.raises(InputError, match=r"has digits, which the model does not know, .* task.data=FILE"):
        task.check_model(tiny, processor)


def test_a_share_outside_0_and_1_is_refused(make_task):
    with pytest.raises(InputError, match=r"task\.least_confidence must lie between 0 and 1"):
        dataclasses.replace(make_task("object_detection"), least_confidence=1.5)


def written(folder, row):
    """A table of twelve images, all with the boxes and labels of ``row``."""
    lines = []
    for number in range(12):
        Image.new("L", (64, 64), 10 * number).save(folder / f"{number}.png")
        lines.append(json.dumps({"image": f"{number}.png", **row}))
    table = folder / "boxes.jsonl"
    table.write_text("\n".join(lines))
    return str(table)


@pytest.mark.parametrize(
    "row",
    [
        {"boxes": [[0, 0, 20, 20]], "labels": ["3"]},
        {"objects": {"bbox": [[0, 0, 20, 20]], "category": ["3"]}},
    ],
)
def test_own_images_and_boxes_are_scored(make_task, make_setup, processor, tmp_path, row):
    own = make_task("object_detection", data=written(tmp_path, row))
    setup = make_setup(own, Seeing([Box(0, 0, 20, 20, "3")]), processor)
    own.check_model(setup.model, processor)
    assert own.evaluate(setup) == [pytest.approx(1.0)] * len(own.test())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"boxes": [[0, 0, 20, 20]], "labels": []}, "1 boxes and 0 labels"),
        ({"boxes": [[0, 0, 0, 20]], "labels": ["3"]}, "a box is impossible"),
        ({"boxes": [[0, 0, 20]], "labels": ["3"]}, "a box is impossible"),
        ({"boxes": [[64.1, 0, 0.2, 20]], "labels": ["3"]}, "reaches beyond its image of 64 x 64 pixels"),
        ({"boxes": [[50, 0, 20, 20]], "labels": ["3"]}, "reaches beyond its image of 64 x 64 pixels"),
        ({"labels": ["3"]}, "no list of boxes"),
    ],
)
def test_boxes_that_cannot_be_are_one_clear_error(make_task, tmp_path, row, words):
    with pytest.raises(InputError, match=words):
        make_task("object_detection", data=written(tmp_path, row)).test()


def test_images_without_any_object_are_refused(make_task, processor, tiny, tmp_path):
    own = make_task("object_detection", data=written(tmp_path, {"boxes": [], "labels": []}))
    with pytest.raises(InputError, match="no image of the test split has an object"):
        own.check_model(tiny, processor)


def test_a_label_outside_the_models_classes_is_refused(make_task, processor, tiny, tmp_path):
    own = make_task("object_detection", data=written(tmp_path, {"boxes": [[0, 0, 9, 9]], "labels": ["cat"]}))
    with pytest.raises(InputError, match="a label that the model does not know, got 'cat'"):
        own.check_model(tiny, processor)
