import socket

import pytest

from suite.endpoint.served_model import Endpoints, ServedModel, base_url, is_local
from suite.errors import InputError

NOTHING = {"url": None, "model": None, "engine": None, "command": None, "arguments": "", "pid": None}


def served(**given):
    return ServedModel(**{**NOTHING, **given})


def endpoints(**given):
    rest = {"api": "completions", "api_key_env": None, "ready_timeout_s": 5.0, "request_timeout_s": 5.0, "body": {}}
    return Endpoints(**{"url": None, "baseline": served(), "candidate": served(), **rest, **given})


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"url": "127.0.0.1:8000"}, "url of a server"),
        ({"url": "http://host:port"}, "url of a server"),
        ({"url": "http://host/v1?key=a"}, "url of a server"),
        ({"engine": "vllm", "command": "serve {port}"}, "an engine or by a command"),
        ({"command": "serve"}, "nobody knows where"),
        ({"engine": "vllm", "pid": 3}, "has no pid yet"),
        ({"url": "http://host", "arguments": "--fast"}, "started here"),
        ({"url": "http://host", "pid": 0}, "pid"),
    ],
)
def test_what_cannot_be_is_refused(given, complaint):
    with pytest.raises(InputError, match=complaint):
        served(**given)


def test_url_is_the_baselines():
    assert endpoints(url="http://a").baseline.url == "http://a"
    with pytest.raises(InputError, match="two urls"):
        endpoints(url="http://a", baseline=served(url="http://b"))
    with pytest.raises(InputError, match="no server is named"):
        endpoints()


def test_a_candidate_that_names_nothing_is_the_baseline_again():
    alone = endpoints(url="http://a")
    assert alone.shares_server
    assert not alone.is_compared


def test_a_candidate_that_names_a_model_is_asked_of_the_same_server():
    both = endpoints(url="http://a", candidate=served(model="small"))
    assert both.shares_server
    assert both.is_compared
    assert not endpoints(url="http://a", candidate=served(url="http://b")).shares_server


def test_a_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("MY_KEY", "a-secret")
    assert endpoints(url="http://a", api_key_env="MY_KEY").key() == "a-secret"
    assert endpoints(url="http://a").key() is None
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(InputError, match="no key of that name"):
        endpoints(url="http://a", api_key_env="MY_KEY").key()


def test_a_body_leaves_what_is_measured_alone():
    assert endpoints(url="http://a", body={"ignore_eos": True}).body == {"ignore_eos": True}
    with pytest.raises(InputError, match="sets itself"):
        endpoints(url="http://a", body={"max_tokens": 3})


def test_identity_is_all_but_the_number_of_a_process():
    assert served(url="http://a", pid=3).identity() == {"url": "http://a"}


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_v1_is_no_part_of_the_base(url):
    assert base_url(url) == "http://h:1"


def test_this_machine_is_known_by_its_addresses(monkeypatch):
    assert is_local("http://127.0.0.1:8000")
    assert is_local("http://localhost:8000/v1")
    assert not is_local("http://192.0.2.1:8000")  # an address of documentation (RFC 5737): nobody's

    def unknown(*_):
        raise OSError("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert not is_local("http://somewhere")
