import pytest

from suite.errors import InputError
from suite.io.redaction import known_secrets, redact_file, redacted, refuse_secrets

TOKEN = "hf_" + "abcdefghijklmnopqrstuvwx"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"with {TOKEN}.", "with [secret]."),
        ("https://me:pass@host/x", "https://[secret]@host/x"),
        ("git clone https://a-token@host/x", "git clone https://[secret]@host/x"),
        ("https://host/x?token=abc&y=1", "https://host/x?token=[secret]&y=1"),
        ("http://proxy:3128/x@y and a: b@c", "http://proxy:3128/x@y and a: b@c"),
        ("hf_hub_download", "hf_hub_download"),
        ("by a-known-secret", "by [secret]"),
    ],
)
def test_what_has_the_form_of_a_secret_or_is_a_known_one_is_masked(text, clean):
    assert redacted(text, ["a-known-secret"]) == clean


def test_secrets_are_found_by_the_names_of_their_variables_and_in_the_token_file(tmp_path):
    (tmp_path / "token").write_text("stored-token\n")
    environment = {
        "HF_TOKEN": "token-of-the-hub", "AWS_SECRET_ACCESS_KEY": "key-of-a-cloud", "PATH": "/usr/bin:/bin",
        "TOKENIZERS_PARALLELISM": "falsefalse", "SHORT_TOKEN": "1", "HF_HOME": str(tmp_path),
    }  # fmt: skip
    assert sorted(known_secrets(environment)) == ["key-of-a-cloud", "stored-token", "token-of-the-hub"]


def test_no_token_file_is_no_error(tmp_path):
    assert known_secrets({"HF_HOME": str(tmp_path), "HF_TOKEN_PATH": str(tmp_path / "none")}) == []


def test_a_longer_secret_is_masked_before_one_that_it_contains(tmp_path):
    environment = {"A_TOKEN": "12345678", "B_TOKEN": "1234567890", "HF_HOME": str(tmp_path)}
    assert redacted("1234567890", known_secrets(environment)) == "[secret]"


def test_a_log_is_cleaned_in_place_and_one_without_secrets_left_alone(tmp_path):
    dirty, clean = tmp_path / "dirty", tmp_path / "clean"
    dirty.write_bytes(b"\xff " + TOKEN.encode())
    clean.write_bytes(b"\xff fine")
    before = clean.stat().st_mtime_ns
    for path in (dirty, clean, tmp_path / "absent"):
        redact_file(path, [])
    assert dirty.read_bytes() == b"\xff [secret]"
    assert clean.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "config", [{"model": {"path": TOKEN}}, {"model": {"list": ["x", TOKEN]}}, {"model": {"path": "http://a:b@c"}}]
)
def test_a_configuration_with_a_secret_is_refused_and_the_secret_not_repeated(config):
    with pytest.raises(InputError, match=r"model\.(path|list)=\[secret\]") as raised:
        refuse_secrets(config, [])
    assert TOKEN not in str(raised.value)


def test_a_configuration_without_one_passes():
    refuse_secrets({"model": {"path": "models/x", "size": 3}, "none": None}, ["a-known-secret"])


def test_the_secrets_of_this_machine_are_known_by_default(monkeypatch, tmp_path):
    monkeypatch.setenv("PLANTED_TOKEN", "abc-planted-123")
    (tmp_path / "log").write_text("with abc-planted-123")
    redact_file(tmp_path / "log")
    assert (tmp_path / "log").read_text() == redacted("with abc-planted-123") == "with [secret]"
