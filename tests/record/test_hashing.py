from pathlib import Path

from suite.record import hashing as module
from suite.record.hashing import config_hash, fingerprint


def test_equal_contents_have_one_fingerprint_wherever_they_lie(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "weights").write_bytes(b"123")
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")


def test_another_byte_or_another_name_is_another_fingerprint(tmp_path):
    (tmp_path / "one").write_bytes(b"123")
    first = fingerprint(tmp_path / "one")
    (tmp_path / "one").write_bytes(b"124")
    assert fingerprint(tmp_path / "one") != first
    (tmp_path / "two").write_bytes(b"123")
    assert fingerprint(tmp_path / "two") != first


def test_a_large_file_is_read_whole_and_an_edit_in_its_middle_is_seen(tmp_path):
    file, size = tmp_path / "large.csv", 3 * module._CHUNK_BYTES
    file.write_bytes(bytes(size))
    before = fingerprint(file)
    with file.open("r+b") as stream:
        stream.seek(size // 2)
        stream.write(b"1")
    assert fingerprint(file) != before


def test_an_unchanged_file_is_read_once_a_process(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"once")
    first, opened = fingerprint(tmp_path / "file"), []
    monkeypatch.setattr(Path, "open", lambda *words: opened.append(words))
    assert fingerprint(tmp_path / "file") == first
    assert not opened


def test_the_config_hash_ignores_where_a_run_is_kept():
    assert config_hash({"name": "a", "x": 1}) == config_hash({"name": "b", "x": 1})
    assert config_hash({"name": "a", "x": 1}) != config_hash({"name": "a", "x": 2})


def test_what_a_query_is_called_changes_no_hash_not_in_a_task_within_a_task_either():
    def hashed(words):
        return config_hash({"task": {"steps": 2, "query": words, "task_specific": {"query": words, "seed": 0}}})

    assert hashed("one text") == hashed("one sentence")
    assert hashed("one text") != config_hash({"task": {"steps": 3, "task_specific": {"seed": 0}}})
