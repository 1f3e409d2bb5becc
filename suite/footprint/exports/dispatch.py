"""From a run's folder to a text that discloses one of its points."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from suite.errors import InputError
from suite.footprint.exports.disclosure import disclosure
from suite.footprint.exports.model_card import model_card
from suite.footprint.exports.sci import sci_document
from suite.footprint.location import Site
from suite.footprint.subject import choose_point

KINDS: Mapping[str, Callable[..., str]] = {"sci": sci_document, "model_card": model_card, "disclosure": disclosure}
"""Each takes a point and a site, and its own options by keyword."""


def export(
    kind: str,
    run_folder: Path,
    *,
    site: Site,
    point_id: str | None = None,
    mitigation: str | None = None,
    task: str | None = None,
    options: Mapping[str, Any] | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> str:
    """The text: YAML for ``sci`` and ``model_card``, Markdown for ``disclosure``.

    Args:
        kind: a key of ``KINDS``.
        run_folder: ``runs/NAME`` or ``reports/NAME``.
        site: grid and data centre.
        point_id: which point; its first digits do.
        mitigation: or its technique (names joined by ``+``; ``none`` is the baseline).
        task: and its task.
        options: of this kind, as in the signature of its function; None is as good as left out.
        note: told a line where the run's results are another version's of the analysis.

    Raises:
        InputError: an unknown kind, an option that it does not know, no such point, or a number out of range.
    """
    if kind not in KINDS:
        raise InputError("unknown export", got=kind, remedy=f"give one of {', '.join(KINDS)}")
    given = {name: value for name, value in (options or {}).items() if value is not None}
    known = options_of(kind)
    if unknown := sorted(set(given) - set(known)):
        raise InputError(f"export={kind} has no such option", got=unknown, remedy=f"it knows {', '.join(known)}")
    point = choose_point(
        run_folder,
        g_co2e_per_kwh=site.grid.g_co2e_per_kwh,
        point_id=point_id,
        mitigation=mitigation,
        task=task,
        note=note,
    )
    return KINDS[kind](point, site, **given)


def options_of(kind: str) -> list[str]:
    """The names of the options that a kind of export takes."""
    parameters = inspect.signature(KINDS[kind]).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
