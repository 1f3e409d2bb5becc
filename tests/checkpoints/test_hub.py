"""A hub that cannot be reached for a reason of this machine's own."""

import pytest
from huggingface_hub import close_session, constants

from suite.checkpoints import hub
from suite.errors import OutOfReach


@pytest.fixture(params=["socks5://127.0.0.1:9", "socks4://127.0.0.1:9", "gopher://127.0.0.1:9"])
def proxy(request, monkeypatch, tmp_path):
    """One that the hub's client does not know how to use, or where nobody listens."""
    monkeypatch.setenv("ALL_PROXY", request.param)
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    close_session()  # the client has looked for a proxy as it was made
    yield request.param
    close_session()


def test_the_doctor_is_told_why_there_is_no_way_to_the_hub(proxy):
    assert hub.reachable()


def test_a_model_behind_a_proxy_that_cannot_be_used_is_out_of_reach(proxy):
    with pytest.raises(OutOfReach, match=r"the hub is not reachable: .*not in the local cache"):
        hub.look_up("some-org/some-model", None, "model")
