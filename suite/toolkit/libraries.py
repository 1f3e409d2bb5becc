"""Imports a technique's library when the technique is used, so that the others run where it is missing."""

from __future__ import annotations

import importlib
import logging
import warnings
from typing import Any

from suite.errors import NotApplicable

NOISY_LOGGERS = ("bitsandbytes", "optimum", "torchao", "torch.utils._pytree")
"""Loggers that report missing accelerators of no concern here while they are imported."""


def load(name: str) -> Any:
    """The module ``name``; its advice to its own developers is not shown.

    Raises:
        NotApplicable: it is not installed, or does not load on this machine.
    """
    loggers = [logging.getLogger(name) for name in NOISY_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            for category in (DeprecationWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise NotApplicable(f"{name} cannot be imported here: {str(error).splitlines()[0]}") from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
