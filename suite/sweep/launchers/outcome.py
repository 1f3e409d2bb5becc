"""What a launcher hands back for a point: what the point's work returned, or how it was lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lost:
    """A point that ended without an answer: a reason's kind and message."""

    kind: str
    message: str


Work = Callable[[Any], Any]
"""What runs on the node, a function that can be imported there; its argument and its answer can be pickled."""

Engine = Callable[[Work, Sequence[Any], dict[str, Any]], Generator[tuple[int, Any], None, None]]
"""Work, one argument a point, the launcher's settings; to each point's number and answer (or Lost), as they end."""
