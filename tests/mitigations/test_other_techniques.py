"""Batch size, gradient checkpointing and ready checkpoints."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
import transformers

from suite.errors import InputError, NoEffect, NotApplicable
from suite.mitigations.batch_and_precision.batch_size import BatchSize
from suite.mitigations.gradient_checkpointing.gradient_checkpointing import GradientCheckpointing, saved_bytes
from suite.mitigations.others.checkpoint import Checkpoint, weights_differ
from tests.fakes import FakeTask, admit, fake_setup, fake_task, tiny_vit


class TestBatchSize:
    def test_changes_the_candidates_only(self) -> None:
        setup = fake_setup()
        assert BatchSize(size=8).apply(setup) == setup.replace(batch_size=8)
        assert setup.batch_size == 4

    def test_the_baselines_own_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="is 4 already"):
            BatchSize(size=4).apply(fake_setup())

    @pytest.mark.parametrize("size", [0, -1, 2.5, True, "8"])
    def test_no_whole_number_above_0_is_refused(self, size: Any) -> None:
        with pytest.raises(InputError, match=r"batch_size\.size must be a whole number of at least 1"):
            BatchSize(size=size)


class TestGradientCheckpointing:
    @pytest.mark.parametrize("kind", ["image", "text", "generation"])
    def test_a_step_keeps_fewer_bytes(self, kind: Any) -> None:
        setup = fake_setup(kind, phase="training")
        saved = GradientCheckpointing().proof(setup, GradientCheckpointing().apply(setup))["saved_tensor_bytes"]
        assert saved["after"] < saved["before"] / 2

    def test_gradients_are_the_same(self) -> None:
        setup = fake_setup(phase="training")
        batch = setup.task.training_batch(setup, list(setup.task.train()[:4]))
        gradients = []
        for model in (setup.model, GradientCheckpointing().apply(setup).model):
            model.train()  # without dropout in a ViT
            setup.task.loss(model, batch).backward()
            gradients.append([weight.grad for weight in model.parameters()])
        assert all(torch.allclose(first, second) for first, second in zip(*gradients, strict=True))

    def test_saved_bytes_of_one_linear_layer_worked_by_hand(self) -> None:
        """A batch of 4 inputs of 64 float32 and the log-probabilities of 5 classes, but no weights."""

        class Flat(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.linear = torch.nn.Linear(64, 5)

            def forward(self, pixel_values: torch.Tensor) -> Any:
                return transformers.utils.ModelOutput(logits=self.linear(pixel_values.flatten(1)))

        setup = fake_setup(phase="training", model=Flat())
        # Kept: inputs (4, 64) and log-probabilities (4, 5) in float32, targets (4,) in int64, and their total weight.
        assert saved_bytes(setup) == 4 * 64 * 4 + 4 * 5 * 4 + 4 * 8 + 4

    def test_measuring_leaves_the_mode_alone(self) -> None:
        setup = fake_setup(phase="training")
        saved_bytes(setup)
        assert not any(part.training for part in setup.model.modules())

    def test_the_cache_is_off_in_the_copy_only(self) -> None:
        setup = fake_setup("generation", phase="training")
        assert GradientCheckpointing().apply(setup).model.config.use_cache is False
        assert setup.model.config.use_cache is True

    def test_inference_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="for training only, this is inference: add workload=training_steps"):
            admit(GradientCheckpointing(), fake_setup())

    def test_twice_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="on already"):
            GradientCheckpointing().apply(GradientCheckpointing().apply(fake_setup(phase="training")))

    def test_a_model_without_support_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="Linear does not support"):
            GradientCheckpointing().apply(fake_setup(phase="training", model=torch.nn.Linear(2, 2)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageTask(FakeTask):
    """A fake task that names the classes a ViT directory is loaded with."""

    auto_class: ClassVar[str] = "AutoModelForImageClassification"
    processor_class: ClassVar[str] = "AutoImageProcessor"


def image_setup() -> Any:
    fields = {field.name: getattr(fake_task(), field.name) for field in dataclasses.fields(FakeTask)}
    return fake_setup(locked=True).replace(task=ImageTask(**(fields | {"locked": True})))


def saved(model: Any, folder: Path) -> str:
    model.save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 8, "width": 8}).save_pretrained(folder)
    return str(folder)


class TestCheckpoint:
    def test_a_smaller_checkpoint_takes_the_models_place(self, tmp_path: Path) -> None:
        setup, path = image_setup(), saved(tiny_vit(num_hidden_layers=2), tmp_path)
        technique = Checkpoint(path=path, revision=None)
        changed = technique.apply(setup)
        seen = technique.proof(setup, changed)
        assert len(changed.model.vit.layers) == 2
        assert changed.processor is not None
        assert seen["after"]["parameters"] < seen["before"]["parameters"]

    def test_the_models_own_weights_are_no_effect(self, tmp_path: Path) -> None:
        setup = image_setup()
        technique = Checkpoint(path=saved(setup.model, tmp_path), revision=None)
        with pytest.raises(NoEffect, match="the model's own"):
            technique.proof(setup, technique.apply(setup))

    def test_no_path_is_not_applicable_and_says_what_to_do(self) -> None:
        with pytest.raises(NotApplicable, match=r"needs a value, give mitigation\.technique\.path="):
            admit(Checkpoint(path=None, revision=None), fake_setup())

    def test_a_missing_directory_is_bad_input(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="does not exist"):
            Checkpoint(path=str(tmp_path / "none"), revision=None).apply(image_setup())

    def test_an_empty_path_is_refused(self) -> None:
        with pytest.raises(InputError, match=r"checkpoint\.path is empty"):
            Checkpoint(path=" ", revision=None)

    def test_one_changed_weight_is_a_difference(self) -> None:
        first, second = tiny_vit(), tiny_vit()
        assert not weights_differ(first, second)
        with torch.no_grad():
            second.classifier.bias[0] += 1
        assert weights_differ(first, second)
