"""Before anything imports torch: the same quiet as the command line's. Locks of their own, for all tests together."""

import pytest

from suite import lock
from suite.quiet import quieten

quieten()


@pytest.fixture(autouse=True, scope="session")
def _own_locks_for_all(tmp_path_factory):
    """A measurement on this machine must not fail the tests, nor they it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(lock.FOLDER_VARIABLE, str(tmp_path_factory.mktemp("locks")))
        yield
