"""Tiny models and a task with random data: what tests run techniques, workloads and the runner on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
import transformers

from suite.checkpoints.model_spec import ModelSpec
from suite.core.mitigation import Mitigation
from suite.core.setup import Setup
from suite.core.task import Batch, Example, Task, cycle
from suite.toolkit.requirements import Circumstances, check, of_task

Kind = Literal["image", "text", "generation"]

CLASSES = 5
WORDS = 64
LENGTH = 12
PIXELS = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class FakeTask(Task):
    """Random images, or token ids with labels, drawn from ``seed``. No processor is needed.

    Attributes:
        kind: what a sample is.
        locked: whether touching any split but train is an error.
        size: samples a split.
    """

    auto_class: ClassVar[str] = "AutoModelForSequenceClassification"
    processor_class: ClassVar[str] = "AutoTokenizer"

    kind: Kind
    locked: bool
    size: int

    def train(self) -> Sequence[Example]:
        return self._draw(0)

    def validation(self) -> Sequence[Example]:
        return self._draw(1)

    def test(self) -> Sequence[Example]:
        return self._draw(2)

    def queries(self) -> Sequence[Example]:
        return cycle(self._draw(2), self.query_count)

    def clusters(self) -> list[int] | None:
        return None

    def check_model(self, model: Any, processor: Any) -> None:
        return None

    def _draw(self, split: int) -> list[Example]:
        if self.locked and split > 0:
            raise AssertionError("a technique touched another split than train")
        generator = torch.Generator().manual_seed(10 * self.seed + split)
        items: list[Example] = []
        for _ in range(self.size):
            label = int(torch.randint(CLASSES, (), generator=generator))
            # The label shows in the sample, so that a model can learn it.
            if self.kind == "image":
                items.append({"image": torch.randn(1, PIXELS, PIXELS, generator=generator) + label, "label": label})
            else:
                ids = torch.randint(CLASSES, WORDS, (LENGTH,), generator=generator)
                ids[::2] = label
                items.append({"ids": ids, "label": label})
        return items

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        if self.kind == "image":
            pixels = torch.stack([example["image"] for example in examples])
            return {"pixel_values": pixels.to(setup.device, setup.torch_dtype)}
        ids = torch.stack([example["ids"] for example in examples]).to(setup.device)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        batch = self.batch(setup, examples)
        if self.kind == "generation":
            return batch | {"labels": batch["input_ids"]}
        return batch | {"labels": torch.tensor([example["label"] for example in examples], device=setup.device)}

    def run(self, setup: Setup, batch: Batch) -> int | None:
        if self.kind != "generation":
            setup.model(**batch)
            return None
        options = setup.generate_options(batch, 4)
        tokens = setup.model.generate(**batch, max_new_tokens=4, min_new_tokens=4, do_sample=False, **options)
        return int(tokens.shape[0] * (tokens.shape[1] - batch["input_ids"].shape[1]))

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        logits = model(**inputs).logits.float()
        if self.kind == "generation":
            return logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten()
        return logits, batch["labels"]

    def evaluate(self, setup: Setup) -> list[float]:
        examples = self.test()
        with torch.no_grad(), setup.active():
            logits, targets = self.logits(setup.model, self.training_batch(setup, examples))
        right = (logits.argmax(dim=-1) == targets).float()
        scores: list[float] = right.reshape(len(examples), -1).mean(dim=1).tolist()
        return scores


@dataclasses.dataclass(frozen=True, kw_only=True)
class FakeGeneration(FakeTask):
    """The same for a causal language model."""

    auto_class: ClassVar[str] = "AutoModelForCausalLM"
    generates: ClassVar[bool] = True

    def answer_tokens(self) -> int:
        return 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnequalTexts(FakeTask):
    """Texts that are the shorter the larger their label is, padded to the longest of a batch."""

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        lengths = [LENGTH - 2 * int(example["label"]) for example in examples]
        ids = torch.zeros(len(examples), max(lengths), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, (example, length) in enumerate(zip(examples, lengths, strict=True)):
            ids[row, :length], mask[row, :length] = example["ids"][:length], 1
        return {"input_ids": ids.to(setup.device), "attention_mask": mask.to(setup.device)}


def unequal_texts(*, locked: bool = False) -> UnequalTexts:
    """A fake task of texts of 4 to 12 tokens."""
    plain = fake_task("text", locked=locked)
    return UnequalTexts(**{field.name: getattr(plain, field.name) for field in dataclasses.fields(plain)})


def admit(technique: Mitigation, setup: Setup, capability: tuple[int, int] | None = None) -> Setup:
    """``setup``, if the technique's requirements are met there, as a point asks before it loads a model."""
    check({"technique": technique}, circumstances_of(setup, capability))
    return setup


def circumstances_of(setup: Setup, capability: tuple[int, int] | None = None) -> Circumstances:
    """What a point would know of ``setup`` before it loads the model."""
    return Circumstances(
        device=setup.device,
        compute_capability=capability,
        phase=setup.phase,
        trained=not setup.random_weights,
        **of_task(setup.task),
    )


def fake_task(kind: Kind = "image", *, locked: bool = False, size: int = 48, query_count: int = 16) -> FakeTask:
    """A fake task; ``locked`` forbids every split but train."""
    made = FakeGeneration if kind == "generation" else FakeTask
    return made(
        name=f"fake_{kind}",
        data=None,
        columns={"input": None, "label": None},
        query="one sample",
        metric="accuracy",
        higher_is_better=True,
        margin=0.01,
        margin_relative=False,
        query_count=query_count,
        max_scored=None,
        seed=1,
        kind=kind,
        locked=locked,
        size=size,
    )


def spec_of(path: Path | str) -> ModelSpec:
    """A model with its weights, in a directory."""
    return ModelSpec(name="named", path=str(path), revision=None, weights="pretrained", architecture=None)


def _seeded(make: Callable[[], Any]) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make().eval()


def tiny_vit(**changes: Any) -> Any:
    """Four layers of width 32 on one-channel images of 8 x 8 pixels."""
    config = {
        "hidden_size": 32,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "image_size": PIXELS,
        "patch_size": 2,
        "num_channels": 1,
        "num_labels": CLASSES,
        "initializer_range": 0.1,
    }
    return _seeded(lambda: transformers.ViTForImageClassification(transformers.ViTConfig(**(config | changes))))


_TEXT = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "initializer_range": 0.1,
}


def tiny_bert(**changes: Any) -> Any:
    """Four layers of width 32, dropout as BERT has it."""
    config = transformers.BertConfig(**(_TEXT | {"num_labels": CLASSES} | changes))
    return _seeded(lambda: transformers.BertForSequenceClassification(config))


def tiny_roberta(**changes: Any) -> Any:
    """As tiny_bert; its head is of two layers."""
    config = transformers.RobertaConfig(**(_TEXT | {"num_labels": CLASSES} | changes))
    return _seeded(lambda: transformers.RobertaForSequenceClassification(config))


def tiny_distilbert(**changes: Any) -> Any:
    """As tiny_bert, with DistilBERT's own names for everything."""
    sizes = {"vocab_size": WORDS, "dim": 32, "n_layers": 4, "n_heads": 2, "hidden_dim": 64, "num_labels": CLASSES}
    config = transformers.DistilBertConfig(**(sizes | {"max_position_embeddings": 64} | changes))
    return _seeded(lambda: transformers.DistilBertForSequenceClassification(config))


def tiny_modernbert(**changes: Any) -> Any:
    """As tiny_bert, with a fused gate and up projection."""
    tokens = {"cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
    sizes = {name: value for name, value in _TEXT.items() if name != "initializer_range"}
    config = transformers.ModernBertConfig(**(sizes | tokens | {"num_labels": CLASSES} | changes))
    return _seeded(lambda: transformers.ModernBertForSequenceClassification(config))


def tiny_llama(**changes: Any) -> Any:
    """Four layers of width 32 with a gated MLP of 96 channels."""
    sizes = {"num_key_value_heads": 2, "intermediate_size": 96, "bos_token_id": 1, "eos_token_id": None}
    config = transformers.LlamaConfig(**(_TEXT | sizes | changes))
    return _seeded(lambda: transformers.LlamaForCausalLM(config))


def tiny_gpt2(**changes: Any) -> Any:
    """Four layers of width 32 made of Conv1D instead of Linear."""
    sizes = {"vocab_size": WORDS, "n_embd": 32, "n_layer": 4, "n_head": 2, "n_positions": 64}
    config = transformers.GPT2Config(**(sizes | {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0} | changes))
    return _seeded(lambda: transformers.GPT2LMHeadModel(config))


MODELS: dict[Kind, Callable[..., Any]] = {"image": tiny_vit, "text": tiny_bert, "generation": tiny_llama}


def fake_setup(
    kind: Kind = "image", *, model: Any = None, layers: int = 4, locked: bool = False, **changes: Any
) -> Setup:
    """A CPU setup of batch size 4 with the tiny model of ``kind`` (or ``model``) and a fake task.

    ``layers`` may be fewer where the model is traced, which takes a second a layer.
    """
    setup = Setup(
        task=fake_task(kind, locked=locked),
        model=MODELS[kind](num_hidden_layers=layers) if model is None else model,
        processor=None,
        batch_size=4,
        dtype="float32",
        device="cpu",
        phase="inference",
    )
    return setup.replace(**changes)


def answers(setup: Setup) -> torch.Tensor:
    """Logits of the first eight training samples."""
    with torch.no_grad(), setup.active():
        logits: torch.Tensor = setup.model(**setup.task.batch(setup, list(setup.task.train()[:8]))).logits
    return logits
