"""The page: sections found in ``suite.report.sections``, rendered into one self-contained HTML file."""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import importlib
import pkgutil
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

from suite.report import sections
from suite.report.charts.vega import Chart, javascript
from suite.report.limits import LARGE
from suite.report.prose.script_words import script_words
from suite.report.prose.style import BASES, LOOKS
from suite.report.safe import safe_json
from suite.report.view_model import Report
from suite.text import i18n, labels
from suite.text import numbers as text

SCRIPTS = ("report.js", "save_chart.js", "gate.js", "details.js", "footprint.js")


class Section(NamedTuple):
    """One section of the page: its name (also its anchor), heading and HTML."""

    name: str
    title: str | None
    html: Markup


def render(report: Report, language: str = i18n.ENGLISH) -> str:
    """The whole page in one of ``words.languages()``.

    Raises:
        InputError: there is no such language.
    """
    with i18n.speaking(language):
        return _render(report)


def _render(report: Report) -> str:
    environment = template_environment()
    charts = _Charts()
    environment.globals["draw"] = charts.draw
    rendered = [section for section in (_section(environment, name, report) for name in section_names()) if section]
    page = environment.get_template("page.html.j2")
    library = javascript() if charts.specs else ""
    script = "\n".join(_asset(name) for name in SCRIPTS)
    data = {"charts": charts.specs, "words": script_words(), "numbers": i18n.number_format()}
    return page.render(
        report=report,
        sections=rendered,
        style=Markup(_asset("style.css")),  # noqa: S704 - our own file
        data=Markup(safe_json(data)),  # noqa: S704 - escaped by safe_json
        library=_packed(library) if library else "",
        script=Markup(script),  # noqa: S704 - our own file
        script_hashes=" ".join(_csp_hash(code) for code in (library, script) if code),
    )


def section_names() -> list[str]:
    """Names of the section modules, in order of their ``ORDER``."""
    return sorted(_modules(), key=lambda name: (_module(name).ORDER, name))


def template_environment() -> jinja2.Environment:
    """Jinja with everything escaped that is not marked as safe, and undefined names an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("suite.report"),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext)  # type: ignore[attr-defined]
    environment.globals |= {"text": text, "looks": LOOKS, "bases": BASES, "large": LARGE}
    environment.globals |= {"language": i18n.language, "file_stem": labels.file_stem}
    return environment


class _Charts:
    """Draws charts as SVG into the page and collects their specifications for the script."""

    def __init__(self) -> None:
        self.specs: dict[str, dict[str, Any]] = {}

    def draw(self, chart: Chart, width: str, is_live: bool) -> Markup:
        """The chart as SVG; ``width`` is ``wide`` or ``narrow``. The script draws it again if ``is_live``."""
        if is_live:
            self.specs[f"{chart.identifier}-{width}"] = getattr(chart, width)
        return Markup(getattr(chart, f"svg_{width}"))  # noqa: S704 - Vega escapes text in SVG


def _section(environment: jinja2.Environment, name: str, report: Report) -> Section | None:
    module = _module(name)
    context = module.context(report)
    if context is None:
        return None
    html = environment.get_template(f"sections/{name}.html.j2").render(report=report, **context)
    return Section(name, module.TITLE and i18n.gettext(module.TITLE), Markup(html))  # noqa: S704 - rendered with autoescape


def _module(name: str) -> Any:
    return importlib.import_module(_modules()[name])


@functools.cache
def _modules() -> dict[str, str]:
    """Each section's module by the last part of its name, whichever folder it lies in."""
    found = pkgutil.walk_packages(sections.__path__, f"{sections.__name__}.")
    return {info.name.rpartition(".")[2]: info.name for info in found if not info.ispkg}


def _asset(name: str) -> str:
    source, _, _ = jinja2.PackageLoader("suite.report").get_source(jinja2.Environment(autoescape=True), name)
    return source


def _packed(code: str) -> str:
    """A script as the page carries it, at two fifths of its size; unpacked, it runs since the policy names its hash."""
    return base64.b64encode(gzip.compress(code.encode(), 9, mtime=0)).decode()


def _csp_hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
