"""Third-party noise that says nothing to the user of this suite, turned off by name in each process."""

from __future__ import annotations

import logging
import os

_LOGGERS = ("torchao", "bitsandbytes", "codecarbon", "torch.utils._pytree", "optimum", "httpx", "datasets", "lm_eval")


def quieten() -> None:
    """Raises the level of noisy loggers to errors; call before importing torch."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "5")  # the profiler announces every start and stop
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # forked children would warn
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
