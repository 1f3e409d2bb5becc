import shlex
import sys
import time

import psutil
import pytest

from suite.endpoint.server_process import (
    ServerProcess,
    command_of,
    free_port,
    only_model,
    started,
    wait_until_ready,
)
from suite.errors import InputError, NotApplicable, ServerFailed
from tests import endpoint_server
from tests.endpoint.test_served_model import served

COMMAND = shlex.join([sys.executable, endpoint_server.__file__, "{port}"])


def gone(pid, patience_s=5.0):
    """Whether the process ends within that time; one that nobody has waited for has ended too."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_a_server_is_started_at_a_free_port_and_ended(tmp_path):
    with started(served(command=COMMAND), tmp_path / "a.log", []) as (url, process):
        wait_until_ready(url, 30, process, uses_proxy=False)
        assert only_model(url, None, uses_proxy=False) == "only-one"
        assert psutil.pid_exists(process.pid)
    assert gone(process.pid)
    assert "listening" in (tmp_path / "a.log").read_text()


def test_what_a_server_has_started_ends_with_it_whatever_happens(tmp_path):
    def failing():
        with started(served(command=COMMAND, arguments="child=1"), tmp_path / "a.log", []) as (url, process):
            wait_until_ready(url, 30, process, uses_proxy=False)
            raise RuntimeError(str(process.pid))

    with pytest.raises(RuntimeError) as error:
        failing()
    words = (tmp_path / "a.log").read_text().split()
    assert gone(int(str(error.value)))
    assert gone(int(words[words.index("child") + 1]))


def test_a_server_that_ends_early_says_why(tmp_path):
    dying = shlex.join([sys.executable, "-c", "print('no such model'); raise SystemExit(3)", "{port}"])
    with (
        pytest.raises(ServerFailed, match=r"exit code 3[\s\S]*no such model"),
        started(served(command=dying), tmp_path / "a.log", []) as (url, process),
    ):
        wait_until_ready(url, 30, process, uses_proxy=False)


def test_a_server_that_is_never_ready_is_given_up(tmp_path):
    with (
        pytest.raises(ServerFailed, match=r"did not answer at .* within 1 s"),
        started(served(command=COMMAND, arguments="deaf=1"), tmp_path / "a.log", []) as (url, process),
    ):
        wait_until_ready(url, 1.0, process, uses_proxy=False)
    assert gone(process.pid)


def test_a_server_that_is_not_there_is_told_at_once():
    with pytest.raises(ServerFailed, match="no server answers"):
        wait_until_ready(f"http://127.0.0.1:{free_port()}", 30, None, uses_proxy=False)


def test_a_port_that_is_taken_is_refused(tmp_path):
    with started(served(command=COMMAND), tmp_path / "a.log", []) as (url, process):
        wait_until_ready(url, 30, process, uses_proxy=False)
        with (
            pytest.raises(InputError, match="port is taken"),
            started(served(command=COMMAND, url=url), tmp_path / "b.log", []),
        ):
            pass


def test_a_command_that_is_not_there_cannot_be_started(tmp_path):
    with pytest.raises(ServerFailed, match="cannot be started"):
        ServerProcess(["/no/such/server"], tmp_path / "a.log", [])


def test_secrets_are_masked_in_the_log(tmp_path):
    telling = [sys.executable, "-c", "print('the key is a-very-secret-key')"]
    with (
        ServerProcess(telling, tmp_path / "a.log", ["a-very-secret-key"]) as process,
        pytest.raises(ServerFailed, match=r"the key is \[secret\]"),
    ):
        process.check_alive(patience_s=10)
    assert (tmp_path / "a.log").read_text() == "the key is [secret]\n"


def test_places_of_a_command_are_filled_and_other_braces_stay():
    one = served(command="serve {model} --port {port}", model="a model", arguments="--json '{\"a\": 1}'")
    assert command_of(one, 81) == ["serve", "a model", "--port", "81", "--json", '{"a": 1}']
    with pytest.raises(InputError, match="names a model"):
        command_of(served(command="serve {model} {port}"), 81)


def test_an_engine_that_is_not_installed_says_its_command(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotApplicable, match=r"vllm serve my-model --host 127\.0\.0\.1 --port 81"):
        command_of(served(engine="vllm", model="my-model"), 81)
    with pytest.raises(NotApplicable, match=r"llama-server is not installed.*llama-server -m model\.gguf.*--port 81"):
        command_of(served(engine="llama_server", model="model.gguf"), 81)
    with pytest.raises(InputError, match="unknown engine"):
        command_of(served(engine="vlm", model="my-model"), 81)
