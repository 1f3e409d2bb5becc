"""Say what an image shows: the digits of a row, in words.

Data: see ``suite.data.digit_rows``. A query is one image and a forced number of new tokens, chosen greedily. An item
that is scored is answered until the end token; its score is 1 where the answer is the caption word for word, else 0.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch

from suite.core import checks
from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.digit_rows import rows
from suite.data.examples import Kind
from suite.data.splits import Split
from suite.errors import InputError, NotApplicable
from suite.plugins.requires import Reads
from suite.scoring import items
from suite.scoring.image_shape import image_shape
from suite.scoring.pictures import Pictures

IGNORED = -100


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageCaptioning(Pictures):
    """Images and their captions.

    Attributes:
        new_tokens: tokens generated for each query, neither more nor fewer.
        longest_answer: tokens of an answer that is scored, at most.
    """

    auto_class: ClassVar[str] = "AutoModelForImageTextToText"
    processor_class: ClassVar[str] = "AutoProcessor"
    generates: ClassVar[bool] = True
    kind: ClassVar[Kind] = "image"
    reads: ClassVar[Reads | None] = "image"

    new_tokens: int
    longest_answer: int

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("new_tokens", "longest_answer"):
            checks.count(f"task.{field}", getattr(self, field), least=1)
        if self.metric not in METRICS:
            raise InputError("task.metric is unknown", got=self.metric, remedy=f"use {' or '.join(METRICS)}")

    def embedded(self, split: Split) -> Sequence[Example]:
        """Rows of digits."""
        return rows(split)

    def chance_score(self) -> float:
        """What the caption that occurs most often would score for every image."""
        captions = [caption_of(example) for example in self.test()]
        usual = Counter(captions).most_common(1)[0][0]
        return sum(METRICS[self.metric](usual, caption) for caption in captions) / len(captions)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        if not hasattr(model, "generate"):
            raise InputError("the model must be able to generate", got=type(model).__name__, remedy="name another")
        if processor is not None and not (hasattr(processor, "image_processor") and hasattr(processor, "tokenizer")):
            what = "the model needs a processor of images and of text"
            remedy = "save both with it (processor_config.json), as save_pretrained of a processor does"
            raise InputError(what, got=type(processor).__name__, remedy=remedy)
        if getattr(processor, "image_token", None) is not None:
            remedy = "name an encoder-decoder or GIT (model=git_base_coco)"
            raise InputError(
                "models that read the image as tokens of a prompt are not handled",
                got=model.config.model_type,
                remedy=remedy,
            )
        positions = text_config(model.config).max_position_embeddings
        if max(self.new_tokens, self.longest_answer) >= positions:
            what = f"the model has {positions} positions, too few for the start and new tokens"
            remedy = "lower task.new_tokens or task.longest_answer"
            raise InputError(what, got=max(self.new_tokens, self.longest_answer), remedy=remedy)
        for example in self.split("test"):
            caption_of(example)

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``pixel_values`` (batch, channels, height, width), and the start token of each answer."""
        config = setup.model.config
        starts = torch.full((len(examples), 1), start_token(setup), device=setup.device)
        pixels = self._pixels(setup, examples).to(device=setup.device, dtype=setup.torch_dtype)
        if config.is_encoder_decoder:
            return {"pixel_values": pixels, "decoder_input_ids": starts}
        return {"pixel_values": pixels, "input_ids": starts, "attention_mask": torch.ones_like(starts)}

    def training_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """What the model reads of the captions, a start token first, and ``labels``: what it should say next."""
        batch = self.batch(setup, examples)
        labels = self._answer_ids(setup, examples)
        name = "decoder_input_ids" if "decoder_input_ids" in batch else "input_ids"
        read = torch.cat([batch[name], labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, end_token(setup))], dim=1)
        mask = {"attention_mask": torch.ones_like(read)} if "attention_mask" in batch else {}
        return {**batch, name: read, **mask, "labels": labels}

    def run(self, setup: Setup, batch: Batch) -> int | None:
        """Generates ``new_tokens`` for each image; returns how many tokens were made."""
        tokens = self._answered(setup, batch, most=self.new_tokens, least=self.new_tokens)
        return int(tokens.numel())

    def answer_tokens(self) -> int:
        """See Task."""
        return self.new_tokens

    def with_new_tokens(self, most: int) -> ImageCaptioning | None:
        """See Task."""
        return dataclasses.replace(self, new_tokens=most) if self.new_tokens > most else None

    def loss(self, model: Any, batch: Batch) -> torch.Tensor:
        """Cross-entropy of the next token in nats, mean over all tokens of the batch."""
        return torch.nn.functional.cross_entropy(*self.logits(model, batch))

    def logits(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits and targets of all next tokens but padding, of all samples in one row each."""
        inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
        labels = batch["labels"]
        found = model(**inputs).logits[:, -labels.shape[1] :]  # GIT has the image's places before those of the text
        kept = labels != IGNORED
        return found[kept].float(), labels[kept]

    def evaluate(self, setup: Setup) -> list[float]:
        """One score a test item."""
        return self.score(setup, self.test())

    def score(self, setup: Setup, examples: Sequence[Example]) -> list[float]:
        """The ``metric`` of the answer to each of ``examples``.

        Raises:
            ImpossibleOutput: the model's logits are not finite.
            NotApplicable: the setup has no processor.
        """
        if setup.processor is None:
            raise NotApplicable("a model without a processor cannot be scored")
        answers: list[str] = []
        with items.scoring(setup):
            for chosen in items.scored_batches(setup, examples):
                batch = self.batch(setup, chosen)
                items.finite(setup.model(**batch).logits)
                made = self._answered(setup, batch, most=self.longest_answer, least=1)
                answers.extend(setup.processor.tokenizer.batch_decode(made, skip_special_tokens=True))
        return [METRICS[self.metric](answer, caption_of(one)) for answer, one in zip(answers, examples, strict=True)]

    def _answered(self, setup: Setup, batch: Batch, *, most: int, least: int) -> torch.Tensor:
        """Ids (batch, new tokens) behind the start token, greedily."""
        start = batch["decoder_input_ids" if "decoder_input_ids" in batch else "input_ids"]
        tokens = setup.model.generate(
            **batch,
            max_new_tokens=most,
            min_new_tokens=least,  # end of sequence is off until then: both arms make the same number of tokens
            do_sample=False,
            pad_token_id=pad_token(setup),
            **setup.generate_options(batch, most),
        )
        new: torch.Tensor = tokens[:, start.shape[1] :]
        return new

    def _pixels(self, setup: Setup, examples: Sequence[Example]) -> torch.Tensor:
        config = image_config(setup.model.config)
        if setup.processor is None:
            return self.noise(examples, image_shape(config))
        images = self.images(setup, examples, config)
        pixels: torch.Tensor = setup.processor.image_processor(images=images, return_tensors="pt")["pixel_values"]
        return pixels

    def _answer_ids(self, setup: Setup, examples: Sequence[Example]) -> torch.Tensor:
        """Ids of the captions and an end token (batch, longest), IGNORED behind; random without a processor."""
        if setup.processor is None:
            ids = torch.randint(text_config(setup.model.config).vocab_size, (len(examples), self.new_tokens))
            return ids.to(setup.device)
        tokenizer = setup.processor.tokenizer
        longest = text_config(setup.model.config).max_position_embeddings - 1
        captions = [caption_of(example) for example in examples]
        end = end_token(setup)
        found = [[*row[: longest - 1], end] for row in tokenizer(captions, add_special_tokens=False)["input_ids"]]
        width = max(map(len, found))
        return torch.tensor([row + [IGNORED] * (width - len(row)) for row in found], device=setup.device)


def caption_of(example: Example) -> str:
    """The caption, blanks evened out.

    Raises:
        InputError: it is empty.
    """
    caption = " ".join(str(example["label"]).split())
    if not caption:
        raise InputError("a caption is empty", got=example["label"], remedy="correct or remove the row")
    return caption


def exact_match(answer: str, caption: str) -> float:
    """1.0 where the words are the same, capitals aside, else 0.0."""
    return float(answer.casefold().split() == caption.casefold().split())


def f1(answer: str, caption: str) -> float:
    """Harmonic mean of precision and recall of the words, whatever their order (Rajpurkar et al. 2016)."""
    said, wanted = (Counter(text.casefold().split()) for text in (answer, caption))
    return 2 * (said & wanted).total() / max(1, said.total() + wanted.total())


METRICS: dict[str, Callable[[str, str], float]] = {"exact_match": exact_match, "f1": f1}


def text_config(config: Any) -> Any:
    """The part of a model's configuration that is about text."""
    return config.get_text_config(decoder=True)


def image_config(config: Any) -> Any:
    """The part of a model's configuration that is about images."""
    return getattr(config, "encoder", None) or getattr(config, "vision_config", None) or config


def start_token(setup: Setup) -> int:
    """The token that an answer starts with."""
    config = setup.model.config
    names = ("decoder_start_token_id", "bos_token_id") if config.is_encoder_decoder else ("bos_token_id",)
    return _token(setup, names)


def end_token(setup: Setup) -> int:
    """The token that an answer ends with."""
    return _token(setup, ("eos_token_id",))


def pad_token(setup: Setup) -> int:
    """The token behind answers that are shorter than others."""
    return _token(setup, ("pad_token_id", "eos_token_id"))


def _token(setup: Setup, names: Sequence[str]) -> int:
    config = setup.model.config
    for name in names:
        for place in (config, text_config(config), getattr(setup.model, "generation_config", None)):
            found = getattr(place, name, None)
            if found is not None:
                return int(found[0] if isinstance(found, list) else found)
    raise InputError(f"the model names no {names[0]}", got=config.model_type, remedy="set it in its config.json")
