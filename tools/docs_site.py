"""What mkdocs adds to docs/: pages of conf/ and of the classes, published reports, and the changelog.

A hook of mkdocs (``hooks:`` in mkdocs.yml). Pages link to the checkout as well (``../conf``, ``../reports``): links to
reports lead to the site's copy of them, the others become plain words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

CHECKOUT = Path(__file__).resolve().parents[1]
CONF, REPORTS = CHECKOUT / "conf", CHECKOUT / "reports"
_OUTWARD = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<target>\.\./[^)]*)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what is not in docs/."""
    for uri, content in _pages().items():
        files.append(File.generated(config, uri, content=content))
    for page in REPORTS.glob("*/index.html"):
        uri = f"reports/{page.parent.name}/index.html"
        files.append(File.generated(config, uri, abs_src_path=str(page)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turns links that leave docs/ to the site's own copy, or to their words."""
    return _OUTWARD.sub(_inward, markdown)


def _inward(link: re.Match[str]) -> str:
    text, target = link["text"], link["target"].removeprefix("../")
    if not target.startswith("reports/"):
        return text
    folder = target.removesuffix("/index.html")
    return f"[{text}]({folder}/index.html)"


def _pages() -> dict[str, str]:
    pages = {f"conf/{group.name}.md": _group(group) for group in sorted(CONF.iterdir()) if group.is_dir()}
    pages["conf/index.md"] = _configuration()
    pages["changelog.md"] = (CHECKOUT / "CHANGELOG.md").read_text("utf-8")
    return pages


def _configuration() -> str:
    lines = [
        "# Every key\n",
        "`python -m suite KEY=VALUE` overrides any of them; a comment beside each says what it is. A group, as `task=`,"
        " is a folder of files, of which one is chosen.\n",
        *(_file(file, file.name) for file in sorted(CONF.glob("*.yaml"))),
    ]
    return "\n".join(lines)


def _group(folder: Path) -> str:
    files = sorted(folder.rglob("*.yaml"))
    shown = (_file(file, f"{file.parent.relative_to(CONF)}={file.stem}") for file in files)
    return "\n".join([f"# {folder.name}=\n", *shown])


def _file(file: Path, heading: str) -> str:
    text = file.read_text("utf-8")
    return f"## {heading} {{ #{file.stem} }}\n\n```yaml\n{text}```\n"
