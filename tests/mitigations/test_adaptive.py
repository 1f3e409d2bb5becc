"""Classifiers that answer with part of themselves: the work that is done, and that each row gets the right answer."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from suite.errors import NotApplicable
from suite.mitigations.adaptive_computation.cascade import Cascade, TwoModels, accepted
from suite.mitigations.adaptive_computation.early_exit import EarlyExit
from suite.toolkit import confidence, exits
from tests.architectures import architecture_setup
from tests.fakes import answers, fake_setup, spec_of, tiny_bert, tiny_distilbert, tiny_vit, unequal_texts
from tests.mitigations.test_other_techniques import image_setup, saved

TRAINING = {
    "steps": 20,
    "batch_size": 8,
    "learning_rate": 1e-2,
    "weight_decay": 0.0,
    "warmup_share": 0.1,
    "clip_norm": 1.0,
}
CERTAIN = 1 - 1e-9
ANY = 1e-9


def flops(model: Any, batch: Any) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counted:
        model(**batch)
    return int(counted.get_total_flops())


def samples(setup: Any, count: int = 8) -> Any:
    return setup.task.batch(setup, setup.task.samples(count))


class TestCascade:
    def cascade(self, threshold: float = 0.6, path: str | None = None) -> Cascade:
        return Cascade(small=path and spec_of(path), threshold=threshold, keep_layers_share=0.5, training=TRAINING)

    @pytest.mark.parametrize("kind", ["image", "text"])
    def test_its_work_is_the_small_models_and_the_escalated_share_of_the_large_ones(self, kind: Any) -> None:
        setup = fake_setup(kind)
        model, batch = self.cascade().apply(setup).model, samples(setup)
        with torch.no_grad():
            escalated = int((~confidence.sure(model.small(**batch).logits, model.threshold)).sum())
        assert 0 < escalated < 8
        expected = flops(model.small, batch) + flops(setup.model, batch) * escalated // 8
        assert flops(model, batch) == expected

    def test_each_row_has_the_answer_of_the_model_that_was_sure(self) -> None:
        setup = fake_setup("image")
        model, batch = self.cascade().apply(setup).model, samples(setup)
        with torch.no_grad():
            small, large, both = model.small(**batch).logits, setup.model(**batch).logits, model(**batch).logits
        wanted = torch.where(confidence.sure(small, model.threshold)[:, None], small, large)
        torch.testing.assert_close(both, wanted)

    def test_sure_worked_by_hand(self) -> None:
        logits = torch.tensor([[0.9, 0.1], [0.6, 0.4]]).log()
        assert confidence.sure(logits, 0.7).tolist() == [True, False]

    @pytest.mark.parametrize(("threshold", "whose"), [(ANY, "small"), (CERTAIN, "large")])
    def test_at_the_ends_it_scores_as_one_of_its_models(self, threshold: float, whose: str) -> None:
        setup = fake_setup("text")
        changed = self.cascade(threshold).apply(setup)
        alone = setup.replace(model=getattr(changed.model, whose))
        assert setup.task.evaluate(changed) == setup.task.evaluate(alone)

    def test_the_proof_has_the_share_of_training_samples_that_the_small_model_is_not_sure_of(self) -> None:
        setup = fake_setup("image", locked=True)
        technique = self.cascade()
        changed = technique.apply(setup)
        with torch.no_grad():
            unsure = ~confidence.sure(changed.model.small(**samples(setup, 48)).logits, 0.6)
        assert technique.proof(setup, changed)["escalated_share"] == float(unsure.float().mean())

    def test_a_ready_small_model_is_put_in_front(self, tmp_path: Path) -> None:
        path = saved(tiny_vit(num_hidden_layers=2), tmp_path)
        setup = image_setup().replace(processor=transformers.AutoImageProcessor.from_pretrained(path))
        changed = self.cascade(path=path).apply(setup)
        assert [len(part.vit.layers) for part in (changed.model.small, changed.model.large)] == [2, 4]

    def test_a_cascade_of_a_model_with_itself_is_refused(self, tmp_path: Path) -> None:
        setup = image_setup()
        path = saved(setup.model, tmp_path)
        setup = setup.replace(processor=transformers.AutoImageProcessor.from_pretrained(path))
        with pytest.raises(NotApplicable, match="none to save"):
            self.cascade(path=path).apply(setup)

    def test_a_small_model_that_reads_other_inputs_is_refused(self, tmp_path: Path) -> None:
        path = saved(tiny_vit(num_hidden_layers=2), tmp_path)
        with pytest.raises(NotApplicable, match="reads other inputs"):
            self.cascade(path=path).apply(image_setup().replace(processor=transformers.ViTImageProcessor(size=16)))

    def test_a_small_model_of_other_classes_is_refused(self, tmp_path: Path) -> None:
        path = saved(tiny_vit(num_hidden_layers=2, num_labels=7), tmp_path)
        setup = image_setup().replace(processor=transformers.AutoImageProcessor.from_pretrained(path))
        with pytest.raises(NotApplicable, match="other classes"):
            self.cascade(path=path).apply(setup)

    def test_distilbert_is_not_given_what_it_does_not_take(self) -> None:
        batch = {name: torch.ones(1, 2, dtype=torch.long) for name in ("input_ids", "attention_mask", "token_type_ids")}
        pair = TwoModels(Taking(), tiny_bert(), ANY)
        assert pair(**batch).logits.shape == (1, 5)
        assert set(accepted(Taking(), batch)) == {"input_ids"}
        assert accepted(tiny_distilbert(), batch) is batch  # takes any, and leaves it


class Taking(torch.nn.Module):
    """Takes ids alone."""

    def forward(self, input_ids: torch.Tensor) -> Any:
        return transformers.utils.ModelOutput(logits=torch.zeros(len(input_ids), 5))


class TestEarlyExit:
    def early(self, threshold: float = 0.6, every: int = 1) -> EarlyExit:
        return EarlyExit(threshold=threshold, every=every, training=TRAINING)

    def test_exits_stand_behind_every_nth_block_but_the_last(self) -> None:
        assert exits.every(12, 1) == list(range(11))
        assert exits.every(12, 4) == [3, 7]
        assert exits.every(2, 2) == []

    @pytest.mark.parametrize("kind", ["image", "text"])
    def test_where_nobody_leaves_the_answers_are_the_models(self, kind: Any) -> None:
        setup = fake_setup(kind)
        assert torch.equal(answers(self.early(CERTAIN).apply(setup)), answers(setup))

    @pytest.mark.parametrize("kind", ["image", "text"])
    def test_where_all_leave_at_once_only_one_block_is_computed(self, kind: Any) -> None:
        setup = fake_setup(kind)
        technique = self.early(ANY)
        changed = technique.apply(setup)
        seen = technique.proof(setup, changed)
        assert (seen["mean_exit_depth"], seen["share_by_depth"]) == (1.0, {"1": 1.0})
        first = copy.deepcopy(setup.model)
        backbone = first.vit if kind == "image" else first.bert.encoder
        name = "layers" if kind == "image" else "layer"
        setattr(backbone, name, getattr(backbone, name)[:1])
        one_block, all_blocks = flops(first, samples(setup)), flops(setup.model, samples(setup))
        head = 2 * 8 * 32 * 5  # eight rows, 32 wide, five classes
        unused = flops(changed.model, samples(setup)) - head
        assert one_block - 8 * 2 * 32 * (32 + 5) <= unused <= one_block < all_blocks / 2  # no pooler, no head

    def test_a_row_gets_the_same_answer_whoever_leaves(self) -> None:
        setup = fake_setup("text", task=unequal_texts())
        changed = self.early(0.7).apply(setup)
        examples = setup.task.samples(24)
        batch = setup.task.batch(setup, examples)
        with torch.no_grad():
            depths = exits.depths_of(changed.model, lambda: changed.model(**batch))
            together = changed.model(**batch).logits
            alone = [changed.model(**setup.task.batch(setup, [one])).logits for one in examples]
        assert len(depths) > 1  # some leave, some stay
        torch.testing.assert_close(together, torch.cat(alone))

    def test_depths_are_those_of_the_rows(self) -> None:
        setup = fake_setup("image")
        model = self.early().apply(setup).model
        model.flow.decide = lambda logits: model.flow.inside == 8 - len(model.flow.inside)  # the first
        with torch.no_grad():
            depths = exits.depths_of(model, lambda: model(**samples(setup)))
        assert dict(depths) == {1: 1, 2: 1, 3: 1, 4: 5}

    def test_padding_is_no_part_of_the_mean(self) -> None:
        head = exits.Exit(3, 2)
        hidden = torch.randn(1, 2, 3)
        longer = torch.cat([hidden, torch.full((1, 1, 3), 100.0)], dim=1)
        torch.testing.assert_close(head(longer, torch.tensor([[1, 1, 0]])), head(hidden, None))

    def test_a_copy_flows_by_itself(self) -> None:
        model = self.early().apply(fake_setup("image")).model
        other = copy.deepcopy(model)
        assert other.flow is not model.flow
        assert all(part.flow is other.flow for part in other.modules() if isinstance(part, exits.Stage))

    @pytest.mark.parametrize("architecture", ["gpt2", "falcon", "openai-gpt"])
    def test_a_head_that_looks_at_the_whole_batch_is_not_applicable(self, architecture: str) -> None:
        with pytest.raises(NotApplicable, match="does not bear a batch that shrinks"):
            self.early().apply(architecture_setup(architecture))

    def test_no_room_for_an_exit_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="every 4 blocks is none before the last of 4"):
            self.early(every=4).apply(fake_setup("image"))


@pytest.mark.parametrize("technique", [TestCascade().cascade(), TestEarlyExit().early()], ids=["cascade", "early_exit"])
class TestBoth:
    def test_generation_is_not_applicable(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="is for classification"):
            technique.apply(fake_setup("generation"))

    def test_random_weights_are_sure_of_nothing(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="means nothing"):
            technique.apply(fake_setup("image", random_weights=True))

    def test_one_graph_for_all_rows_is_not_applicable(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="runtime=eager"):
            technique.apply(fake_setup("image", runtime="compiled"))

    def test_twice_is_not_applicable(self, technique: Any) -> None:
        with pytest.raises(NotApplicable, match="already"):
            technique.apply(technique.apply(fake_setup("image")))
