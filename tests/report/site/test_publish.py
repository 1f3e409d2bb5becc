import html
import json
import re
import shutil
import subprocess
import sys
from urllib.parse import unquote

import pytest

from suite.errors import InputError
from suite.io.paths import CHECKOUT
from suite.publish import main
from suite.report.build import BESIDE, REPORTS_FOLDER, build_report
from suite.report.site import publish as publishing
from suite.report.site.catalogue import listed
from suite.report.site.publish import publish
from tests.synthetic import binary_scores, environment, publish_table, record, windows, write_run

pytestmark = pytest.mark.slow

PRUNING = (("structured_pruning", {"ratio": 0.5}),)
ATTACK = "<script>alert(1)</script>"


def records(minute=0, **fields):
    scores = binary_scores(900, 3, 2, 95)
    return [
        record(run_windows=windows([1.0] * 4), scores=scores, minute=minute, **fields),
        record(mitigations=PRUNING, run_windows=windows([0.5] * 4), scores=scores, minute=minute + 1, **fields),
        record(mitigations=(("tf32", {}),), status="skipped", minute=minute + 2, **fields),
    ]


def build_all(root):
    for name, minute in (("early", 0), ("late", 60)):
        folder = write_run(root / "runs" / name, records(minute))
        build_report(folder, root / "reports" / name / "index.html")
    shutil.copytree(root / "runs" / "late" / "records", root / "reports" / "late" / "records")


@pytest.fixture(scope="module")
def built_once(made_once):
    """Runs and reports as every test starts from them: drawing a page takes seconds, copying it nothing."""
    return made_once("publish", build_all)


@pytest.fixture
def reports(built_once, tmp_path):
    """A folder with two reports, the second measured an hour after the first, its records beside it."""
    shutil.copytree(built_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "reports"


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def plain(markup):
    markup = re.sub(r"<style>.*?</style>|<svg.*?</svg>", " ", markup, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", markup))).replace("\N{NO-BREAK SPACE}", " ")


def names(markup):
    return re.findall(r"<h2>(?:<a [^>]*>)?(.*?)(?:</a>)?</h2>", markup)


def test_the_newest_report_comes_first_and_those_that_cannot_be_read_last(reports):
    (reports / "aaa").mkdir()
    (reports / "aaa" / "results.json").write_text("{")
    assert [each.folder.name for each in listed(reports)] == ["late", "early", "aaa"]


def test_the_list_says_where_how_and_what_was_found(reports, tmp_path):
    page = publish(reports, tmp_path / "site").page.read_text("utf-8")
    assert names(page) == ["late", "early"]
    said = plain(page)
    assert re.search("Estimated ?Example CPU, 2 logical CPUs ?2 ok · 1 skipped · 0 failed ?2026-01-02", said)
    assert (
        "image classification: Structured pruning saves 50 % [50, 50] of the energy per query with no detectable"
        in said
    )
    assert page.count('class="badge estimated"') == 2


def test_every_link_leads_to_a_file_of_the_site_and_all_are_relative(reports, tmp_path):
    found = publish(reports, tmp_path / "site")
    links = re.findall(r'<a href="([^"#]+)"', found.page.read_text("utf-8"))
    assert len(links) == 2 * (1 + 8)  # the name, and the page, three results, two texts, two figures
    for link in links:
        assert re.match(r"reports/(early|late)/", link)
        assert (found.page.parent / unquote(link)).is_file()


def test_reports_are_copied_without_their_records_unless_asked_for(reports, tmp_path):
    plainly = files(publish(reports, tmp_path / "site").page.parent)
    assert {name.split("/")[2] for name in plainly if name.startswith("reports/late/")} == {
        "index.html",
        *BESIDE,
    }
    whole = files(publish(reports, tmp_path / "site", with_records=True).page.parent)
    assert {name for name in whole if name.startswith("reports/late/records/")} == {
        f"reports/late/records/{path.name}" for path in (reports / "late" / "records").iterdir()
    }
    assert whole["reports/late/index.html"] == (reports / "late" / "index.html").read_bytes()


def test_a_pages_host_leaves_the_files_as_they_are(reports, tmp_path):
    assert (publish(reports, tmp_path / "site").page.parent / ".nojekyll").is_file()


def test_the_page_runs_and_loads_nothing(reports, tmp_path):
    page = publish(reports, tmp_path / "site").page.read_text("utf-8")
    assert "<script" not in page
    assert "default-src 'none'; style-src 'unsafe-inline'" in html.unescape(page)
    assert not re.search(r'(?:src|action|data)="(?!data:)', page)
    assert not re.search(r"url\((?!#)|@import|https?://", page.replace("http://www.w3.org/2000/svg", ""))
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))


def test_the_same_reports_give_the_same_site(reports, tmp_path):
    assert files(publish(reports, tmp_path / "a").page.parent) == files(publish(reports, tmp_path / "b").page.parent)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "results.json").write_text("{"), "Input data was truncated"),
        (
            lambda folder: (folder / "results.json").write_text(
                '{"schema_version": 9, "points": [], "environments": []}'
            ),
            "9",
        ),
        (lambda folder: (folder / "results.json").unlink(), "no readable record in the run"),
        (lambda folder: (folder / "results.json").symlink_to("elsewhere.json"), "links are not followed"),
        (lambda folder: (folder / "index.html").unlink(), "no page"),
    ],
)
def test_a_report_that_cannot_be_read_is_listed_with_the_reason(reports, tmp_path, spoil, reason):
    (reports / "early" / "results.parquet").unlink()
    if "links" in reason:
        (reports / "early" / "results.json").unlink()
    spoil(reports / "early")
    found = publish(reports, tmp_path / "site")
    assert len(found.unreadable) == 1
    page = found.page.read_text("utf-8")
    assert names(page) == ["late", "early"]
    assert reason in plain(page)
    assert "Its results cannot be read, so nothing is said of it here." in plain(page)


@pytest.mark.parametrize("spoilt", ["results.json", "results.parquet"])
def test_results_that_are_spoilt_are_read_from_the_file_beside_them(reports, tmp_path, spoilt):
    (reports / "early" / spoilt).write_text("{")
    assert publish(reports, tmp_path / "site").unreadable == ()


def test_a_page_that_is_not_of_the_records_beside_it_is_named(reports, tmp_path, capsys):
    write_run(reports / "late", [record(batch_size=8, run_windows=windows([1.0] * 4), minute=90)])
    assert main(["--reports", str(reports), "--out", str(tmp_path / "site")]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: late: its page is not of these records and this analysis")
    assert f"python -m suite.report {reports / 'late'}" in line


def test_a_report_that_another_analysis_derived_is_named_where_it_has_no_records(reports, tmp_path):
    publish_table(tmp_path / "runs" / "early", reports / "early", analysis="another")
    (note,) = publish(reports, tmp_path / "site").notes
    assert note.startswith("early: ")
    assert "another version of the analysis" in note


def test_the_first_published_report_of_the_project_is_read(tmp_path):
    folder = CHECKOUT / REPORTS_FOLDER
    found = listed(folder)
    assert [each.reason for each in found] == [""] * len(found)
    assert "embedded-xeon-2cpu" in {each.folder.name for each in found}


@pytest.mark.usefixtures("without_drawing")
def test_a_report_of_several_runs_names_them(reports, tmp_path):
    folders = [tmp_path / "runs" / name for name in ("early", "late")]
    build_report(folders, reports / "early+late" / "index.html")
    said = plain(publish(reports, tmp_path / "site").page.read_text("utf-8"))
    assert "image classification (early): Structured pruning saves" in said
    assert "image classification (late): Structured pruning saves" in said


def test_names_are_escaped_in_text_and_in_addresses(tmp_path):
    name = 'a" onclick="alert(1)&amp;<b> #1?x=%41'
    run = write_run(tmp_path / "runs" / "x", records(task=ATTACK, model=ATTACK, where=environment(ATTACK)))
    build_report(run, tmp_path / "reports" / name / "index.html")
    found = publish(tmp_path / "reports", tmp_path / "site")
    page = found.page.read_text("utf-8")
    assert ATTACK not in page
    assert 'onclick="' not in page
    assert html.unescape(names(page)[0]) == name
    for link in re.findall(r'<a href="([^"#]+)"', page):
        assert (found.page.parent / unquote(link)).is_file()


def test_a_reason_out_of_a_hostile_file_is_escaped(reports, tmp_path):
    content = json.loads((reports / "early" / "results.json").read_bytes())
    content["points"][0]["verdict"] = ATTACK
    (reports / "early" / "results.json").write_text(json.dumps(content))
    (reports / "early" / "results.parquet").unlink()
    assert "<script" not in publish(reports, tmp_path / "site").page.read_text("utf-8")


def test_links_in_the_file_system_are_not_followed(reports, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (reports / "early" / "summary.md").unlink()
    (reports / "early" / "summary.md").symlink_to(secret)
    (reports / "late" / "records" / "zzz.json").symlink_to(secret)
    (reports / "linked").symlink_to(reports / "early", target_is_directory=True)
    made = files(publish(reports, tmp_path / "site", with_records=True).page.parent)
    assert not [name for name, content in made.items() if content == b"secret"]
    assert not [name for name in made if name.startswith("reports/linked")]


def test_a_new_site_takes_the_old_ones_place_and_keeps_what_is_not_ours(reports, tmp_path):
    out = tmp_path / "site"
    publish(reports, out)
    (out / "CNAME").write_text("energy.example")
    (out / "extra").mkdir()
    (out / "extra" / "page.html").write_text("mine")
    shutil.rmtree(reports / "early")
    publish(reports, out)
    made = files(out)
    assert made["CNAME"] == b"energy.example"
    assert made["extra/page.html"] == b"mine"
    assert not [name for name in made if name.startswith("reports/early")]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["copyfile", "copy2"])
@pytest.mark.parametrize("wrong", [KeyboardInterrupt, OSError])
def test_whoever_interrupts_it_leaves_the_old_site(reports, tmp_path, monkeypatch, name, wrong):
    out = tmp_path / "site"
    publish(reports, out)
    (out / "CNAME").write_text("energy.example")
    before, calls, real = files(out), [], getattr(shutil, name)

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) > (5 if name == "copyfile" else 0):
            raise wrong("stopped")
        return real(*arguments, **options)

    monkeypatch.setattr(publishing.shutil, name, interrupted)
    with pytest.raises(InputError if wrong is OSError else wrong):
        publish(reports, out)
    assert files(out) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_swap_that_fails_brings_the_old_site_back(reports, tmp_path, monkeypatch):
    out = tmp_path / "site"
    publish(reports, out)
    before, real = files(out), publishing.Path.rename

    def rename(self, target):
        if self.suffix == ".new":
            raise OSError("no")
        return real(self, target)

    monkeypatch.setattr(publishing.Path, "rename", rename)
    with pytest.raises(InputError, match="cannot be written"):
        publish(reports, out)
    assert files(out) == before


@pytest.mark.parametrize("content", ["notes.txt", "index.html"])
def test_a_folder_of_someone_elses_is_not_replaced(reports, tmp_path, content):
    out = tmp_path / "mine"
    out.mkdir()
    (out / content).write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        publish(reports, out)
    assert files(out) == {content: b"mine"}


def test_an_empty_folder_will_do(reports, tmp_path):
    (tmp_path / "site").mkdir()
    assert publish(reports, tmp_path / "site").reports == 2


@pytest.mark.parametrize("place", ["", "reports", "reports/site", "reports/early"])
def test_site_and_reports_may_not_lie_in_each_other(reports, tmp_path, place):
    before = files(tmp_path)
    with pytest.raises(InputError, match="lie in each other"):
        publish(reports, tmp_path / place)
    assert files(tmp_path) == before


def test_a_link_or_a_file_in_the_sites_place_is_refused(reports, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(InputError, match="no folder"):
            publish(reports, tmp_path / name)


def test_the_command(reports, tmp_path, capsys):
    out = tmp_path / "deep" / "site"
    assert main(["--reports", str(reports), "--out", str(out), "--records"]) == 0
    assert capsys.readouterr().out == f"{out / 'index.html'} (2 reports)\n"
    assert (out / "reports" / "late" / "records").is_dir()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--reports", "nowhere"], "no such folder of reports"),
        (["--reports", "."], "no report to publish"),
        (["--language", "xx"], "no such language"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert main(["--out", str(tmp_path / "site"), *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert words in said
    assert not (tmp_path / "site").exists()


def test_a_report_that_cannot_be_read_is_a_warning_and_no_error(reports, tmp_path, capsys):
    (reports / "broken").mkdir()
    (reports / "broken" / "results.json").write_text("{")
    assert main(["--reports", str(reports), "--out", str(tmp_path / "site")]) == 0
    assert capsys.readouterr().err.startswith("warning: nothing can be said of broken: ")


@pytest.mark.parametrize("module", ["suite.publish", "suite.compare"])
def test_help_loads_neither_torch_nor_the_chart_libraries(module):
    code = (
        f"import sys; from {module} import main\n"
        "try: main(['--help'])\n"
        "finally: print(sorted({'torch', 'altair', 'vl_convert', 'scipy', 'pyarrow'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.startswith(f"usage: python -m {module}")
    assert found.stdout.endswith("[]\n")
