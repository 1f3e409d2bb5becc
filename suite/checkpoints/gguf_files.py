"""GGUF files, the form of llama.cpp: each is made into an ordinary directory once, which all else reads.

The weights are widened to float32, which holds what the file's blocks stand for exactly: what rounding them to the
blocks has lost is lost, and what a technique loses later is relative to that.
"""

from __future__ import annotations

import copy
import functools
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from suite.checkpoints.weights_hash import file_hash
from suite.errors import NotApplicable
from suite.io.atomic import made_whole
from suite.io.paths import user_cache
from suite.record.hashing import fingerprint

_CARD = """---
library_name: transformers
model_sha256: {sha256}
---
# {name}

Made from the file `{file}` by `suite.checkpoints.gguf_files`: dequantised from {form}; losses are relative to that.
What the rounding to {form} took from the original weights is in neither arm of a comparison.
"""


def is_gguf(place: Path) -> bool:
    """Whether ``place`` is a file that says by its name that it is of this form."""
    return place.suffix.lower() == ".gguf" and place.is_file()


def as_directory(file: Path) -> Path:
    """The directory that holds what ``file`` holds, as ``save_pretrained`` writes it; made where it is missing.

    It lies in the user's cache, by the file's contents and the version of transformers that has read it. Two processes
    that ask at once make it once.

    Raises:
        NotApplicable: the library that reads such files is missing.
        OSError: the cache cannot be written.
        ValueError: transformers does not know the architecture, or a weight is missing. Damaged files raise other
            errors of Python and torch as well.
    """
    import transformers

    _library()
    name = f"{file.stem}-{fingerprint(file)}-transformers-{transformers.__version__}"
    return made_whole(user_cache() / name, functools.partial(_convert, file))


def _convert(file: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    model = _plain(_loaded(file))
    model.save_pretrained(folder, max_shard_size="1TB")  # one file, whose hash the card states
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name, local_files_only=True).save_pretrained(folder)
    form, sha256 = form_of(file), file_hash(folder / "model.safetensors")
    card = _CARD.format(name=file.stem, file=file.name, form=form, sha256=sha256)
    (folder / "README.md").write_text(card, encoding="utf-8")


def _loaded(file: Path) -> Any:
    """The model as transformers reads it, in float32.

    Raises:
        ValueError: a weight is missing.
    """
    import transformers

    loader: Any = transformers.AutoModelForCausalLM  # whose types do not know of the loading info
    model, info = loader.from_pretrained(
        file.parent,
        gguf_file=file.name,
        dtype=torch.float32,
        output_loading_info=True,
        local_files_only=True,
        trust_remote_code=False,
        **_widened(),
    )
    if info["missing_keys"]:
        raise ValueError(f"weights are missing: {', '.join(sorted(info['missing_keys'])[:3])}")
    return model


def _widened() -> dict[str, Any]:
    """Has transformers 5.23 widen weights that it could leave in their blocks; 5.17 always does."""
    import transformers

    config = getattr(transformers, "GgufConfig", None)
    return {} if config is None else {"quantization_config": config(dequantize=True)}


def _plain(model: Any) -> Any:
    """The same weights in a model that does not remember to have been quantised, which could not be saved."""
    config = copy.deepcopy(model.config)
    vars(config).pop("quantization_config", None)
    with torch.device("meta"):  # nothing is drawn for weights that are there
        plain = type(model)(config)
    plain.load_state_dict(model.state_dict(), assign=True)
    return plain


def form_of(file: Path) -> str:
    """The type that most of the file's weights have, e.g. ``Q4_1``."""
    sizes: Counter[str] = Counter()
    for tensor in _library().GGUFReader(file).tensors:
        sizes[tensor.tensor_type.name] += int(tensor.n_elements)
    return sizes.most_common(1)[0][0]


def _library() -> Any:
    try:
        import gguf
    except ImportError as error:
        raise NotApplicable("gguf is missing: pip install -e '.[gguf]'") from error
    return gguf
