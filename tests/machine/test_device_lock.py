import multiprocessing
import os
import signal
import threading

import pytest

from suite.errors import InputError
from suite.machine import device_lock
from suite.machine.device_lock import FOLDER_VARIABLE, held, lock_folder, names_at_work, names_of


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "locks"))


def test_a_taken_device_names_its_holder_and_the_remedy():
    with held(["cpu"], "night"), pytest.raises(InputError) as raised, held(["cpu"], "day"):
        pass
    assert f"cpu, by process {os.getpid()}, run night, since 20" in str(raised.value)
    assert "lock=wait" in str(raised.value)


def test_another_device_is_free():
    with held(["cpu"], "night"), held(["GPU-1"], "day"):
        pass


def test_a_device_is_free_again_afterwards_and_after_an_error():
    with pytest.raises(RuntimeError), held(["cpu"], "night"):
        raise RuntimeError
    with held(["cpu"], "day"):
        pass


def test_one_device_taken_gives_the_others_back():
    with held(["b"], "night"), pytest.raises(InputError), held(["a", "b"], "day"):
        pass
    with held(["a"], "day"):
        pass


def test_waiting_says_so_and_goes_on_when_the_device_is_free():
    said, order = [], []
    release = threading.Event()

    def hold():
        with held(["cpu"], "night"):
            ready.set()
            release.wait(30)
            order.append("first ended")

    ready = threading.Event()
    other = threading.Thread(target=hold)
    other.start()
    ready.wait(30)

    def say(line):
        said.append(line)
        release.set()

    with held(["cpu"], "day", wait=True, say=say):
        order.append("second began")
    other.join()
    assert order == ["first ended", "second began"]
    assert said[0].startswith("waiting for cpu, by process")


def _hold_for_ever(sender):
    with held(["cpu"], "night"):
        sender.send("held")
        signal.pause()


def test_the_lock_of_a_killed_process_is_free():
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_hold_for_ever, args=(sender,))
    process.start()
    assert receiver.recv() == "held"
    with pytest.raises(InputError, match=f"process {process.pid}, run night"), held(["cpu"], "day"):
        pass
    process.kill()
    process.join()
    with held(["cpu"], "day"):
        pass


def test_a_holder_who_has_not_written_its_name_yet_is_no_crash(tmp_path):
    with held(["cpu"], "night"):
        (tmp_path / "locks" / "cpu.lock").write_text("")
        with pytest.raises(InputError, match="just begun"), held(["cpu"], "day"):
            pass


def test_a_folder_that_cannot_be_used_is_bad_input(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(InputError, match=FOLDER_VARIABLE), held(["cpu"], "night"):
        pass


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "cpu.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="cannot be locked"), held(["cpu"], "night"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_the_usual_folder_is_the_users_own(monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE)
    assert str(os.getuid()) in lock_folder().name


def test_the_processor_is_one_device():
    assert names_of("cpu") == ["cpu"]


def test_boards_that_torch_works_on_go_by_the_name_that_nvml_gives_them(monkeypatch):
    monkeypatch.setattr(device_lock, "uuids_at_work", lambda boards: [f"{number}a-1" for number in boards])
    assert names_at_work("cuda", (1, 0)) == ["GPU-1a-1", "GPU-0a-1"]
    assert names_at_work("cpu", (0,)) == ["cpu"]
