import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from suite.io.atomic import kept_text, made_whole, sweep_out, synced_temporary, write_whole


def test_a_file_is_written_over_an_older_one_and_its_folder_is_made(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]


def test_others_may_read_it(tmp_path):
    write_whole(tmp_path / "file", b"x")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_failure_before_the_last_step_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "file.txt"
    write_whole(path, b"old")
    with pytest.raises(RuntimeError, match="stop"), synced_temporary(tmp_path, b"new"):
        raise RuntimeError("stop")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file.txt"]


def test_what_killed_writers_left_is_swept_out_and_younger_files_stay(tmp_path):
    for name, age_s in ((".old.tmp", 100.0), (".young.tmp", 0.0), ("record.json", 100.0)):
        path = tmp_path / name
        path.write_text("x")
        written_s = path.stat().st_mtime - age_s
        os.utime(path, (written_s, written_s))
    sweep_out(tmp_path, older_than_s=50.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".young.tmp", "record.json"]


def test_a_folder_is_made_once_for_all_that_ask_at_a_time(tmp_path):
    together, made = threading.Barrier(2), []

    def make(folder):
        made.append(folder)
        (folder / "file").write_text("whole")

    def ask(_):
        together.wait(timeout=10)
        return made_whole(tmp_path / "cache" / "model", make)

    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(ask, range(2)))
    assert folders == [tmp_path / "cache" / "model"] * 2
    assert len(made) == 1
    assert [path.name for path in folders[0].iterdir()] == ["file"]


def test_what_was_not_finished_is_not_there_and_is_made_anew(tmp_path):
    def fail(folder):
        (folder / "rest").write_text("of the first")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        made_whole(tmp_path / "model", fail)
    assert not (tmp_path / "model").exists()
    made_whole(tmp_path / "model", lambda folder: (folder / "file").write_text("whole"))
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["file"]


def test_a_text_that_is_slow_to_make_is_made_once(tmp_path):
    made = []

    def make():
        made.append(1)
        return "slow"

    assert [kept_text(tmp_path / "new" / "text", make) for _ in range(2)] == ["slow", "slow"]
    assert len(made) == 1


def test_a_text_that_cannot_be_kept_is_made_each_time(tmp_path):
    (tmp_path / "file").write_text("a file where a folder should be")
    assert kept_text(tmp_path / "file" / "text", lambda: "slow") == "slow"


def test_a_kept_text_that_is_spoilt_is_made_anew(tmp_path):
    (tmp_path / "text").write_bytes(b"\xff\xfe")
    assert kept_text(tmp_path / "text", lambda: "slow") == "slow"
    assert (tmp_path / "text").read_text() == "slow"
