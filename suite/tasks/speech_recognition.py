"""Write down what is said: sounds of your own with the words that are said in them.

A fresh machine has no labelled speech, so there is neither embedded data nor an embedded model. A query is a sound, cut
or padded to what the model takes (30 s for Whisper), and a forced number of new tokens, chosen greedily. The score of
an item is the word error rate of what the model writes of its own accord.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from suite.core.setup import Setup
from suite.core.task import Batch, Example
from suite.data.examples import Kind
from suite.data.sounds import samples
from suite.data.splits import Split
from suite.errors import InputError
from suite.plugins.requires import Reads
from suite.scoring.items import generator_for
from suite.scoring.word_errors import word_error_rate
from suite.scoring.written import Written


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeechRecognition(Written):
    """Sounds with their words; the score of an item is the word error rate of what the model writes."""

    auto_class: ClassVar[str] = "AutoModelForSpeechSeq2Seq"
    processor_class: ClassVar[str] = "AutoProcessor"
    kind: ClassVar[Kind] = "speech"
    reads: ClassVar[Reads | None] = "sound"

    def embedded(self, split: Split) -> Sequence[Example]:
        """There is none.

        Raises:
            InputError: always.
        """
        remedy = (
            "give task.data=FILE.jsonl of {audio: a .wav file, text: its words}, with model=whisper_tiny_en for English"
        )
        raise InputError("speech_recognition has no embedded data", got=None, remedy=remedy)

    def check_model(self, model: Any, processor: Any) -> None:
        """See Task."""
        super().check_model(model, processor)
        found = getattr(model, "main_input_name", None)
        if found != "input_features":
            remedy = "name one such as model=whisper_tiny_en"
            raise InputError("the model must read the spectrum of a sound (input_features)", got=found, remedy=remedy)

    def chance_score(self) -> float:
        """Of an answer without words, which is one error a word."""
        return 1.0

    def batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """``input_features`` (batch, mel bins, frames); standard normal ones where there is no processor."""
        if setup.processor is None:
            shape = (setup.model.config.num_mel_bins, 2 * setup.model.config.max_source_positions)
            drawn = [generator_for(self.seed, example["text"].encode()) for example in examples]
            features = torch.stack([torch.randn(shape, generator=generator) for generator in drawn])
        else:
            reader = setup.processor.feature_extractor
            sounds = [samples(example, reader.sampling_rate) for example in examples]
            features = reader(sounds, sampling_rate=reader.sampling_rate, return_tensors="pt")["input_features"]
        return {"input_features": features.to(device=setup.device, dtype=setup.torch_dtype)}

    def whole_batch(self, setup: Setup, examples: Sequence[Example]) -> Batch:
        """See Written."""
        return self.batch(setup, examples)

    def target_rows(self, setup: Setup, examples: Sequence[Example]) -> list[list[int]]:
        """See Written. What the model puts first itself is left out."""
        if setup.processor is None:
            generators = [generator_for(self.seed, b"target " + example["text"].encode()) for example in examples]
            vocabulary, length = setup.model.config.vocab_size, (self.new_tokens,)
            return [torch.randint(vocabulary, length, generator=each).tolist() for each in generators]
        rows = setup.processor.tokenizer([example["target"] for example in examples])["input_ids"]
        first = setup.model.config.decoder_start_token_id
        return [row[1:] if row[0] == first else row for row in rows]

    def start(self, setup: Setup, count: int) -> dict[str, Any]:
        """What the tokenizer puts before a text: Whisper's language and task, and that no times are wanted."""
        first = getattr(getattr(setup.processor, "tokenizer", None), "prefix_tokens", None)
        if not first:
            return {}
        return {"decoder_input_ids": torch.tensor([first] * count, device=setup.device)}

    def generate(self, model: Any, **asked: Any) -> Any:
        """See Written. Whisper's own ``generate`` may listen again where it is unsure, as its checkpoint says."""
        from transformers import GenerationMixin

        if isinstance(model, GenerationMixin):
            return GenerationMixin.generate(model, **asked)  # type: ignore[arg-type]
        return model.generate(**asked)

    def decoded(self, processor: Any, tokens: torch.Tensor) -> list[str]:
        """See Written."""
        texts: list[str] = processor.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return texts

    def score_of(self, target: str, answer: str) -> float:
        """Word error rate."""
        return word_error_rate(target, answer)
