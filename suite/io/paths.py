"""Where the checkout keeps what is read at run time."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CONF = CHECKOUT / "conf"
