"""A static site of all published reports, for any web server or pages host: a list, and each report behind it."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from suite.errors import InputError
from suite.io.atomic import sync_folder, write_whole
from suite.report.build import PAGE
from suite.report.site.catalogue import Listed, is_plain_file, is_plain_folder, listed
from suite.report.static_page import static_page

GENERATOR = '<meta name="generator" content="energy-mitigation-benchmark">'
PLACE = "reports"
"""Where the reports lie in the site: none of their names can meet that of a file of ours."""
NO_JEKYLL = ".nojekyll"
OURS = (PAGE, NO_JEKYLL, PLACE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Published:
    """What was written."""

    page: Path
    reports: int
    unreadable: tuple[str, ...]
    notes: tuple[str, ...]


def publish(reports: Path, out: Path, *, with_records: bool = False) -> Published:
    """Writes the site of ``reports`` into ``out``, over an older one; what else lies there, such as a CNAME, stays.

    It is made beside ``out`` and takes its place when it is whole, so that whoever interrupts it leaves the old one.

    Args:
        reports: the folder of reports.
        out: the site's folder; made where missing.
        with_records: whether the records that a report was made from are published as well.

    Raises:
        InputError: no such folder, no report in it, ``out`` is someone else's, or it cannot be written.
    """
    found = listed(reports)
    if not found:
        raise InputError("no report to publish", got=str(reports), remedy="build one: python -m suite.report runs/NAME")
    _check_place(reports, out)
    try:
        with _beside(out) as made:
            _keep(out, made)
            for each in found:
                _copy(each, made / PLACE / each.folder.name, with_records=with_records)
            write_whole(made / NO_JEKYLL, b"")
            write_whole(made / PAGE, index(found).encode())
            _swap(made, out)
    except OSError as error:
        raise InputError(
            "the site cannot be written", got=str(out), remedy=f"choose another --out ({error})"
        ) from error
    unreadable = tuple(f"{each.folder.name}: {each.reason}" for each in found if each.reason)
    notes = tuple(f"{each.folder.name}: {note}" for each in found for note in each.notes)
    return Published(page=out / PAGE, reports=len(found), unreadable=unreadable, notes=notes)


def index(found: list[Listed]) -> str:
    """The page that lists all reports."""
    return static_page("site.html.j2", reports=found, address=address)


def address(each: Listed, name: str) -> str:
    """The relative address of a file of a report."""
    return f"{PLACE}/{quote(each.folder.name, safe='')}/{quote(name, safe='')}"


def _check_place(reports: Path, out: Path) -> None:
    """The old contents of ``out`` go, so they must be an older site and hold nothing that is read here."""
    source, target = reports.resolve(), out.resolve()
    if source.is_relative_to(target) or target.is_relative_to(source):
        raise InputError("the site and the reports lie in each other", got=str(out), remedy="choose another --out")
    if not out.exists() and not out.is_symlink():
        return
    if not is_plain_folder(out):
        raise InputError("the site's place is no folder", got=str(out), remedy="choose another --out")
    if any(out.iterdir()) and not _is_site(out):
        raise InputError(
            "the folder holds something else", got=str(out), remedy="name a new or empty folder with --out"
        )


def _is_site(folder: Path) -> bool:
    page = folder / PAGE
    return (folder / NO_JEKYLL).is_file() and page.is_file() and GENERATOR in page.read_text("utf-8", errors="replace")


@contextlib.contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """A folder beside ``out``, on the same disk; gone afterwards if still there."""
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".new"))
    try:
        made.chmod(0o755)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _keep(out: Path, made: Path) -> None:
    """Takes along what is in the old site and not ours."""
    for path in out.iterdir() if out.is_dir() else ():
        if path.name in OURS:
            continue
        if is_plain_folder(path):
            shutil.copytree(path, made / path.name, symlinks=True)
        else:
            shutil.copy2(path, made / path.name, follow_symlinks=False)


def _copy(each: Listed, target: Path, *, with_records: bool) -> None:
    target.mkdir(parents=True)
    paths = [each.folder / name for name in each.files]
    records = each.folder / "records"
    if with_records and is_plain_folder(records):
        (target / records.name).mkdir()
        paths += [path for path in sorted(records.glob("*.json")) if is_plain_file(path)]
    for path in paths:
        shutil.copyfile(path, target / path.relative_to(each.folder), follow_symlinks=False)


def _swap(made: Path, out: Path) -> None:
    """Puts ``made`` in the place of ``out``; the old one comes back where that fails."""
    if not out.exists():
        made.rename(out)
        sync_folder(out.parent)
        return
    old = made.with_suffix(".old")
    out.rename(old)
    try:
        made.rename(out)
    except BaseException:  # an interruption too may not leave the place without a site
        old.rename(out)
        raise
    sync_folder(out.parent)
    shutil.rmtree(old, ignore_errors=True)
