"""Where the suite keeps what is read at run time: ``conf/`` and ``models/``.

They lie at the root of a checkout, and inside the package where that was installed from a wheel.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = _PACKAGE.parent
"""The checkout; of an installed package the folder it was installed into, which holds no ``.git``, docs or reports."""
SHIPPED = _PACKAGE if (_PACKAGE / "conf").is_dir() else CHECKOUT
"""Holds ``conf/`` and ``models/``."""
CONF = SHIPPED / "conf"
MODELS = SHIPPED / "models"


def user_cache() -> Path:
    """Where what is slow to make is kept for later runs: ``XDG_CACHE_HOME``'s, else in ``~/.cache``.

    A user without a home, as in some containers, has the temporary folder.
    """
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        base = tempfile.gettempdir()
    return Path(base) / "energy-mitigation-benchmark"
