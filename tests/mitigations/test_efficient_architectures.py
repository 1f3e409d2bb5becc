"""grouped_query_attention and efficient_architecture: what is known of them beforehand."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any, ClassVar

import pytest
import torch

from suite.checkpoints.model_spec import ModelSpec
from suite.errors import NotApplicable
from suite.mitigations.efficient_architectures.efficient_architecture import EfficientArchitecture
from suite.mitigations.efficient_architectures.grouped_query_attention import GroupedQueryAttention
from tests.architectures import architecture_setup
from tests.embedded import embedded_setup
from tests.fakes import FakeTask, admit, answers, fake_setup, fake_task, tiny_gpt2, tiny_llama

RECIPE = {
    "steps": 0, "batch_size": 8, "learning_rate": 3e-3, "weight_decay": 0.0, "warmup_share": 0.1, "clip_norm": 1.0,
}  # fmt: skip


def pooled(share: float = 0.5, steps: int = 0) -> GroupedQueryAttention:
    return GroupedQueryAttention(keep_share=share, training=RECIPE | {"steps": steps})


def cheaper(architecture: dict[str, Any] | None, steps: int = 0) -> EfficientArchitecture:
    spec = ModelSpec(name="small", path=None, revision=None, weights="random", architecture=architecture)
    return EfficientArchitecture(architecture=spec, training=RECIPE | {"steps": steps})


def llama(heads: int = 4, key_value_heads: int = 4, **changes: Any) -> Any:
    return tiny_llama(num_attention_heads=heads, num_key_value_heads=key_value_heads, **changes)


def with_equal_neighbours(model: Any, size: int) -> Any:
    """Each second key and value head is made the copy of the one before it."""
    with torch.no_grad():
        for block in model.model.layers:
            for layer in (block.self_attn.k_proj, block.self_attn.v_proj):
                for part in (layer.weight, layer.bias):
                    if part is not None:
                        heads = part.unflatten(0, (-1, size))
                        heads[1::2] = heads[::2]
    return model


class TestGroupedQueryAttention:
    @pytest.mark.parametrize(("heads", "key_value_heads"), [(4, 4), (8, 4)], ids=["multi-head", "grouped already"])
    @pytest.mark.parametrize("bias", [False, True])
    def test_heads_that_are_equal_within_a_group_are_pooled_without_a_change(
        self, heads: int, key_value_heads: int, bias: bool
    ) -> None:
        model = with_equal_neighbours(llama(heads, key_value_heads, attention_bias=bias), 32 // heads)
        if bias:
            with torch.no_grad():
                model.model.layers[0].self_attn.k_proj.bias.copy_(torch.arange(32 * key_value_heads // heads) % 8)
            with_equal_neighbours(model, 32 // heads)
        setup = fake_setup("generation", model=model)
        made = pooled().apply(setup)
        assert made.model.config.num_key_value_heads == key_value_heads // 2
        assert torch.allclose(answers(made), answers(setup), atol=1e-5)

    def test_a_pooled_head_is_the_mean_of_its_neighbours(self) -> None:
        setup = fake_setup("generation", model=llama())
        old, new = (each.model.model.layers[1].self_attn.k_proj for each in (setup, pooled().apply(setup)))
        assert torch.allclose(new.weight[:8], (old.weight[:8] + old.weight[8:16]) / 2)
        assert torch.allclose(new.weight[8:], (old.weight[16:24] + old.weight[24:]) / 2)
        assert (new.out_features, tuple(new.weight.shape)) == (16, (16, 32))

    def test_a_pooled_model_saves_and_loads_again_and_generates_the_same(self, tmp_path: Any) -> None:
        made = pooled().apply(fake_setup("generation", model=llama()))
        made.model.save_pretrained(tmp_path)
        loaded = made.replace(model=type(made.model).from_pretrained(tmp_path).eval())
        assert torch.equal(answers(loaded), answers(made))
        ids = made.task.batch(made, list(made.task.train()[:2]))
        tokens = [
            each.model.generate(**ids, max_new_tokens=5, min_new_tokens=5, do_sample=False, use_cache=cache)
            for each, cache in ((made, True), (made, False), (loaded, True))
        ]
        assert torch.equal(tokens[0], tokens[1])
        assert torch.equal(tokens[0], tokens[2])

    @pytest.mark.parametrize(("share", "after"), [(0.5, 2), (0.25, 1)])
    def test_the_cache_shrinks_by_the_ratio_of_heads(self, share: float, after: int) -> None:
        setup = fake_setup("generation", model=llama())
        seen = pooled(share).proof(setup, pooled(share).apply(setup))
        assert seen["key_value_heads"] == {"before": 4, "after": after}
        # 4 layers of keys and values, heads of 8 channels, 4 bytes each.
        assert seen["cache_bytes_per_token"] == {"before": 4 * 2 * 4 * 8 * 4, "after": 4 * 2 * after * 8 * 4}

    def test_training_lowers_the_loss_of_what_was_pooled(self) -> None:
        setup = fake_setup("generation", model=llama(initializer_range=0.5), locked=True)
        batch = setup.task.training_batch(setup, list(setup.task.train()[:16]))
        with torch.no_grad():
            only_pooled = float(setup.task.loss(pooled().apply(setup).model, batch))
        trained = pooled(steps=20).apply(setup).model
        with torch.no_grad():
            assert float(setup.task.loss(trained, batch)) < only_pooled

    @pytest.mark.parametrize(
        ("setup", "share", "reason"),
        [
            (fake_setup("text"), 0.5, "no key-value cache"),
            (fake_setup("generation", model=tiny_gpt2()), 0.5, "as many key-value heads as query heads|not recognised"),
            (fake_setup("generation", model=llama(4, 1)), 0.5, "keeps all 1 key-value heads"),
            (fake_setup("generation", model=llama(8, 8)), 0.4, "8 key-value heads cannot be pooled to 3"),
        ],
        ids=["classifier", "gpt2", "shared already", "no divisor"],
    )
    def test_is_not_applicable(self, setup: Any, share: float, reason: str) -> None:
        with pytest.raises(NotApplicable, match=reason):
            pooled(share).apply(setup)

    def test_mixtures_of_experts_have_an_attention_that_is_pooled_too(self) -> None:
        setup = architecture_setup("mixtral")
        assert pooled().apply(setup).model.config.num_key_value_heads == 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Images(FakeTask):
    """The fake images, for models that transformers counts among image classifiers."""

    auto_class: ClassVar[str] = "AutoModelForImageClassification"


def image_setup(**changes: Any) -> Any:
    plain = fake_task("image", locked=True)
    task = Images(**{field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)})
    return fake_setup("image", task=task, **changes)


RESNET = {"model_type": "resnet", "embedding_size": 8, "hidden_sizes": [8], "depths": [1], "layer_type": "basic"}


class TestEfficientArchitecture:
    def test_a_convolutional_network_takes_a_vision_transformers_place(self) -> None:
        setup = image_setup()
        seen = cheaper(RESNET).proof(setup, cheaper(RESNET).apply(setup))
        assert seen["architecture"] == {"before": "ViTForImageClassification", "after": "ResNetForImageClassification"}
        assert seen["after"]["parameters"] < seen["before"]["parameters"]

    def test_it_learns_from_the_labels_without_the_model(self) -> None:
        setup = image_setup()
        broken = setup.replace(model=copy.deepcopy(setup.model))
        with torch.no_grad():
            broken.model.classifier.weight.zero_()
        trained, beside_a_broken_model = (cheaper(RESNET, steps=40).apply(each) for each in (setup, broken))
        assert torch.equal(answers(trained), answers(beside_a_broken_model))
        batch = setup.task.training_batch(setup, list(setup.task.train()))
        with torch.no_grad():
            drawn, learnt = (setup.task.loss(each.model, batch) for each in (cheaper(RESNET).apply(setup), trained))
        assert float(learnt) < 0.7 * float(drawn)

    def test_in_the_place_of_random_weights_it_stays_random(self) -> None:
        setup = image_setup(random_weights=True)
        drawn, left = (cheaper(RESNET, steps=steps).apply(setup) for steps in (0, 3))
        assert torch.equal(answers(drawn), answers(left))

    def test_one_that_is_no_smaller_is_not_applicable(self) -> None:
        with pytest.raises(NotApplicable, match="none to save"):
            cheaper({"model_type": "resnet"}).apply(image_setup())

    def test_without_a_name_it_is_skipped_before_a_model_is_loaded(self) -> None:
        technique = EfficientArchitecture(architecture=None, training=RECIPE)
        with pytest.raises(NotApplicable, match=r"needs a value, give mitigation\.technique\.architecture"):
            admit(technique, image_setup())

    def test_a_decoder_in_an_encoders_place_reads_its_tokenizer_and_no_padding(self) -> None:
        """BERT's tokenizer makes segment numbers, which Llama does not take, and pads."""
        setup = embedded_setup("text_classification", "bert_languages")
        tokenizer = copy.deepcopy(setup.processor)
        tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
        setup = setup.replace(processor=tokenizer)
        sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
        made = cheaper({"model_type": "llama", **sizes}).apply(setup)
        assert type(made.model).__name__ == "LlamaForSequenceClassification"
        assert made.model.config.id2label == setup.model.config.id2label
        texts = [{"text": text} for text in ("Roma", "La Repubblica Italiana, lire, greco antico")]
        assert "token_type_ids" in setup.task.batch(setup, texts)
        assert "token_type_ids" not in made.task.batch(made, texts)
        with torch.no_grad():
            together = made.model(**made.task.batch(made, texts)).logits
            alone = [made.model(**made.task.batch(made, [text])).logits[0] for text in texts]
        assert torch.allclose(together, torch.stack(alone), atol=1e-5)
