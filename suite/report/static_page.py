"""Pages that need no script: what is compared, what is published."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from suite.report.page import template_environment


def static_page(template: str, **context: Any) -> str:
    """``template``, which extends ``document.html.j2``, as one file that loads nothing and runs nothing."""
    environment = template_environment()
    assert environment.loader is not None
    style, _, _ = environment.loader.get_source(environment, "style.css")
    return environment.get_template(template).render(style=Markup(style), **context)  # noqa: S704 - our own file
