import os
import subprocess
import sys

import pytest

from suite.machine.openmp import VARIABLE, wait_passively, wait_policy

WORK = """
import sys, time, torch
torch.set_num_threads(2)
layers = [torch.nn.Linear(256, 256) for _ in range(8)]
def work():
    x = torch.ones(64, 256)
    with torch.no_grad():
        for layer in layers:
            x = torch.relu(layer(x))
for _ in range(20):
    work()
began_s = time.process_time()
for _ in range(200):
    work()
print(time.process_time() - began_s)
"""


def test_threads_are_asked_to_sleep(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    wait_passively()
    assert wait_policy() == "PASSIVE"


def test_what_the_user_chose_stays(monkeypatch):
    monkeypatch.setenv(VARIABLE, "ACTIVE")
    wait_passively()
    assert wait_policy() == "ACTIVE"


def cpu_s(policy: str, load: int) -> float:
    """CPU time of the same work while ``load`` other processes want the processors too."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(load)]
    try:
        command = [sys.executable, "-c", WORK]
        done = subprocess.run(command, env=os.environ | {VARIABLE: policy}, capture_output=True, text=True, check=True)
        return float(done.stdout)
    finally:
        for other in others:
            other.kill()
            other.wait()


@pytest.mark.slow
def test_a_busy_machine_costs_sleeping_threads_no_cpu_time_that_work_does_not_need():
    """Load changes next to nothing for threads that sleep; for those that spin it is charged as work.

    The least of three runs each, since a shared core takes up to twice the CPU time for the same work.
    """
    load = os.cpu_count() or 1
    quiet, loaded = (min(cpu_s("PASSIVE", others) for _ in range(3)) for others in (0, load))
    assert loaded < 1.6 * quiet
    assert any(cpu_s("ACTIVE", load) > 2 * loaded for _ in range(5))  # the control: what the default may cost
