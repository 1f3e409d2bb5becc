"""The site of the documentation: a hook of mkdocs, whose own check (strict: true) runs in `make docs`."""

import yaml

from suite.io.paths import CHECKOUT, CONF
from tools import docs_site


def settings():
    return yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text("utf-8"))


def pages_of(menu):
    """Every page that a menu leads to."""
    for entry in menu:
        for page in entry.values():
            yield from [page] if isinstance(page, str) else pages_of(page)


def test_every_group_of_conf_has_its_page_in_the_menu():
    groups = {f"conf/{folder.name}.md" for folder in CONF.iterdir() if folder.is_dir()}
    assert groups == {page for page in pages_of(settings()["nav"]) if page.startswith("conf/")} - {"conf/index.md"}


def test_a_page_of_a_group_shows_each_file_whole():
    page = docs_site._pages()["conf/protocol.md"]
    for file in (CONF / "protocol").glob("*.yaml"):
        assert f"## protocol={file.stem} {{ #{file.stem} }}\n\n```yaml\n{file.read_text('utf-8')}```" in page


def test_links_out_of_docs_lead_to_the_sites_reports_or_become_words():
    text = "[A](../reports/gpu-h100), [this](../reports/a/index.html), [some](../conf/engine) and [here](method.md#a)"
    assert docs_site.on_page_markdown(text) == (
        "[A](reports/gpu-h100/index.html), [this](reports/a/index.html), some and [here](method.md#a)"
    )
