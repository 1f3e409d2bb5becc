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


def test_of_a_large_file_both_ends_and_the_size_count(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WHOLE_BYTES", 4)
    found = set()
    for content in (b"aaxxbb", b"baxxbb", b"aaxxba", b"aaxxxbb"):
        (tmp_path / "file").write_bytes(content)
        found.add(fingerprint(tmp_path / "file"))
    assert len(found) == 4


def test_the_config_hash_ignores_where_a_run_is_kept():
    assert config_hash({"name": "a", "x": 1}) == config_hash({"name": "b", "x": 1})
    assert config_hash({"name": "a", "x": 1}) != config_hash({"name": "a", "x": 2})
